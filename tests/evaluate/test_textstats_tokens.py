"""The embedded model's tokenizer, read from its GGUF file, cuts as llama.cpp does."""

from __future__ import annotations

import json
import struct
import urllib.request

import pytest

from coig_writer.errors import SettingError
from coig_writer.evaluate.textstats.tokens import TokenizerChoice, choose_tokenizer
from coig_writer.packaged import load_benchmark, load_starter

ODD = "I'd say: 2023年，下雪了。\n\n  café — 😀 <b>x</b>\t\r\n　全角　ＡＢＣ 1,234.5% don't\n\n\n"


@pytest.mark.model
def test_tokens_are_those_of_llama_cpp():
    from coig_writer.llm.embedded import serving
    from coig_writer.llm.registry import resolve

    choice = choose_tokenizer(None)
    if choice is None:
        pytest.skip("the embedded model is not installed")
    tokenizer = choice.load()
    texts = [
        ODD,
        *(each.article.text for each in load_starter()[:8]),
        *(each.query for each in load_benchmark("en")[:8]),
    ]
    with serving(resolve("embedded")) as spec:
        address = spec.base_url.removesuffix("/v1") + "/tokenize"
        for text in texts:
            body = json.dumps({"content": text, "add_special": False, "parse_special": False}).encode()
            request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
            theirs = json.load(urllib.request.urlopen(request, timeout=60))["tokens"]
            assert tokenizer.encode_batch([text], add_special_tokens=False)[0].ids == theirs


def test_other_files_are_refused(tmp_path):
    (tmp_path / "not.gguf").write_bytes(b"nothing of the kind")
    with pytest.raises(SettingError, match="not a GGUF file"):
        TokenizerChoice("x", str(tmp_path / "not.gguf")).load()
    key, kind = b"tokenizer.ggml.model", b"llama"
    pair = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, len(kind)) + kind
    (tmp_path / "llama.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + pair)
    with pytest.raises(SettingError, match="only gpt2/qwen2"):
        TokenizerChoice("x", str(tmp_path / "llama.gguf")).load()
