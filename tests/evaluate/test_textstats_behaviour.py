"""Sentences are classed by the rules, and shares along a text add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coig_writer.evaluate.textstats.behaviour import CLASSES, behaviour, parts, segments, without_thoughts

TEXT = st.text(alphabet="雨停了因为。？！\n读者 wait, maybe the reader. Or", max_size=80)


def kinds(text, language="zh", is_reasoning=True):
    return [each.kind for each in segments(text, language, is_reasoning=is_reasoning) if each.text.strip()]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("雨停了，缸还在门口。", "normal_writing"),
        ("开头先写缸，因为读者要先看见一件东西。", "deep_reasoning"),
        ("也许可以从邻居的角度写。", "self_exploration"),
        ("那一句怎么落？", "self_exploration"),
        ("不对，前面写的太煽情了，要改。", "self_reflection"),
        ("他说“不对，前面写的太煽情了”，转身走了。", "normal_writing"),
    ],
)
def test_sentences_of_a_chinese_reasoning(text, kind):
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The rain fell on the roof.", "normal_writing"),
        ("The opening should be short because the reader is tired.", "deep_reasoning"),
        ("What if the dog tells it?", "self_exploration"),
        ("On second thought, that line is too neat.", "self_reflection"),
    ],
)
def test_sentences_of_an_english_reasoning(text, kind):
    assert kinds(text, "en") == [kind]


def test_in_a_response_cues_count_only_beside_words_of_the_craft():
    assert kinds("因为下雨，他没有来。也许他忘了？", is_reasoning=False) == ["normal_writing"]
    assert kinds("因为读者在意结尾，所以改成这样。", is_reasoning=False) == ["self_reflection"]


def test_marked_thinking_is_reasoning():
    assert parts("<think>先想开头</think>雨停了。", None) == [("先想开头", True), ("雨停了。", False)]
    assert parts("雨停了。", "先想开头") == [("先想开头", True), ("雨停了。", False)]
    assert parts("<think>没有想完", None) == [("没有想完", True)]
    assert without_thoughts("<think>先想开头</think>\n雨停了。") == ("雨停了。", "先想开头")
    assert without_thoughts("雨停了。\n") == ("雨停了。\n", None)


def test_half_reasoning_and_half_story_by_hand():
    found = behaviour("雨停了。天亮了。", "为了读者。为了读者。"[:8], "zh")
    assert found.along[0] == (0, 1, 0, 0) and found.along[-1] == (1, 0, 0, 0)
    assert found.shares == pytest.approx((0.5, 0.5, 0, 0))
    assert found.reasoned


@settings(deadline=None)
@given(TEXT, st.none() | TEXT, st.sampled_from(["zh", "en"]))
def test_shares_add_up_in_every_tenth_and_along_the_text(response, reasoning, language):
    found = behaviour(response, reasoning, language)
    along = np.array(found.along)
    assert along.shape == (10, len(CLASSES))
    assert along.min() >= 0
    assert along.sum(axis=1) == pytest.approx(1)
    assert along.mean(axis=0) == pytest.approx(found.shares)


@settings(deadline=None)
@given(TEXT, st.booleans(), st.sampled_from(["zh", "en"]))
def test_segments_join_to_the_text(text, is_reasoning, language):
    assert "".join(each.text for each in segments(text, language, is_reasoning=is_reasoning)) == text
