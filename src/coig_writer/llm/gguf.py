"""The tokenizer inside a GGUF file, without the model."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coig_writer.errors import SettingError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen2 cuts a text before its merges: what `tokenizer.ggml.pre = qwen2` stands for."""
_NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9


def gguf_tokenizer(path: Path) -> Tokenizer:
    """The byte-level BPE tokenizer of a GGUF file of the Qwen2 kind.

    Raises:
        SettingError: the file is no GGUF file, or its tokenizer is of another kind.
    """
    from tokenizers import AddedToken, Regex
    from tokenizers import Tokenizer as FastTokenizer
    from tokenizers.models import BPE
    from tokenizers.normalizers import NFC
    from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split

    found = _metadata(path)
    kind = (found.get("tokenizer.ggml.model"), found.get("tokenizer.ggml.pre"))
    if kind != ("gpt2", "qwen2"):
        raise SettingError(
            f"this file's tokenizer is of the kind {kind[0]}/{kind[1]}; only gpt2/qwen2 is read from GGUF",
            where=str(path),
            remedy="Give the model's tokenizer.json with --tokenizer.",
        )
    tokens = found["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ", 1)) for merge in found["tokenizer.ggml.merges"]]
    made = FastTokenizer(BPE({token: number for number, token in enumerate(tokens)}, merges))
    made.normalizer = NFC()
    made.pre_tokenizer = Sequence([Split(Regex(QWEN2), "isolated"), ByteLevel(add_prefix_space=False, use_regex=False)])
    types = found["tokenizer.ggml.token_type"]
    made.add_special_tokens(
        [AddedToken(token, normalized=False) for token, kind in zip(tokens, types, strict=True) if kind == 3]
    )
    return made


def _metadata(path: Path) -> dict[str, Any]:
    """The key–value part of a GGUF file, without its tensors."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] != b"GGUF":
            raise SettingError("not a GGUF file", where=str(path), remedy="Name a tokenizer.json instead.")
        read = _reader(data)
        _version, _tensors, pairs = read("<I"), read("<Q"), read("<Q")
        return {read(_STRING): read(read("<I")) for _ in range(pairs)}


def _reader(data: mmap.mmap) -> Callable[[Any], Any]:
    """Reads one value after the other behind the magic number: by a struct format, or by GGUF's number of a type."""
    place = 4

    def read(kind: Any) -> Any:
        nonlocal place
        if kind == _STRING:
            length = read("<Q")
            place += length
            return data[place - length : place].decode("utf-8", "replace")
        if kind == _ARRAY:
            of, length = read("<I"), read("<Q")
            return [read(of) for _ in range(length)]
        form = _NUMBERS[kind] if isinstance(kind, int) else kind
        value = struct.unpack_from(form, data, place)[0]
        place += struct.calcsize(form)
        return value

    return read
