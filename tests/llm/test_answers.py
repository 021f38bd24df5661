import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from coig_writer.llm.answers import AnswerError, answer_schema, parse_answer


class Score(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str
    quality: int = Field(ge=0, le=10)
    usable: bool
    share: float = Field(ge=0, le=1)
    level: Literal["high", "low"]
    marks: list[int] = []


GOOD = {"reason": "意象新，节奏稳。", "quality": 8, "usable": True, "share": 0.5, "level": "high", "marks": [3, 10]}
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
scores = st.builds(
    Score,
    reason=text,
    quality=st.integers(0, 10),
    usable=st.booleans(),
    share=st.floats(0, 1),
    level=st.sampled_from(["high", "low"]),
    marks=st.lists(st.integers(0, 100), max_size=3),
)


def dump(**changes) -> str:
    return json.dumps({**GOOD, **changes}, ensure_ascii=False)


@given(scores, st.sampled_from(["{}", "```json\n{}\n```", "好的，评分如下：\n{}\n以上。", "用{{花括号}}说明：{}"]))
def test_whole_json_survives_its_wrapping(score, wrapping):
    assert parse_answer(wrapping.format(score.model_dump_json()), Score) == score


@given(scores, st.data())
def test_a_cut_answer_never_gives_another_number_or_choice(score, data):
    whole = score.model_dump_json()
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    try:
        found = parse_answer(cut, Score)
    except AnswerError:
        return
    assert (found.quality, found.usable, found.share, found.level) == (
        score.quality,
        score.usable,
        score.share,
        score.level,
    )
    assert found.marks == score.marks[: len(found.marks)]


@given(st.text(max_size=200))
def test_any_text_gives_a_record_or_an_answer_error(found):
    try:
        assert isinstance(parse_answer(found, Score), Score)
    except AnswerError as error:
        assert error.message


@given(st.text(st.sampled_from('{}[]",:0189.eE- \n`“”truefals'), max_size=80))
def test_any_brackets_give_a_record_or_an_answer_error(found):
    test_any_text_gives_a_record_or_an_answer_error.hypothesis.inner_test(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"quality": "8"},
        {"quality": 8.0},
        {"quality": "8.0"},
        {"quality": " 8 分"},
        {"usable": "true"},
        {"share": "0.5"},
    ],
)
def test_what_was_certainly_meant_is_accepted(changes):
    assert parse_answer(dump(**changes), Score) == Score(**GOOD)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"quality": 11}, "quality"),
        ({"quality": "11分"}, "quality"),
        ({"quality": 8.5}, "quality"),
        ({"quality": True}, "quality"),
        ({"quality": "八"}, "quality"),
        ({"quality": "8/10"}, "quality"),
        ({"quality": None}, "quality"),
        ({"quality": [8]}, "quality"),
        ({"usable": 1}, "usable"),
        ({"usable": "yes"}, "usable"),
        ({"reason": 5}, "reason"),
        ({"level": "mid"}, "level"),
        ({"marks": [1, "x"]}, "marks.1"),
        ({"extra": 1}, "extra"),
    ],
)
def test_what_is_wrong_stays_an_error_and_is_named(changes, place):
    with pytest.raises(AnswerError, match=place):
        parse_answer(dump(**changes), Score)


@pytest.mark.parametrize("field", ["reason", "quality", "usable", "share", "level"])
def test_what_is_missing_is_not_invented(field):
    with pytest.raises(AnswerError, match=field):
        parse_answer(json.dumps({name: value for name, value in GOOD.items() if name != field}), Score)


def test_two_different_objects_are_ambiguous_and_the_same_twice_is_not():
    with pytest.raises(AnswerError, match="2 different"):
        parse_answer(dump(quality=10) + "\n" + dump(quality=3), Score)
    assert parse_answer(dump() + "\n" + dump(), Score) == Score(**GOOD)


@pytest.mark.parametrize("answer", ["", "抱歉，我不能回答。", "{", "{}", "[8]", "null", '{"a":' * 5000, "{" * 5000])
def test_no_answer(answer):
    with pytest.raises(AnswerError):
        parse_answer(answer, Score)


def test_an_unclosed_object_is_closed():
    class Reason(BaseModel):
        quality: int
        reason: str

    assert parse_answer('```json\n{"quality": 8, "reason": "好"', Reason) == Reason(quality=8, reason="好")
    with pytest.raises(AnswerError, match="quality"):
        parse_answer('{"reason": "好", "quality": 1', Reason)


class Pair(BaseModel):
    reason: str
    quality: int
    creativity: int


@pytest.mark.parametrize(
    "cut",
    [
        '{"reason":"很好","quality":"8","creativity":"1',
        '{"reason":"很好","quality":8,"creativity":1…',
        '{"reason":"很好","quality":8,"creativity":1...',
        '```json\n{"reason":"很好","quality":8,"creativity":1\n```',
        '```json\n{"reason":"很好","quality":8,"creativity":"1\n```\n',
        '{"reason":"很好","quality":8,"creativity":“1',
        '{"reason":"很好","quality":8,"creativity":"',
    ],
)
def test_a_number_that_may_have_been_cut_is_not_a_score(cut):
    with pytest.raises(AnswerError, match="creativity"):
        parse_answer(cut, Pair)


def test_a_whole_number_before_a_missing_bracket_is_one():
    whole = Pair(reason="很好", quality=8, creativity=9)
    assert parse_answer('{"creativity":9,"quality":"8","reason":"很好"', Pair) == whole
    assert parse_answer('{"reason":"很好","creativity":9,"quality":"8"', Pair) == whole


@pytest.mark.parametrize(
    "twice",
    [
        '{"reason":"好","quality":3,"creativity":5,"quality":10}',
        '好的：\n```json\n{"reason":"好","quality":3,"creativity":5,"quality":10}\n```',
        '{"reason":"好","quality":3,"creativity":5,"quality":10,}',
        '{"reason":"好","quality":3,"quality":10,"creativity":"5"',
    ],
)
def test_a_field_named_twice_is_ambiguous(twice):
    with pytest.raises(AnswerError, match="quality: named twice"):
        parse_answer(twice, Pair)


def test_the_same_value_twice_and_a_field_named_in_prose_are_not_ambiguous():
    good = Pair(reason="好", quality=3, creativity=5)
    assert parse_answer('{"reason":"好","quality":3,"creativity":5,"quality":3}', Pair) == good
    said = 'quality: 高，而 "creativity": 低'
    broken = f"{{'reason': '{said}', 'quality': 3, 'creativity': 5,}}"
    assert parse_answer(broken, Pair) == Pair(reason=said, quality=3, creativity=5)


def test_the_schema_keeps_the_order_of_fields():
    assert list(answer_schema(Score)["properties"]) == list(GOOD)
