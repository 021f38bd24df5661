"""Win rates, tests and intervals, beside hand-computed cases and other libraries; the published Table 2."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, norm
from scipy.stats import t as student
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from coig_writer.errors import InputError
from coig_writer.evaluate.significance import detectable, holm, power_of, sign_test, wilson, wilson_clustered
from coig_writer.evaluate.synthetic import PUBLISHED_MODELS, RATER, published_rankings, rankings_with_counts
from coig_writer.evaluate.tally import tally
from support.ranked import ranked, rankings

pytestmark = pytest.mark.long

TABLE_2 = {
    "zh": [
        [None, 39.22, 32.35, 25.98, 35.78],
        [60.78, None, 39.71, 32.35, 42.16],
        [67.65, 60.29, None, 41.67, 50.00],
        [74.02, 67.65, 58.33, None, 62.75],
        [64.22, 57.84, 50.00, 37.25, None],
    ],
    "en": [
        [None, 38.53, 27.20, 24.08, 23.51],
        [61.47, None, 35.41, 32.29, 30.03],
        [72.80, 64.59, None, 49.29, 42.21],
        [75.92, 67.71, 50.71, None, 46.46],
        [76.49, 69.97, 57.79, 53.54, None],
    ],
}


@pytest.fixture(scope="module")
def published():
    made = published_rankings()
    return {
        language: tally([each for each in made if each.query_id.startswith(language)], PUBLISHED_MODELS)
        for language in ("zh", "en")
    }


@pytest.mark.parametrize("language", ["zh", "en"])
def test_synthetic_rankings_give_back_table_2(published, language):
    found = published[language]
    rates = [[None if rate is None else round(rate, 2) for rate in row.values()] for row in found.win_rate.values()]
    assert rates == TABLE_2[language]
    assert found.n == found.prompts == {"zh": 204, "en": 353}[language]


def pair(found, a, b):
    return next(each for each in found.pairs if (each.a, each.b) == (a, b))


def test_what_of_the_published_claims_is_significant(published):
    chinese, english = published["zh"], published["en"]
    best = pair(chinese, "CW+10k", "G")
    assert (best.wins, best.n, best.ties) == (128, 204, 0)
    assert best.p == pytest.approx(0.000333, abs=1e-6)
    assert best.p_holm == pytest.approx(0.0020, abs=5e-5)
    assert pair(chinese, "CW+5k", "CW+10k").p == pytest.approx(0.0206, abs=5e-5)
    assert pair(chinese, "CW+5k", "CW+10k").p_holm > 0.05
    assert pair(english, "CW+10k", "G").p == pytest.approx(0.2, abs=0.01)
    assert pair(english, "CW+5k", "CW+10k").p_holm > 0.05


def test_made_rankings_say_that_they_are_made():
    made = published_rankings()
    assert {each.rater for each in made} == {RATER}
    assert all("synthetic" in each.query_id for each in made)
    assert len({each.query_id for each in made}) == 557


def test_counts_that_no_rankings_have_are_refused():
    with pytest.raises(InputError, match="no 2 rankings"):
        rankings_with_counts("ABC", ((2, 0), (2,)), 2)  # A always before B, B before C, C before A
    with pytest.raises(InputError):
        rankings_with_counts("AB", ((3,),), 2)


def test_a_small_case_by_hand():
    found = tally(ranked("A>B>C", "A>C>B", "B=A>C", "B>A"), "ABC")
    assert found.wins == {
        "A": {"A": None, "B": 2.5, "C": 3.0},
        "B": {"A": 1.5, "B": None, "C": 2.0},
        "C": {"A": 0.0, "B": 1.0, "C": None},
    }
    assert found.win_rate["A"] == {"A": None, "B": 62.5, "C": 100.0}
    first = pair(found, "A", "B")
    assert (first.wins, first.ties, first.n, first.rate, first.p) == (2, 1, 4, 62.5, 1.0)
    assert pair(found, "A", "C").p == 0.25
    assert pair(found, "A", "C").p_holm == 0.75


def test_one_vote_a_query_by_hand():
    """Three raters of one mind on four queries: 12 wins, but 4 votes; a draw of opinions is no vote."""
    same = [each for rater in "abc" for each in ranked(*["A>B"] * 4, rater=f"human:{rater}")]
    split = [*ranked("A>B", start=5), *ranked("B>A", start=5, rater="human:wang")]
    (found,) = tally(same + split, "AB").pairs
    assert (found.wins, found.n) == (13, 14)
    assert found.p == pytest.approx(30 / 2**14)  # 13 or 14 of 14, either way
    assert found.p_by_query == found.p_by_query_holm == 2 / 2**4
    assert found.queries == 5


@given(rankings)
@settings(deadline=None)
def test_with_one_ranking_a_query_both_tests_are_one(made):
    once = list({each.query_id: each for each in made}.values())
    for each in tally(once, "ABCD").pairs:
        assert (each.p, each.p_holm) == (each.p_by_query, each.p_by_query_holm)


def test_models_that_never_met_have_no_rate():
    found = tally(ranked("A>B", "C>D"), "ABCD")
    assert found.win_rate["A"] == {"A": None, "B": 100.0, "C": None, "D": None}
    assert [(each.a, each.b) for each in found.pairs] == [("A", "B"), ("C", "D")]


def test_one_model_and_none():
    assert tally([], ["A"]).win_rate == {"A": {"A": None}}
    assert tally([], []).pairs == []


def test_all_equal():
    found = tally(ranked("A=B=C", "A=B=C"), "ABC")
    assert {(each.rate, each.wins, each.ties, each.p, each.p_holm) for each in found.pairs} == {(50, 0, 2, 1, 1)}


@given(rankings)
@settings(deadline=None)
def test_rates_of_a_pair_add_up_and_no_comparison_is_lost(made):
    found = tally(made, "ABCD")
    for each in found.pairs:
        assert found.win_rate[each.a][each.b] + found.win_rate[each.b][each.a] == pytest.approx(100)
        assert found.wins[each.a][each.b] + found.wins[each.b][each.a] == each.n
        assert each.low <= each.rate <= each.high
        assert each.p <= each.p_holm <= 1
    assert sum(each.n for each in found.pairs) == sum(len(each.places) * (len(each.places) - 1) // 2 for each in made)


@given(st.lists(st.floats(0, 1), max_size=12))
@settings(deadline=None, max_examples=30)
def test_holm_as_statsmodels(ps):
    if ps:
        assert holm(ps) == pytest.approx(multipletests(ps, method="holm")[1])
    else:
        assert holm(ps) == []


@given(st.integers(0, 60), st.integers(0, 60))
@settings(deadline=None)
def test_sign_test_and_wilson_as_others(wins, losses):
    n = wins + losses
    tail = sum(
        binom.pmf(k, n, 0.5) for k in range(n + 1) if binom.pmf(k, n, 0.5) <= binom.pmf(wins, n, 0.5) * (1 + 1e-7)
    )
    assert sign_test(wins, losses) == pytest.approx(tail)
    if n:
        assert wilson(wins, n) == pytest.approx(proportion_confint(wins, n, method="wilson"), abs=1e-12)
    else:
        assert wilson(0, 0) == (0, 1)


@pytest.mark.parametrize(("n", "alpha"), [(10, 0.05), (204, 0.05), (204, 0.005), (353, 0.05)])
def test_the_smallest_difference_is_found_four_times_in_five(n, alpha):
    rate = 0.5 + detectable(n, alpha) / 100
    found = sum(binom.pmf(k, n, rate) for k in range(n + 1) if binomtest(k, n).pvalue <= alpha)
    assert found == pytest.approx(0.8, abs=1e-6)


def test_too_few_comparisons_can_show_nothing():
    assert detectable(5, 0.05) is None  # even 5 of 5 has p = .0625
    assert detectable(0, 0.05) is None
    assert power_of(6, 10).smallest is not None
    assert power_of(6, 10).smallest_holm is None


def test_an_interval_of_pairs_that_go_together():
    """One outcome a cluster is Wilson's own; ten copies of each are worth no more than one, less what Student asks."""
    outcomes = [1.0, 0.0, 1.0, 1.0, 0.5, 0.0, 1.0, 1.0, 1.0, 0.0]
    assert wilson_clustered(outcomes, range(10)) == wilson(6.5, 10)
    copied = wilson_clustered(outcomes * 10, list(range(10)) * 10)
    plain = wilson(65, 100)
    assert copied[1] - copied[0] > 2.5 * (plain[1] - plain[0])
    together = sum((each - 0.65) ** 2 for each in outcomes) / 9 / 10
    effective = 0.65 * 0.35 / together * (norm.ppf(0.975) / student.ppf(0.975, 9)) ** 2
    assert copied == pytest.approx(wilson(0.65 * effective, effective))


def test_too_few_clusters_or_equal_outcomes_count_each_cluster_once():
    assert wilson_clustered([1.0, 0.0, 1.0, 1.0], ["a", "a", "b", "b"]) == pytest.approx(wilson(1.5, 2))
    assert wilson_clustered([1.0] * 30, [at % 10 for at in range(30)]) == pytest.approx(wilson(10, 10))
    assert wilson_clustered([], []) == (0, 1)


def test_the_interval_holds_where_raters_of_a_query_agree():
    """Plain Wilson holds the truth in half of such samples."""
    random = np.random.default_rng(5)
    clusters = [at // 10 for at in range(300)]
    held = plain = 0
    for _ in range(200):
        outcomes = np.where(random.random(300) < 0.9, np.repeat(random.random(30) < 0.6, 10), random.random(300) < 0.6)
        low, high = wilson_clustered(outcomes.astype(float).tolist(), clusters)
        held += low <= 0.6 <= high
        low, high = wilson(outcomes.sum(), 300)
        plain += low <= 0.6 <= high
    assert held > 180
    assert plain < 130
