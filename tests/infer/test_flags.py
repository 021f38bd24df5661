"""Odd answers are told from good ones by rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.infer.flags import flags, loops
from coig_writer.packaged import load_starter


@pytest.mark.parametrize(
    ("text", "finish", "expected"),
    [
        ("", "stop", ["empty"]),
        (" \n", "length", ["empty", "cut-off"]),
        ("雨下了一夜。", "stop", []),
        ("雨下了一", "length", ["cut-off"]),
        ("抱歉，我无法完成这个请求。", "stop", ["refusal"]),
        ("对不起，作为一个AI语言模型，我不能写这个。", "stop", ["refusal"]),
        ("I'm sorry, but I can't help with that.", "stop", ["refusal"]),
        ("I cannot write this.", "stop", ["refusal"]),
        ("抱歉，" + "我来晚了，没有赶上你们的婚礼，" * 1 + "这封信本来该在十月寄到。", "stop", []),
        ("I can see the harbour from here.", "stop", []),
        ("开头说得好好的，" + "走啊走啊" * 40, "stop", ["repetition"]),
        ("她说：“好。”" + "\n他笑了。\n她也笑了。" * 12, "length", ["cut-off", "repetition"]),
    ],
)
def test_flags(text, finish, expected):
    assert flags(text, finish) == expected


def test_no_starter_article_is_odd():
    assert {
        triplet.article.title: found for triplet in load_starter() if (found := flags(triplet.article.text, "stop"))
    } == {}


@given(st.text(min_size=1, max_size=200), st.integers(4, 30), st.text(max_size=50))
def test_a_passage_repeated_to_the_end_is_a_loop_whatever_stands_before(passage, times, before):
    text = (before + passage * times).rstrip()
    repeated = passage.strip() == passage and len(passage) * times >= 80
    if repeated:
        assert loops(text)


@given(st.text(alphabet="春夏秋冬山水花鸟", max_size=79))
def test_nothing_short_is_a_loop(text):
    assert not loops(text)
