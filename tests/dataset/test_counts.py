"""Counts and lengths are those of the triplets, however they are held."""

from __future__ import annotations

import statistics
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from coig_writer.dataset.counts import OUTSIDE, Lengths, Tally, count_genres, quantile
from coig_writer.schema import Article
from support.drafts import triplet

VALUES = st.lists(st.integers(0, 50), min_size=2, max_size=60)


@given(VALUES)
def test_lengths_are_those_of_the_standard_library(values):
    found = Lengths.of(Counter(values))
    q1, median, q3 = statistics.quantiles(values, n=4, method="inclusive")
    assert (found.min, found.max) == (min(values), max(values))
    for ours, theirs in (
        (found.q1, q1),
        (found.median, median),
        (found.q3, q3),
        (found.mean, statistics.fmean(values)),
    ):
        assert abs(ours - theirs) < 1e-9


def test_a_single_value_is_every_quantile():
    assert [quantile({7: 1}, share) for share in (0, 0.25, 0.5, 1)] == [7, 7, 7, 7]


def test_every_spelling_of_a_genre_counts_as_one():
    found = count_genres([triplet(genre=name) for name in ("wuxia", "武侠小说", "Wuxia Novels")])
    assert [(group.slug, group.count, group.share) for group in found] == [("wuxia", 3, 1.0)]


def test_a_genre_that_nobody_knows_is_counted_under_its_own_name():
    tally = Tally()
    for genre in ("zzqx", "essay", "zzqx"):
        tally.add(triplet(genre=genre))
    assert [(group.slug, group.count) for group in tally.genres()] == [("essay", 1), ("zzqx", 2)]
    assert [(group.slug, group.count) for group in tally.categories()] == [("nonfiction", 1), (OUTSIDE.slug, 2)]
    assert tally.overall().count == 3


def test_lengths_count_code_points():
    found = count_genres([triplet(article=Article.from_text("𠮷e\u0301\n"))])[0]
    assert found.lengths["article"].max == 4
