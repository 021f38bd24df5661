"""Verse forms: poems of the tradition that scan by modern tones, and each rule broken alone."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coig_writer.verse import (
    clauses,
    couplet_faults,
    readings,
    regulated_verse_faults,
    rhyme_groups,
    rhyme_share,
    shared_rhyme,
    tones,
)

# Tones of these lines by modern Mandarin, written out by hand.
GOOD_FIVE = "山深春雨细，江上晚风清。不见渔舟影，时闻鸟雀声。"
GOOD_SEVEN = "小院春深人未归，东风吹雨落花飞。黄昏独坐无言语，燕子衔泥绕旧扉。"


def rules(text: str) -> set[str]:
    return {fault.rule for fault in regulated_verse_faults(text)}


@pytest.mark.parametrize(
    ("char", "group", "tone"),
    [
        ("诗", "支", 1), ("地", "齐", 4), ("儿", "齐", 2), ("绿", "齐", 4), ("月", "皆", 4), ("风", "庚", 1),
        ("东", "庚", 1), ("波", "波", 1), ("歌", "波", 1), ("归", "微", 1), ("飞", "微", 1), ("秋", "尤", 1),
        ("春", "文", 1), ("云", "文", 2), ("天", "寒", 1), ("圆", "寒", 2), ("花", "麻", 1), ("来", "开", 2),
        ("霜", "唐", 1), ("潮", "豪", 2), ("湖", "姑", 2), ("熊", "庚", 2), ("翁", "庚", 1),
    ],
)  # fmt: skip
def test_readings_by_the_fourteen_groups(char, group, tone):
    assert readings(char) == [frozenset({(group, tone)})]


def test_a_character_of_two_tones_may_have_either():
    assert [set(tone) for tone in tones("看山")] == [{"平", "仄"}, {"平"}]


def test_context_chooses_a_reading():
    assert readings("银行")[1] != readings("行走")[0]


@pytest.mark.parametrize("poem", [GOOD_FIVE, GOOD_SEVEN, "白日依山尽，黄河入海流。欲穷千里目，更上两层楼。"])
def test_verse_in_form(poem):
    assert regulated_verse_faults(poem.replace("两层楼", "数层楼")) == []


def test_the_setting_does_not_matter():
    assert clauses(GOOD_FIVE) == clauses(GOOD_FIVE.replace("，", "\n").replace("。", "\n\n"))


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("晚风清", "晚风长", "rhyme"),
        ("渔舟影", "渔舟行", "ending"),
        ("山深", "山里", "couplet"),
        ("不见", "不闻", "link"),
        ("春雨细", "春风细", "alternation"),
        ("时闻鸟雀声", "时闻深山声", "three-alike"),
        ("江上晚风清", "江上晚风", "lines"),
    ],
)
def test_each_rule_can_be_broken(old, new, rule):
    assert rule in rules(GOOD_FIVE.replace(old, new))


def test_a_lone_level_tone():
    assert "lone-level" in rules("江上晚风清，夜闻鸟雀声。山深春雨细，不见渔舟行。")


def test_what_only_the_old_rhymes_allow_is_reported():
    """回 and 杯 rhymed with 哀 and 来 in the Tang."""
    poem = "风急天高猿啸哀，渚清沙白鸟飞回。无边落木萧萧下，不尽长江滚滚来。"
    assert "rhyme" in rules(poem)


def test_the_turned_line_is_in_form():
    assert regulated_verse_faults("江清人散后，日落雁孤飞。万木闻秋雨，千山送客归。") == []
    turned = "江清客归后，日落雁孤飞。万木闻秋雨，千山送客归。"
    assert "alternation" not in {fault.rule for fault in regulated_verse_faults(turned) if fault.line == 1}


@pytest.mark.parametrize(
    "couplet",
    [
        "风声雨声读书声，声声入耳\n家事国事天下事，事事关心",
        "海内存知己\n天涯若比邻",
        "竹影扫阶尘不动\n松风入座月初明\n横批：山居无事",
    ],
)
def test_couplets_in_form(couplet):
    assert couplet_faults(couplet) == []


@pytest.mark.parametrize(
    ("couplet", "rule"),
    [
        ("海内存知己", "sides"),
        ("海内存知己\n天涯若近邻家", "length"),
        ("海内，存知己\n天涯若，比邻", "length"),
        ("天涯若比邻\n海内存知己", "ending"),
        ("海内存知己\n海涯若比邻", "shared"),
        ("海内存知己\n海外若比邻", "tone"),
    ],
)
def test_couplets_out_of_form(couplet, rule):
    assert rule in {fault.rule for fault in couplet_faults(couplet)}


def test_rhymes_of_lines():
    assert shared_rhyme(["小院深", "未归人", "又一春"]) == "文"
    assert shared_rhyme(["小院深", "落花飞"]) is None
    assert shared_rhyme([]) is None
    assert rhyme_share(["小院深", "落花飞", "又一春", "not Chinese"]) == 0.5
    assert rhyme_share([]) == 0
    assert rhyme_groups("end。") == frozenset()


@given(st.text())
@example("春\U0002ebda\U0003238a风")  # two in a row that pypinyin does not know
def test_any_text_is_read(text):
    assert len(tones(text)) == len(readings(text))
    assert all(tone and tone <= {"平", "仄"} for tone in tones(text))
    regulated_verse_faults(text)
    couplet_faults(text)
    assert 0 <= rhyme_share(text.split("\n")) <= 1
