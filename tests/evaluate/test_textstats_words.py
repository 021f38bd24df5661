"""Words are jieba's for Chinese, and those of the stated rule elsewhere."""

from __future__ import annotations

import re

import jieba
from hypothesis import given, settings
from hypothesis import strategies as st

from coig_writer.evaluate.textstats.words import (
    Vocabulary,
    chinese_words,
    differing,
    english_words,
    segment,
    words_of,
)
from coig_writer.packaged import load_benchmark, load_starter

ODD = "1823-49 min_price 3.5% C++ A-1 ## 2.0 Wi-Fi 㐀 𠀀㐀 あ ア é ñ “ ” — … % ％ + a 9 龥 龦 豈"
PIECES = st.sampled_from(["雨下", "了一", "整夜", "，", "。", " ", "\n", "\r\n", "\u3000", *re.findall(r"\S+", ODD)])


@settings(deadline=None)
@given(st.lists(PIECES, max_size=20).map("".join))
def test_segments_join_to_the_text_and_are_those_of_jieba(text):
    assert "".join(segment(text)) == text
    assert segment(text) == jieba.lcut(text)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_segments_of_any_text_join_to_it(text):
    assert "".join(segment(text)) == text


def test_our_own_prose_is_cut_exactly_as_jieba_cuts_it():
    texts = [text for each in load_starter() for text in (each.article.text, each.reasoning)]
    assert list(differing(texts)) == []


def test_queries_differ_for_rjieba_alone_and_not_for_us():
    """English queries have many hyphens, by which the two libraries part."""
    import rjieba

    texts = [each.query for each in load_benchmark("en")]
    assert list(differing(texts)) == []
    assert len(list(differing(texts, rjieba.cut))) > 10


def test_punctuation_and_white_space_are_no_words():
    assert chinese_words("雨，下了 3.5% 。\n") == ["雨", "下", "了", "3.5%"]


def test_an_english_word_keeps_its_inner_apostrophes_and_hyphens():
    text = "Don’t—the twelve-year-old's 3 dogs, 'e said: café_x 你好!"
    assert english_words(text) == [
        "don't",
        "the",
        "twelve-year-old's",
        "3",
        "dogs",
        "e",
        "said",
        "café",
        "x",
        "你",
        "好",
    ]
    assert words_of(text, "en") == english_words(text)


def test_equal_words_have_equal_numbers():
    numbers = Vocabulary().numbers(["雨", "风", "雨"]).tolist()
    assert numbers[0] == numbers[2] != numbers[1]
