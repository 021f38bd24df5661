"""Constraints of a query are checked as a careful reader would count them."""

from __future__ import annotations

import time

import pytest

from coig_writer.evaluate.textstats.compliance import compliance, section_counts
from coig_writer.evaluate.textstats.paragraphs import unsegmented
from coig_writer.schema import Constraints, Form, Query, Span

QUATRAIN = "末站灯残夜气清，\n扫车人在月中行。\n一张旧票随风起，\n飞向明朝第几程。"
"""From the starter triplets."""


def checked(text, language="zh", **constraints):
    return compliance(
        text, Query(id="q", language=language, genre="g", query="写", constraints=Constraints(**constraints))
    )


@pytest.mark.parametrize(
    ("span", "met"),
    [
        (Span(unit="characters", min=6, max=6), True),
        (Span(unit="characters", max=5), True),  # without the full stop
        (Span(unit="characters", max=4), False),
        (Span(unit="characters", min=7), False),
    ],
)
def test_length_in_characters_with_or_without_punctuation(span, met):
    assert checked("雨停了 天亮。", length=span) == {"length": met}


def test_length_in_words():
    span = Span(unit="words", min=3, max=3)
    assert checked("The twelve-year-old left.", "en", length=span) == {"length": True}


@pytest.mark.parametrize(
    "text",
    [
        "一\n雨停了。\n\n二\n天亮了。\n\n三\n他走了。",
        "# 雨\n\n停了。\n\n# 天\n\n亮了。\n\n# 他\n\n走了。",
        "1. 雨停了。\n2. 天亮了。\n3. 他走了。",
        "雨停了。\n\n天亮了。\n\n他走了。",
        "标题\n\n雨停了。\n\n天亮了。\n\n他走了。",
        "第一幕 雨\n停了。\n第二幕 天\n亮了。\n第三幕 他\n走了。",
    ],
)
def test_three_sections_in_six_settings(text):
    assert 3 in section_counts(text)


def test_one_block_is_no_three_sections():
    assert checked("雨停了。天亮了。他走了。", form=Form(name="x", sections=3)) == {"sections": False}


def test_verse_by_lines_and_by_stops():
    found = checked(QUATRAIN, form=Form(name="七言绝句", lines=4, line_length=7, rhyme=True, tones=True))
    assert found == {"lines": True, "line_length": True, "rhyme": True, "tones": True}
    broken = checked(QUATRAIN.replace("第几程", "第几塔"), form=Form(name="七言绝句", tones=True))
    assert broken == {"tones": False}
    prose = checked("他来了\n她走\n天还没亮", form=Form(name="歌词", rhyme=True, tones=True))
    assert prose == {"rhyme": False, "tones": None}


def test_english_rhyme_is_left_to_a_reader():
    assert checked("A cat\nsat", "en", form=Form(name="poem", rhyme=True)) == {"rhyme": None}


def test_strings_to_include_and_to_avoid():
    assert checked("她带着一把伞。", must_include=["伞"], must_avoid=["雨"]) == {
        "must_include": True,
        "must_avoid": True,
    }
    assert checked("Start the ART.", "en", must_include=["start"], must_avoid=["art"])["must_avoid"] is False
    assert checked("Start it.", "en", must_avoid=["art"]) == {"must_avoid": True}


def test_thousands_of_blank_lines_cost_no_time():
    text = f"雨{chr(10) * 20_000}停了{' ' * 20_000}。"
    begun = time.process_time()
    assert 2 in section_counts(text)
    assert checked(text, form=Form(name="x", lines=2)) == {"lines": True}
    assert time.process_time() - begun < 2  # by their square it would be a minute


def test_a_query_without_constraints_has_nothing_to_check():
    assert checked("雨停了。") == {}


def test_one_long_block_is_unsegmented_and_a_short_one_is_not_judged():
    assert unsegmented("雨" * 400, "zh") is True
    assert unsegmented("雨" * 399 + "\n雨", "zh") is False
    assert unsegmented("雨" * 399, "zh") is None
    assert unsegmented("rain " * 200, "en") is None
