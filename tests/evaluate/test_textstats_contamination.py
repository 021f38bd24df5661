"""What counts as the other language in an answer, and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coig_writer.evaluate.textstats.contamination import foreign_spans, has_foreign
from coig_writer.packaged import load_starter


def texts(answer, language, query="", required=""):
    return [span.text for span in foreign_spans(answer, language, query, required)]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("The rain stopped. 雨停了，她回家了。 Then she slept.", ["雨停了，她回家了"]),
        ("The rain 停了 and 她 slept.", ["停了", "她"]),
        ("She poured the tea (茉莉花茶) and read 《红楼梦》.", []),
        ("She said “你今天为什么不来呢？我等了你一整天” and left.", ["你今天为什么不来呢？我等了你一整天"]),
        ("No Chinese at all.", []),
    ],
)
def test_chinese_in_english(answer, found):
    assert texts(answer, "en", "Write a story.") == found


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("她很 lonely，不想回家。", ["lonely"]),
        ("他说：This is the end of the road. 然后走了。", ["This is the end of the road"]),
        ("我用WiFi看vlog，DNA动了，见 https://a.example/b-c 和 me@b.example 。", []),
        ("她在弹《Clair de Lune》，Debussy写的。", []),
        ("《as the river goes. it never comes back again》", ["as the river goes. it never comes back again"]),
        ("他今年18岁，会写JavaScript。", []),
    ],
)
def test_latin_words_in_chinese(answer, found):
    assert texts(answer, "zh", "写一个故事。") == found


def test_what_the_query_holds_or_asks_for_does_not_count():
    assert texts("The door said 福 twice.", "en", "A story about the character 福.") == []
    assert texts("The door said 福.", "en", "A story.", required="福") == []
    assert texts("雨停了。", "en", "Tell it in Mandarin Chinese.") == []
    assert texts("招牌上是 open late。", "zh", "招牌上写着 Open Late，写个故事") == []
    assert texts("Good morning, everyone.", "zh", "用英文写一段开场白") == []


@pytest.mark.parametrize(
    ("query", "asks"),
    [
        ("Tell it in Mandarin Chinese.", True),
        ("Write the letter in Chinese and add a translation.", True),
        ("Answer in both English and Chinese", True),
        ("Translate this into traditional Chinese", True),
        ("Use some Chinese idioms.", True),
        ("A bilingual poem", True),
        ("A story set in a Chinese village.", False),
        ("An essay on a turning point in Chinese history", False),
        ("For readers of translated Chinese web fiction", False),
        ("A scene on the eve of the Chinese New Year", False),
        ("Write in English, not in Chinese.", False),
        ("Do not use any Chinese characters.", False),
    ],
)
def test_which_english_queries_ask_for_chinese(query, asks):
    assert (texts("The rain 停了。", "en", query) == []) is asks


@pytest.mark.parametrize(
    ("query", "asks"),
    [
        ("用英文写一段开场白", True),
        ("写一首中英双语的诗", True),
        ("标注拼音", True),
        ("写一个英语老师的故事", False),
        ("故事发生在外语学院", False),
        ("写一篇游记，不要用英文。", False),
        ("全文中文，避免夹杂英语", False),
    ],
)
def test_which_chinese_queries_ask_for_another_language(query, asks):
    assert (texts("她很 lonely，不想回家。", "zh", query) == []) is asks


def test_a_span_says_where_it_stands():
    (span,) = foreign_spans("The rain 停了。", "en")
    assert "The rain 停了。"[span.start :].startswith(span.text)


def test_other_languages_have_no_other_language():
    assert texts("La pluie 停了", "fr") == []
    assert not has_foreign("La pluie", "fr")


@settings(deadline=None)
@given(st.text(alphabet="雨停了abc 。.“”()A1\n", max_size=60), st.sampled_from(["zh", "en"]))
def test_spans_stand_where_they_say_and_hold_the_other_script(answer, language):
    for span in foreign_spans(answer, language):
        assert answer[span.start : span.start + len(span.text)] == span.text
        assert has_foreign(span.text, language)


def test_our_own_articles_are_free_of_it():
    assert [each.id for each in load_starter() if foreign_spans(each.article.text, "zh", each.prompt)] == []
