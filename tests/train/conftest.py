"""The packaged tokenizer, a mixture of the shortest starter triplets and general examples of our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from coig_writer.dataset.mix import Recipe, build_mixtures
from coig_writer.dataset.sets import TripletSet
from coig_writer.files import write_jsonl
from coig_writer.packaged import load_benchmark, load_starter

pytest.importorskip("trl", reason="needs the extra: pip install 'coig-writer[train]'")

GENERAL = Path(__file__).with_name("general.jsonl")


@pytest.fixture(scope="session")
def tokenizer():
    """Of the packaged model, with the template as it comes; changes to it stay in the test."""
    from coig_writer.train.base import find_base

    return find_base("tiny-random").tokenizer()


@pytest.fixture
def fresh_tokenizer(tokenizer):
    import copy

    return copy.deepcopy(tokenizer)


@pytest.fixture(scope="session")
def mixtures(tmp_path_factory) -> Path:
    """`cw-4.jsonl`: the four shortest Chinese triplets and as many general examples; `cw.jsonl`: the triplets."""
    folder = tmp_path_factory.mktemp("mixtures")
    short = sorted(load_starter(), key=lambda triplet: len(triplet.reasoning) + len(triplet.article.text))[:4]
    write_jsonl(folder / "triplets.jsonl", short)
    build_mixtures(
        TripletSet([folder / "triplets.jsonl"]),
        [GENERAL],
        folder / "out",
        [Recipe("cw-4", 4), Recipe("cw", 0)],
        benchmark=load_benchmark(),
    )
    return folder / "out"
