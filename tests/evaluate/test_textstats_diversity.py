"""The four measures of diversity against hand-computed cases, definitions spelt out, and scipy."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from coig_writer.evaluate.textstats.diversity import MTLD_LEAST, MTLD_THRESHOLD, diversity, mtld


def measured(words):
    return diversity(np.array(words, np.int64))


def plain_mtld(words):
    def one_way(ordered):
        factors, seen, ratio = 0.0, [], 1.0
        for word in ordered:
            seen.append(word)
            ratio = len(set(seen)) / len(seen)
            if ratio < MTLD_THRESHOLD:
                factors, seen, ratio = factors + 1, [], 1.0
        factors += (1 - ratio) / (1 - MTLD_THRESHOLD)
        return len(ordered) / factors if factors else None

    both = [one_way(words), one_way(words[::-1])]
    return None if None in both else sum(both) / 2


def plain_mattr(words, window=50):
    ratios = [len(set(words[at : at + window])) / window for at in range(len(words) - window + 1)]
    return sum(ratios) / len(ratios) if ratios else None


def scipy_hdd(words, sample=42):
    if len(words) < sample:
        return None
    return sum((1 - hypergeom.pmf(0, len(words), many, sample)) / sample for many in Counter(words).values())


def test_a_short_text_by_hand():
    """a b a b c: three types of five words. Forwards the ratio is 1, 1, 2/3: a factor; the rest b c has none.
    Backwards c b a b: ratio 3/4, and with the fifth word 3/5: a factor."""
    found = measured([1, 2, 1, 2, 3])
    assert found.ttr == pytest.approx(3 / 5)
    assert mtld(np.array([1, 2, 1, 2, 3])) == pytest.approx((5 / 1 + 5 / 1) / 2)
    assert found.mattr is None and found.mtld is None and found.hdd is None


def test_a_part_of_a_factor_counts_in_part():
    """a b c a: the ratio ends at 3/4 both ways, which is .25/.28 of a factor."""
    assert mtld(np.array([1, 2, 3, 1])) == pytest.approx(4 / (0.25 / 0.28))


def test_fifty_words_of_one_and_fifty_different_ones():
    same, different = measured([7] * 50), measured(list(range(50)))
    assert (same.ttr, same.mattr, same.mtld) == (1 / 50, 1 / 50, 2.0)
    assert same.hdd == pytest.approx(1 / 42)
    assert (different.ttr, different.mattr, different.mtld) == (1, 1, None)
    assert different.hdd == pytest.approx(1)


def test_no_words_have_no_diversity():
    found = measured([])
    assert (found.ttr, found.mattr, found.mtld, found.hdd) == (None, None, None, None)


@settings(deadline=None)
@given(st.lists(st.integers(0, 1_000_000) | st.integers(0, 12), min_size=1, max_size=160))
def test_measures_agree_with_their_definitions(words):
    found = measured(words)
    assert found.ttr == pytest.approx(len(set(words)) / len(words))
    assert found.mattr == pytest.approx(plain_mattr(words))
    assert mtld(np.array(words)) == pytest.approx(plain_mtld(words))
    assert found.mtld == (mtld(np.array(words)) if len(words) >= MTLD_LEAST else None)
    assert found.hdd == pytest.approx(scipy_hdd(words))


def test_ttr_falls_with_length_and_the_others_hardly_do():
    draw = np.random.default_rng(3).zipf(1.3, 40_000) % 5000
    short, long = measured(draw[:400]), measured(draw[:4000])
    assert short.ttr - long.ttr > 0.1
    assert abs(short.mattr - long.mattr) < 0.03
    assert abs(short.hdd - long.hdd) < 0.03
