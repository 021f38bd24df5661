"""A model classes the sentences that the rules class; what it leaves out is asked again, and never made up."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from coig_writer.evaluate.textstats.answer import Answer
from coig_writer.evaluate.textstats.classify import Classed, classify, cohens_kappa
from coig_writer.files import read_jsonl
from coig_writer.llm.registry import ModelSpec
from support.faulty_server import FaultyServer

ANSWERS = [
    Answer("m", "a", "zh", "写雨。", "雨停了。天亮了。", reasoning="先写雨，因为读者在等。"),
    Answer("m", "b", "zh", "写风。", "风起了。" * 40),
]


def counted(body):
    """How many sentences a request shows."""
    return int(re.search(r"已分成 (\d+) 句", body["messages"][-1]["content"])[1])


def spec_of(server):
    return ModelSpec(name="toy", base_url=server.base_url, model="toy", concurrency=2, timeout=5)


def test_every_sentence_gets_a_class_and_agreement_is_counted(tmp_path):
    def answer(body):
        return json.dumps({"kinds": ["B", *"A" * (counted(body) - 1)]})

    with FaultyServer(answer=answer) as server:
        found = classify(ANSWERS, out=tmp_path / "behaviour.jsonl", spec=spec_of(server))
    group = found["models"]["m"]["zh"]
    assert (group["n"], group["failed"]) == (2, 0)
    rows = list(read_jsonl(tmp_path / "behaviour.jsonl", Classed))
    assert rows[0].kinds == [1, 0, 0] == rows[0].rules
    assert rows[1].kinds == [1] + [0] * 29 + [1] + [0] * 9
    assert group["agreement"] == pytest.approx(41 / 43)
    assert sum(group["shares"].values()) == pytest.approx(1)


def test_too_few_letters_are_an_error_and_no_guess(tmp_path):
    with FaultyServer(answer=lambda body: '{"kinds": ["A"]}') as server:
        found = classify(ANSWERS, out=tmp_path / "behaviour.jsonl", spec=spec_of(server))
    group = found["models"]["m"]["zh"]
    assert (group["n"], group["failed"], group["shares"]) == (0, 2, None)
    assert "at least 3 items" in next(iter(read_jsonl(tmp_path / "behaviour.jsonl", Classed))).error


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40))
def test_kappa_is_that_of_sklearn(pairs):
    found = cohens_kappa(pairs)
    if found is not None:
        assert found == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))
    else:
        assert len({*pairs}) == 1
