import sys
import unicodedata
from difflib import SequenceMatcher
from itertools import chain
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.annotate import overlap
from coig_writer.annotate.overlap import Bare, bare_text, longest_common_run, ngram_overlap, quoted_spans

texts = st.text("春江潮水连海平月", max_size=40)


@pytest.mark.parametrize("searched", [0, overlap._SEARCHED])  # by hashes, by looking for each
@given(first=texts, second=texts)
def test_longest_common_run_agrees_with_difflib(searched, first, second):
    match = SequenceMatcher(None, first, second, autojunk=False).find_longest_match()
    with patch.object(overlap, "_SEARCHED", searched):
        assert longest_common_run(first, second) == match.size


@given(st.text("春江，潮水。 \n", max_size=30), st.text("春江，潮水。 \n", max_size=30), st.integers(1, 5))
def test_quoted_spans_are_common_runs_longer_than_asked(draft, article, longer_than):
    source = Bare.of(article).text
    spans = quoted_spans(draft, article, longer_than)
    for span in spans:
        assert span in draft
        assert Bare.of(span).text in source
        assert len(Bare.of(span).text) > longer_than
    longest = longest_common_run(Bare.of(draft).text, source)
    assert bool(spans) == (longest > longer_than)


def test_quotation_is_found_through_other_punctuation_and_comes_back_as_written():
    article = "祖母早起，拿了竹扫帚慢慢地扫，扫到墙根，忽然停下来。"
    draft = "我想写她拿了竹扫帚、慢慢地扫——扫到墙根时的样子。"
    assert quoted_spans(draft, article, 6) == ["拿了竹扫帚、慢慢地扫——扫到墙根"]
    assert quoted_spans(draft, article, 13) == []


def test_overlap_is_the_share_of_the_drafts_ngrams():
    assert ngram_overlap("abcdefghi", "xxabcdefghxx", size=8) == 0.5
    assert ngram_overlap("short", "short", size=8) == 0.0


def test_longest_article_is_handled():
    article = "".join(chr(0x4E00 + (index * 7919) % 20000) for index in range(31_071))
    assert longest_common_run(article[1000:5000], article) == 4000


def bare_by_definition(text: str) -> Bare:
    kept = [(char, place) for place, char in enumerate(text) if unicodedata.category(char)[0] in "LNM"]
    return Bare("".join(char.casefold()[:1] for char, _ in kept), tuple(place for _, place in kept))


@given(st.text() | st.text("春，Ａb_①℃−é\u0301ß\u3099 \n"))
def test_a_bare_text_is_what_it_is_defined_as_however_it_is_found(text):
    assert Bare.of(text) == bare_by_definition(text)
    assert bare_text(text) == bare_by_definition(text).text


def test_every_character_called_ordinary_is():
    for char in map(chr, chain(range(0xD800), range(0xE000, sys.maxunicode + 1))):
        if overlap._ORDINARY.fullmatch(char):
            assert bool(overlap._INSIDE.match(char)) == (unicodedata.category(char)[0] in "LNM"), hex(ord(char))
            assert len(char.casefold()) == 1, hex(ord(char))
