"""A few real steps of the packaged model, which takes minutes and 5 GB: run with COIG_WRITER_SLOW=1."""

from __future__ import annotations

import json
import os

import pytest

from support.training import run

pytestmark = [
    pytest.mark.train,
    pytest.mark.model,
    pytest.mark.skipif(not os.environ.get("COIG_WRITER_SLOW"), reason="slow; set COIG_WRITER_SLOW=1"),
]


def test_the_packaged_model_learns_from_its_gguf_file(mixtures, tmp_path):
    out = tmp_path / "run"
    words = ("--steps", 4, "--batch", 2, "--held-out", 0.25, "--learning-rate", 0.001, "--lora", "--save-every", 4)
    done = run("train", "sft", "--data", mixtures / "cw-4.jsonl", "--model", "embedded", "--out", out, *words, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(found)
    assert found["first"]["loss"] < 6  # a model that has learnt to write; an untrained one is at 11.9
    for source in ("creative", "general"):
        assert found["last"][f"held_out_{source}"] < found["first"][f"held_out_{source}"]
    assert run("train", "export", out, "--out", tmp_path / "merged").returncode == 0
    assert (tmp_path / "merged" / "model.safetensors").stat().st_size > 2_000_000_000
