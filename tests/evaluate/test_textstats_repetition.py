"""Repetition within and across answers against slow and obvious counting."""

from __future__ import annotations

import math
import zlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coig_writer.evaluate.textstats.repetition import across, compression_ratio, repeated_shares, self_bleu

WORDS = st.lists(st.sampled_from("abcde"), max_size=14)


def slow_bleu(answer, others):
    precisions = []
    for order in (1, 2, 3, 4):
        grams = Counter(tuple(answer[at : at + order]) for at in range(len(answer) - order + 1))
        if not grams:
            continue
        matched = 0
        for gram, many in grams.items():
            most = max(
                sum(tuple(other[at : at + order]) == gram for at in range(len(other) - order + 1)) for other in others
            )
            matched += min(many, most)
        if order == 1 and not matched:
            return 0
        precisions.append((matched or 0.5) / grams.total())
    closest = min((abs(len(other) - len(answer)), len(other)) for other in others)[1]
    brevity = 1 if len(answer) >= closest else math.exp(1 - closest / len(answer))
    return brevity * math.prod(precisions) ** (1 / len(precisions))


@settings(deadline=None)
@given(st.lists(WORDS, max_size=7))
def test_self_bleu_is_the_mean_of_each_against_all_others(answers):
    kept = [each for each in answers if each]
    found = self_bleu(answers)
    if len(kept) < 2:
        assert found is None
    else:
        slow = [slow_bleu(each, kept[:at] + kept[at + 1 :]) for at, each in enumerate(kept)]
        assert found == pytest.approx(sum(slow) / len(slow))


def test_equal_answers_have_self_bleu_one():
    assert self_bleu([list("abcdef")] * 3) == pytest.approx(1)


def test_an_answer_that_shares_no_word_with_the_others_has_bleu_zero():
    """As NLTK and sacreBLEU have it; of the two that share words each has 3/4, 2/3, 1/2 and half of 1."""
    found = self_bleu([list("abcd"), list("abce"), list("wxyz")])
    assert found == pytest.approx(2 * (3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** (1 / 4) / 3)


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=60))
def test_repeated_shares_count_different_runs(words):
    expected = []
    for order in (2, 3, 4):
        grams = [tuple(words[at : at + order]) for at in range(len(words) - order + 1)]
        expected.append(1 - len(set(grams)) / len(grams) if grams else None)
    assert list(repeated_shares(np.array(words, np.int64))) == pytest.approx(expected)


def test_distinct_counts_all_answers_together():
    found = across(["ab", "ab"], [["a", "b"], ["a", "b"]])
    assert found.distinct == (0.5, 0.5, None, None)
    assert found.answers == 2


def test_compression_is_bytes_over_compressed_bytes():
    text = "雨下了一整夜。" * 40
    raw = text.encode()
    assert compression_ratio(text) == len(raw) / len(zlib.compress(raw, 6)) > 10
    assert compression_ratio("") is None
