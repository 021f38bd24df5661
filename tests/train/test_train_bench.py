"""The bench measures what it says, tried without a GPU on a model that is as small as can be."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = Path(__file__).parents[2] / "bench" / "train.py"
    spec = importlib.util.spec_from_file_location("bench_train", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("side", ["TRL's defaults", "ours"])
def test_each_side_trains_on_the_same_tokens(bench, side):
    given = argparse.Namespace(shape="tiny", data=None, context=64, rows=10, side=side)
    sizes = bench.lengths(given)
    row = bench.one_side(given)
    assert row["tokens"] == sum(sizes) and row["tokens_per_second"] > 0
    assert row["steps"] == {"TRL's defaults": -(-len(sizes) // 8)}.get(side, row["steps"]) > 1


def test_the_shapes_are_those_of_qwen2_5(bench):
    """Parameters in all, and without the embedding, as the makers' cards have them."""
    from transformers import Qwen2Config

    from coig_writer.train.estimate import shape_of
    from coig_writer.train.settings import TrainSettings

    for name, whole, inner in (("0.5b", 0.49e9, 0.36e9), ("7b", 7.61e9, 6.53e9)):
        shape = bench.SHAPES[name]
        embedding = shape["vocab_size"] * shape["hidden_size"] * (1 if shape["tie_word_embeddings"] else 2)
        found = shape_of(Qwen2Config(**shape), TrainSettings()).parameters
        assert found == pytest.approx(whole, rel=0.01) and found - embedding == pytest.approx(inner, rel=0.01)
