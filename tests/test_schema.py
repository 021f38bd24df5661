"""Records say no to what they cannot hold, keep what they can, and ids depend on content alone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from coig_writer.schema import (
    DIMENSIONS,
    Article,
    Coherence,
    Draft,
    Engagement,
    Finding,
    Ranking,
    Review,
    Scores,
    Triplet,
    Verdict,
    article_id,
)

SPACES = [" ", "\n", "\r\n", "\t", "　", " "]
PERSON, MODEL = "human:lan", "llm:small@0123abcd"
marks = st.integers(1, 10)
texts = st.text(st.characters(codec="utf-8"), min_size=1)


def scores(value: int = 8, by: str = PERSON, **changes: int) -> Scores:
    return Scores(**{**dict.fromkeys(DIMENSIONS, value), **changes}, by=by)


def triplet(**changes) -> Triplet:
    fields = {"id": "1", "prompt": "写雨", "reasoning": "从声音写起", "genre": "essay"}
    return Triplet(**{**fields, "article": Article.from_text("雨落在铁皮棚上。"), **changes})


@given(texts, st.data())
def test_an_id_survives_wrapping_indenting_and_composition(text, data):
    at = data.draw(st.integers(0, len(text)))
    spaced = text[:at] + data.draw(st.sampled_from(SPACES)) + text[at:]
    assert article_id(spaced) == article_id(text)
    assert article_id(unicodedata.normalize("NFD", text)) == article_id(text)


@given(texts, texts)
def test_different_texts_have_different_ids(one, other):
    bare = ["".join(unicodedata.normalize("NFC", "".join(text.split())).split()) for text in (one, other)]
    assume(bare[0] != bare[1])
    assert article_id(one) != article_id(other)


def test_an_id_is_the_same_on_every_machine():
    assert article_id("床前明月光，\n疑是地上霜。") == "c387469afc5ee4ea"


def test_unknown_fields_and_empty_texts_are_refused():
    with pytest.raises(ValidationError, match="titel"):
        Article.from_text("正文", titel="错字")
    with pytest.raises(ValidationError, match="text"):
        Article.from_text("")
    with pytest.raises(ValidationError, match="likes"):
        Engagement(likes=-1)


def test_a_figure_must_be_a_number():
    with pytest.raises(ValidationError, match="finite"):
        Coherence(figures={"overlap": float("nan")})


@pytest.mark.parametrize("by", ["", "lan", "human:", "llm:small", "llm:small@xyz", "llm:@0123abcd"])
def test_a_score_without_a_scorer_does_not_exist(by):
    with pytest.raises(ValidationError, match="by"):
        scores(by=by)


@pytest.mark.parametrize("value", [0, 11, 8.5, None, "eight"])
def test_a_score_is_a_whole_number_from_1_to_10(value):
    with pytest.raises(ValidationError, match="prompt_quality"):
        scores(prompt_quality=value)


@given(st.lists(marks, min_size=6, max_size=6), st.integers(6, 60), marks)
def test_the_gate_names_exactly_what_is_short(values, gate_sum, gate_each):
    given_scores = Scores(**dict(zip(DIMENSIONS, values, strict=True)), by=PERSON)
    short = given_scores.shortfalls(gate_sum, gate_each)
    low = [name for name, value in zip(DIMENSIONS, values, strict=True) if value < gate_each]
    assert [line.split()[0] for line in short if not line.startswith("sum")] == low
    assert any(line.startswith("sum") for line in short) == (sum(values) < gate_sum)


def test_the_gate_stands_at_50_and_8():
    assert scores(8).shortfalls() == ["sum 48 < 50"]
    assert scores(9).shortfalls() == []
    assert scores(10, article_quality=7).shortfalls() == ["article_quality 7 < 8"]
    assert scores(8, article_quality=9, prompt_quality=9).shortfalls() == []


def test_only_people_review_and_their_latest_word_counts():
    def review(by: str, verdict: Verdict, number: int = 1) -> Review:
        return Review(by=by, verdict=verdict, round=number)

    accept, back = Verdict.ACCEPT, Verdict.SEND_BACK
    assert not triplet().reviewed
    assert not triplet(reviews=[review(MODEL, accept)]).reviewed
    assert triplet(reviews=[review(PERSON, back), review(PERSON, accept, 2)]).reviewed
    assert not triplet(reviews=[review(PERSON, accept), review("human:bo", back)]).reviewed


def test_a_persons_scores_decide_before_a_models():
    person, model = scores(9), scores(10, by=MODEL)
    assert triplet().deciding_scores is None
    assert triplet(scores=[model]).deciding_scores == model
    assert triplet(scores=[person, model]).deciding_scores == person
    assert triplet(scores=[person, scores(7)]).deciding_scores == scores(7)


@pytest.mark.parametrize("places", [{}, {"a": 1}, {"a": 2, "b": 3}, {"a": 0, "b": 1}])
def test_a_ranking_needs_rivals_and_a_first_place(places):
    with pytest.raises(ValidationError, match="a place 1"):
        Ranking(query_id="q", rater=PERSON, places=places)


def test_a_ranking_may_hold_ties():
    assert Ranking(query_id="q", rater=PERSON, places={"a": 1, "b": 1, "c": 3}).places["b"] == 1


def test_coherence_tells_errors_from_warnings():
    error = Finding(rule="quoted-span", part="prompt", severity="error", message="quotes the article")
    warning = Finding(rule="length", part="reasoning", severity="warning", message="short")
    assert Coherence(findings=[warning, error]).errors == [error]


@given(texts, texts, st.lists(marks, min_size=6, max_size=6))
def test_a_draft_survives_json(text, why, values):
    draft = Draft(
        id="d",
        article=Article.from_text(text, published="2024-05-06", engagement=Engagement(likes=3, percentile=0.5)),
        why=why,
        scores=Scores(**dict(zip(DIMENSIONS, values, strict=True)), by=MODEL, at="2025-01-02T03:04:05Z"),
    )
    assert Draft.model_validate_json(draft.model_dump_json(exclude_none=True)) == draft
