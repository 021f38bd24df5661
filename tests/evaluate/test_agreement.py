"""Agreement beside krippendorff, statsmodels and scikit-learn, and by hand."""

from __future__ import annotations

import krippendorff as oracle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from coig_writer.evaluate.agreement import agreement, outcomes_by_rater
from coig_writer.evaluate.reliability import cohen, fleiss, krippendorff
from coig_writer.schema import Ranking, Rating
from support.ranked import random_rankings, ranked, votes_of

sheets = st.lists(st.lists(st.sampled_from([None, 0, 1, 2, 5]), min_size=2, max_size=4), min_size=1, max_size=8)


def units(rows):
    return {(f"q{at}", at): [value for value in row if value is not None] for at, row in enumerate(rows)}


@given(sheets, st.sampled_from(["nominal", "ordinal"]))
@settings(deadline=None)
def test_alpha_as_krippendorff(rows, level):
    found = krippendorff(units(rows), level, rounds=100)
    data = np.full((4, len(rows)), np.nan)
    for at, row in enumerate(rows):
        data[: len(row), at] = [np.nan if value is None else value for value in row]
    paired = [row for row in units(rows).values() if len(row) > 1]
    assert found.units == len(paired)
    if len({value for row in paired for value in row}) < 2:
        assert found.alpha is None
    else:
        assert found.alpha == pytest.approx(oracle.alpha(data, level_of_measurement=level))


def test_krippendorffs_own_example():
    """Four observers, twelve units, missing values: nominal .743, ordinal .815 (Krippendorff 2011, section C)."""
    none = None
    rows = zip(
        [1, 2, 3, 3, 2, 1, 4, 1, 2, none, none, none],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, none, 3],
        [none, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, none],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, none],
        strict=True,
    )
    sheet = units(rows)
    assert krippendorff(sheet, "nominal").alpha == pytest.approx(0.743, abs=5e-4)
    found = krippendorff(sheet, "ordinal")
    assert found.alpha == pytest.approx(0.815, abs=5e-4)
    assert found.low < found.alpha < found.high <= 1


def test_the_interval_resamples_queries():
    """Many units of one query are one draw, so with one query, or few, nothing can be said."""
    random = np.random.default_rng(0)
    sheet = {(f"q{at % 12}", at): [at % 3, at % 3 if random.random() < 0.6 else 0] for at in range(60)}
    found = krippendorff(sheet, "nominal")
    assert found.low < found.alpha < found.high
    for queries in (1, 4):
        few = krippendorff({(f"q{at % queries}", at): values for (_, at), values in sheet.items()}, "nominal")
        assert (few.alpha, few.low, few.high) == (pytest.approx(found.alpha), None, None)


def test_agreement_without_exception_has_no_interval_without_width():
    found = krippendorff({(f"q{at}", at): [at % 2, at % 2] for at in range(30)}, "nominal")
    assert (found.alpha, found.low, found.high) == (1, None, None)


@given(st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=1, max_size=9))
@settings(deadline=None)
def test_fleiss_as_statsmodels(rows):
    table = np.array([[row.count(value) for value in range(3)] for row in rows])
    if len({value for row in rows for value in row}) == 1:
        assert fleiss(units(rows)) is None
    else:
        assert fleiss(units(rows)) == pytest.approx(fleiss_kappa(table))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=20))
@settings(deadline=None)
def test_cohen_as_scikit_learn(pairs):
    one, two = zip(*pairs, strict=True)
    if len(set(one) | set(two)) == 1:
        assert cohen(one, two) is None
    else:
        assert cohen(one, two) == pytest.approx(cohen_kappa_score(one, two))


def test_nothing_in_common_is_no_agreement_and_no_number():
    assert fleiss({("q", 1): [1]}) is None
    assert cohen([], []) is None
    assert krippendorff({}, "nominal").alpha is None
    found = agreement(votes_of(ranked("A>B")))
    assert (found.outcomes.alpha, found.fleiss_kappa, found.pairs, found.records[0].agreed) == (None, None, [], None)
    assert agreement(votes_of([])) is None


def test_outcomes_of_pairs_by_hand():
    found = outcomes_by_rater(ranked("B>A=C"))
    assert found == {"human:li": {("zh-1", ("A", "B")): -1, ("zh-1", ("A", "C")): 0, ("zh-1", ("B", "C")): 1}}


def test_two_raters_by_hand():
    made = ranked("A>B", "A>B", "B>A", "A=B") + ranked("A>B", "B>A", "B>A", "A>B", rater="human:wang")
    found = agreement(votes_of(made))
    (both,) = found.pairs
    assert (both.a, both.b, both.n, both.agreed) == ("human:li", "human:wang", 4, 0.5)
    chance = (3 * 4 + 3 * 4) / 64  # seen both ways round: 3 first, 3 second, 2 ties; 4 first, 4 second
    assert both.kappa == pytest.approx((0.5 - chance) / (1 - chance))
    assert found.outcomes.units == 4
    assert found.places.units == 8


def test_agreement_does_not_hang_on_the_names_of_the_models():
    """A strong model that sorts first would make agreement look like chance, one that sorts last would not."""
    made = random_rankings(30, "ABCD", raters=3, ties=True)
    other = dict(zip("ABCD", "ZBMA", strict=True))
    renamed = [each.model_copy(update={"places": {other[m]: p for m, p in each.places.items()}}) for each in made]
    one, two = agreement(votes_of(made)), agreement(votes_of(renamed))
    for first, second in ((one.outcomes, two.outcomes), (one.places, two.places)):
        assert (first.alpha, first.low, first.high, first.units) == pytest.approx(
            (second.alpha, second.low, second.high, second.units)
        )
    assert one.fleiss_kappa == pytest.approx(two.fleiss_kappa)
    assert [each.kappa for each in one.pairs] == pytest.approx([each.kappa for each in two.pairs])


def test_agreement_of_pairs_as_krippendorff_and_statsmodels_on_both_orders():
    made = random_rankings(25, "ABC", raters=3, ties=True)
    given = outcomes_by_rater(made)
    sheet = np.array([[given[rater][unit] for unit in given["human:0"]] for rater in sorted(given)])
    both = np.hstack([sheet, -sheet])
    found = agreement(votes_of(made))
    assert found.outcomes.alpha == pytest.approx(oracle.alpha(both, level_of_measurement="nominal"))
    assert found.outcomes.units == sheet.shape[1]
    table = np.array([[(column == value).sum() for value in (-1, 0, 1)] for column in both.T])
    assert found.fleiss_kappa == pytest.approx(fleiss_kappa(table))
    assert found.pairs[0].kappa == pytest.approx(cohen_kappa_score(both[0], both[1]))


def test_those_who_agree_on_all():
    made = [each for rater in "abc" for each in ranked("A>B>C", "B>A>C", "C>B>A", rater=f"human:{rater}")]
    found = agreement(votes_of(made))
    assert (found.places.alpha, found.outcomes.alpha, found.fleiss_kappa) == (1, 1, 1)
    assert {each.kappa for each in found.pairs} == {1}
    assert {each.agreed for each in found.records} == {1}


def test_the_unnamed_are_left_out():
    named = random_rankings(10, "ABC", raters=2)
    unnamed = [each.model_copy(update={"rater": "human:unnamed"}) for each in random_rankings(10, "ABC", seed=9)]
    assert agreement(votes_of(named + unnamed)) == agreement(votes_of(named))
    assert agreement(votes_of(unnamed)) is None


def test_drift_and_speed():
    """One rater agrees with the two others at first and turns around half-way, ever faster."""
    steady = [each for rater in "ab" for each in ranked(*["A>B"] * 20, rater=f"human:{rater}")]
    turning = [
        each.model_copy(update={"seconds": 100.0 - at})
        for at, each in enumerate(ranked(*["A>B"] * 10, *["B>A"] * 10, rater="human:c"))
    ]
    records = {each.rater: each for each in agreement(votes_of(steady + turning)).records}
    found = records["human:c"]
    assert (found.n, found.agreed, found.first_half, found.second_half) == (20, 0.5, 1, 0)
    assert found.drift == pytest.approx(spearmanr(range(20), [1] * 10 + [0] * 10).statistic)
    assert found.drift_p < 0.001
    assert (found.seconds, found.speed_up) == (90.5, pytest.approx(-1))
    assert records["human:a"].seconds is None
    assert records["human:a"].agreed == pytest.approx(0.75)


def test_ratings_have_an_alpha_for_each_dimension():
    marks = dict.fromkeys(
        ("content_quality", "creative_merit", "cultural_appropriateness", "task_fulfilment", "overall_preference"), 2
    )
    ratings = [
        Rating(query_id=f"q{at}", model="A", rater=f"human:{rater}", **marks | {"creative_merit": (at + shift) % 4})
        for rater, shift in (("a", 0), ("b", 0), ("c", 1))
        for at in range(8)
    ]
    found = agreement(votes_of([], ratings=ratings))
    data = [[(at + shift) % 4 for at in range(8)] for shift in (0, 0, 1)]
    expected = oracle.alpha(np.array(data), level_of_measurement="ordinal")
    assert found.marks["creative_merit"].alpha == pytest.approx(expected)
    assert found.marks["content_quality"].alpha is None
    assert found.marks["content_quality"].units == 8


def test_a_rater_who_ranks_other_models_has_no_place_in_common():
    made = [
        Ranking(query_id="q", rater="human:a", places={"A": 1, "B": 2, "C": 3}),
        Ranking(query_id="q", rater="human:b", places={"A": 1, "B": 2}),
    ]
    found = agreement(votes_of(made))
    assert found.places.units == 0
    assert found.outcomes.units == 1
