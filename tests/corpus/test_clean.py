import unicodedata

import ftfy.bad_codecs
import pytest
from corpus_texts import ENGLISH, GOOD, OTHER, POEM, THIRD, TRADITIONAL
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.corpus.clean import clean, clean_line
from coig_writer.corpus.language import convert, identify, script_of


@pytest.mark.parametrize("text", [GOOD, OTHER, THIRD, POEM, TRADITIONAL])
def test_a_clean_text_stays_as_it_is(text):
    assert clean(text) == text


def test_chinese_typography_is_left_alone():
    text = "“你好，”她说，‘走吧’……（ＡＢＣ）——《书》；：！？【一】～"
    assert clean(text) == text


def test_line_ends_blanks_and_indentation():
    assert (
        clean("　　第一段。  \r\n\r\n\r\n\r\n　　第二\u00a0段。\u200b\r第三段。\ufeff\n\n")
        == "第一段。\n\n第二 段。\n第三段。"
    )


def test_composed_characters():
    assert clean("cafe\u0301") == "café"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("你好，世界！", "gb18030"),
        ("雨停以后，他才出门。", "latin-1"),
        ("雨停以后，他才出门。", "sloppy-windows-1252"),
        ("“走吧！”她说。", "sloppy-windows-1252"),
    ],
)
def test_mojibake_is_repaired(text, wrong):
    ftfy.bad_codecs.ok()
    garbled = text.encode().decode(wrong)
    assert garbled != text
    assert clean(garbled) == text


def test_entities_are_characters():
    assert clean("甲&nbsp;乙&ldquo;丙&rdquo;") == "甲 乙“丙”"


def test_a_fence_around_the_whole_is_removed():
    assert clean(f"```\n{GOOD}\n```\n") == GOOD
    assert "```" in clean(f"{GOOD}\n```\ncode\n```\n{GOOD}")


def wrapped(text: str, width: int, indent: str) -> str:
    lines = []
    for paragraph in text.split("\n\n"):
        whole = indent + paragraph
        lines += [whole[at : at + width] for at in range(0, len(whole), width)]
    return "\n".join(lines)


@pytest.mark.parametrize("width", [28, 36, 40])
def test_lines_wrapped_by_a_machine_are_joined(width):
    text = "\n\n".join([GOOD, OTHER, THIRD])
    assert clean(wrapped(text, width, "　　")).split("\n") == text.split("\n\n")


@pytest.mark.parametrize(
    "text", [POEM * 8, "第一行诗写到这里\n第二行诗比它更短\n第三行\n" * 10, GOOD.replace("\n\n", "\n")]
)
def test_lines_that_are_meant_are_kept(text):
    assert clean(text) == text.strip()


def test_entries_of_a_list_with_dot_leaders_are_kept():
    text = "\n".join(f"第{n}篇{'.' * 48}Page{n}" for n in range(9))
    assert clean(text) == text


@given(st.text(max_size=300))
def test_cleaning_is_stable_and_leaves_no_control_characters(text):
    once = clean(text)
    assert once == once.strip()
    assert "\r" not in once
    assert "\n\n\n" not in once
    assert not any(unicodedata.category(char) == "Cc" and char != "\n" for char in once)


def test_a_title_is_one_line():
    assert clean_line(" 渡\n 口　") == "渡 口"
    assert clean_line(" ") is None
    assert clean_line(None) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (GOOD, "zh"),
        (TRADITIONAL, "zh"),
        (POEM, "zh"),
        ("山水三更月，烟中一葉舟。", "zh"),
        (ENGLISH, "en"),
        ("吾輩は猫である。名前はまだ無い。どこで生れたか見当がつかぬ。", "ja"),
        ("오늘은 날씨가 아주 좋아서 강가를 오래 걸었다.", "ko"),
        ("他说 OK，然后 Alice 就走了，谁也没有再问起这件事。", "zh"),
        ("。。。123 456", None),
    ],
)
def test_languages(text, language):
    assert identify(text) == language


def test_scripts():
    assert script_of(GOOD) == "hans"
    assert script_of(TRADITIONAL) == "hant"
    assert script_of("山水三更月。") is None
    assert script_of(convert(TRADITIONAL, "hans")) == "hans"
    assert script_of(convert(GOOD, "hant")) == "hant"
