"""A quotation is found where it stands, whatever its dress, and nothing else is found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coig_writer.evaluate.evidence import find_quote
from coig_writer.evaluate.judgement import Evidence

ANSWER = "他说：“今晚不走了。”\n　　雨打在铁皮棚上，像有人在数豆子。The rain\nstopped at 7."


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("今晚不走了", "今晚不走了"),
        ("“今晚不走了。”", "今晚不走了。"),
        ("「今晚不走了」", "今晚不走了"),
        ('他说:"今晚不走了', "他说：“今晚不走了"),
        ("雨打在铁皮棚上，像有人在数豆子。", "雨打在铁皮棚上，像有人在数豆子。"),
        ("the rain stopped", "The rain\nstopped"),
        ("雨打在……数豆子", "雨打在铁皮棚上，像有人在数豆子"),
        ("雨打在[...]数豆子。", "雨打在铁皮棚上，像有人在数豆子。"),
        ("今晚不走了。雨打", None),
        ("数豆子……雨打在", None),
        ("今晚走了", None),
        ("", None),
        ("……", None),
    ],
)
def test_a_quotation_is_found_in_any_dress(quote, found):
    place = find_quote(quote, ANSWER)
    assert (ANSWER[slice(*place)] if place else None) == found


@settings(deadline=None)
@given(st.text(alphabet="天地人，。 \nabcABC“”１", min_size=1), st.data())
def test_whatever_stands_there_is_found_and_reads_the_same(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    place = find_quote(text[start:end], text)
    if text[start:end].strip(" \n“”"):
        assert place is not None
        assert find_quote(text[slice(*place)], text[start:end]) is not None


@settings(deadline=None)
@given(st.text(alphabet="天地人，。 ab", max_size=20), st.text(alphabet="天地人，。 ab", max_size=40))
def test_nothing_is_found_that_does_not_stand_there(quote, text):
    def bare(each: str) -> str:
        return "".join(each.split())

    inside = bool(bare(quote)) and bare(quote) in bare(text)
    assert (find_quote(quote, text) is not None) == inside


def test_evidence_says_what_came_of_it():
    states = [Evidence.of(quote, ANSWER).state for quote in ("今晚不走了", "今晚走了", "  ")]
    assert states == ["verified", "unverified", "none"]
