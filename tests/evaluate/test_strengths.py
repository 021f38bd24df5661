"""Bradley–Terry and Plackett–Luce beside choix, evalica, SciPy and a fit of each round for itself."""

from __future__ import annotations

import choix
import evalica
import numpy as np
import pytest
from hypothesis import given, settings
from scipy.optimize import minimize

from coig_writer.evaluate import choice
from coig_writer.evaluate.bonds import Bonds
from coig_writer.evaluate.bradley_terry import bradley_terry, goodness_of_fit, plackett_luce
from coig_writer.evaluate.choice import PRIOR, order_sets, pair_sets, resamples, strengths
from coig_writer.evaluate.wins import Duels
from support.ranked import random_rankings, ranked, rankings

pytestmark = pytest.mark.long

MODELS = "ABCDE"


def log_likelihood(theta, made, models):
    """Plackett–Luce with Efron's ties, written as its definition reads."""
    at = {model: index for index, model in enumerate(models)}
    strength, total = np.exp(theta), 0.0
    for ranking in made:
        for place in sorted(set(ranking.places.values())):
            tied = [at[model] for model, other in ranking.places.items() if other == place]
            left = [at[model] for model, other in ranking.places.items() if other >= place]
            if len(left) == 1:
                continue
            for step in range(len(tied)):
                total -= np.log(strength[left].sum() - step / len(tied) * strength[tied].sum())
            total += theta[tied].sum()
    return total - PRIOR / 2 * (theta**2).sum()


def test_bradley_terry_as_choix():
    duels = Duels.of(random_rankings(80), MODELS)
    pairs = [(a, b) for a in range(5) for b in range(5) for _ in range(int(duels.wins[a, b]))]
    assert strengths(pair_sets(duels))[0] == pytest.approx(choix.opt_pairwise(5, pairs), abs=2e-5)


@pytest.mark.parametrize("ties", [False, True])
def test_bradley_terry_as_evalica(ties):
    """Its strengths are exp(θ) up to a factor; a tie counts one half for both there too."""
    duels = Duels.of(random_rankings(80, ties=ties, raters=2), MODELS)
    winners = {1.0: evalica.Winner.X, 0.5: evalica.Winner.Draw, 0.0: evalica.Winner.Y}
    said = [winners[score] for score in duels.score.tolist()]
    first, second = ([MODELS[at] for at in side] for side in (duels.first, duels.second))
    expected = np.log(evalica.bradley_terry(first, second, said, tolerance=1e-10).scores[list(MODELS)].to_numpy())
    assert strengths(pair_sets(duels))[0] == pytest.approx(expected - expected.mean(), abs=2e-5)
    found = bradley_terry(duels, rounds=100)
    assert [found[model].score for model in MODELS] == pytest.approx(expected - expected.mean(), abs=2e-5)


def test_plackett_luce_as_choix():
    made = random_rankings(80)
    orders = [[MODELS.index(model) for model in sorted(each.places, key=each.places.get)] for each in made]
    assert strengths(order_sets(made, MODELS))[0] == pytest.approx(choix.opt_rankings(5, orders), abs=2e-5)


@given(rankings)
@settings(max_examples=25, deadline=None)
def test_plackett_luce_with_ties_is_the_maximum_of_its_likelihood(made):
    (theta,) = strengths(order_sets(made, "ABCD"))
    slope = [
        (log_likelihood(theta + step, made, "ABCD") - log_likelihood(theta - step, made, "ABCD")) / 2e-5
        for step in np.eye(4) * 1e-5
    ]
    assert slope == pytest.approx([0] * 4, abs=1e-5)


def test_ties_of_a_pair_count_one_half_by_hand():
    """Of four, A won two, lost one, tied one: odds 2.5 to 1.5."""
    (theta,) = strengths(pair_sets(Duels.of(ranked("A>B", "A>B", "B>A", "A=B"), "AB")))
    assert theta[0] - theta[1] == pytest.approx(np.log(2.5 / 1.5), abs=1e-3)


@pytest.mark.parametrize("sparse", [False, True])
def test_each_round_is_the_fit_of_its_own_resample(monkeypatch, sparse):
    monkeypatch.setattr(
        choice, "_NUMBERS", 60 if sparse else 4_000_000
    )  # small enough: sparse tables, chunks of rounds
    made = random_rankings(40, ties=True, raters=2)
    weights = resamples(40, 5, seed=3)
    queries = list(dict.fromkeys(each.query_id for each in made))
    duels = Duels.of(made, MODELS)
    pairs = strengths(pair_sets(duels), weights, strengths(pair_sets(duels))[0])
    orders = strengths(order_sets(made, MODELS), weights)
    for row, pair_round, order_round in zip(weights, pairs, orders, strict=True):
        again = [each for each in made for _ in range(int(row[queries.index(each.query_id)]))]
        found = minimize(lambda theta, again=again: -log_likelihood(theta, again, MODELS), np.zeros(5), tol=1e-9)
        assert order_round == pytest.approx(found.x, abs=1e-3)
        assert pair_round == pytest.approx(strengths(pair_sets(Duels.of(again, MODELS)))[0], abs=1e-7)


def test_resamples_draw_as_many_prompts_and_repeat():
    weights = resamples(30, 50, seed=1)
    assert (weights.sum(axis=1) == 30).all()
    assert (weights == resamples(30, 50, seed=1)).all()
    assert (weights != resamples(30, 50, seed=2)).any()


def test_rounds_in_chunks_are_the_same_rounds(monkeypatch):
    whole = resamples(30, 50, seed=1)
    monkeypatch.setattr(choice, "_NUMBERS", 100)
    assert (resamples(30, 50, seed=1) == whole).all()


def test_intervals_hold_the_score_and_follow_the_clusters():
    """Ten raters who say the same of a query are no ten queries."""
    base = random_rankings(40, "AB")
    copies = [each.model_copy(update={"rater": f"human:{at}"}) for each in base for at in range(10)]
    one, ten = (bradley_terry(Duels.of(made, "AB"))["B"] for made in (base, copies))
    assert one.low < one.score < one.high
    assert (ten.low, ten.score, ten.high) == pytest.approx((one.low, one.score, one.high), abs=1e-3)


def test_the_interval_is_about_as_wide_as_theory_says():
    """For two models the score is half the log odds, whose standard error is 1 / sqrt(n p q)."""
    score = bradley_terry(Duels.of(ranked(*["A>B"] * 120, *["B>A"] * 80), "AB"), rounds=4000)["A"]
    error = 1 / np.sqrt(200 * 0.6 * 0.4) / 2
    assert score.score == pytest.approx(np.log(1.5) / 2, abs=1e-4)
    assert (score.high - score.low) / 2 == pytest.approx(1.96 * error, rel=0.08)


def test_a_model_that_wins_all_is_marked_and_has_no_interval():
    """Its score is the prior's, and it moves nobody else's: B and C stand as if they had met alone."""
    others = ["B>C"] * 12 + ["C>B"] * 9
    found = bradley_terry(Duels.of(ranked(*(f"A>{order}" for order in others)), "ABC"))
    alone = bradley_terry(Duels.of(ranked(*others), "BC"))
    assert [found[model].separated for model in "ABC"] == [True, False, False]
    assert [found[model].rank for model in "ABC"] == [1, 2, 3]
    assert (found["A"].low, found["A"].high) == (None, None)
    assert 2 < found["A"].score < 20
    for model in "BC":
        one, two = found[model], alone[model]
        assert (one.score, one.low, one.high) == pytest.approx((two.score, two.low, two.high), abs=1e-3)


def test_a_whole_order_that_never_changes_has_no_intervals_and_fits():
    made = ranked(*["A>B>C"] * 12)
    for found in (bradley_terry(Duels.of(made, "ABC")), plackett_luce(made, "ABC")):
        assert [found[model].rank for model in "ABC"] == [1, 2, 3]
        assert all(each.separated and each.low is None and each.high is None for each in found.values())
    assert goodness_of_fit(Duels.of(made, "ABC")) is None  # any scores that are far enough apart are right


def test_groups_that_never_met_are_apart():
    made = ranked(*["A>B"] * 12, *["B>A"] * 9, *["C>D"] * 14, *["D>C"] * 7, *["A>B"] * 2)
    duels = Duels.of(made, "ABCDE")
    found, bonds = bradley_terry(duels), Bonds.of(duels)
    assert bonds.components("ABCDE") == [["A", "B"], ["C", "D"], ["E"]]
    assert [found[model].separated for model in "ABCDE"] == [False] * 4 + [True]
    assert [found[model].rank for model in "ABCDE"] == [1, 2, 1, 2, 1]
    assert found["C"].score - found["D"].score == pytest.approx(np.log(14 / 7), abs=1e-3)
    assert found["A"].score + found["B"].score == found["C"].score + found["D"].score == pytest.approx(0)
    assert goodness_of_fit(duels) is None  # as many scores as there are pairs


def test_a_model_that_won_all_does_not_hide_a_circle():
    """Among B, C and D no one score a model is enough; that A beat them all says nothing of it."""
    circle = ["B>C", "C>D", "D>B"] * 20 + ["C>B", "D>C", "B>D"] * 5
    first = goodness_of_fit(Duels.of(ranked(*circle), "BCD"))
    both = goodness_of_fit(Duels.of(ranked(*circle, *["A>B", "A>C", "A>D"] * 5), "ABCD"))
    assert both.p < 0.01
    assert both.statistic == pytest.approx(first.statistic, rel=1e-3)
    assert "A" not in both.worst


@pytest.mark.parametrize("orders", [["A=B=C"] * 4, ["A>B>C", "B>C>A", "C>A>B"]])
def test_all_equal(orders):
    made = ranked(*orders)
    for found in (bradley_terry(Duels.of(made, "ABC")), plackett_luce(made, "ABC")):
        assert [each.score for each in found.values()] == pytest.approx([0, 0, 0], abs=1e-9)
        assert {each.rank for each in found.values()} == {1}
        assert {(each.low, each.high) for each in found.values()} == {(None, None)}
        assert not any(each.separated for each in found.values())


def test_an_interval_needs_prompts_that_differ():
    orders = ["A>B>C", "B>C>A", "C>A>B", "A>C>B", "B>A>C"]
    few, enough = (bradley_terry(Duels.of(ranked(*orders[:count]), "ABC"))["A"] for count in (4, 5))
    assert (few.low, few.high, few.rank_low, few.rank_high) == (None,) * 4
    assert enough.low < enough.score < enough.high
    assert enough.rank_low <= enough.rank <= enough.rank_high
    alike = bradley_terry(Duels.of(ranked(*["A=B=C"] * 20), "ABC"))["A"]
    assert (alike.score, alike.low, alike.high) == (pytest.approx(0), None, None)


def test_one_model_one_prompt_and_nothing():
    assert bradley_terry(Duels.of([], "A"))["A"].score == 0
    assert bradley_terry(Duels.of([], "")) == {}
    one = bradley_terry(Duels.of(ranked("A>B"), "AB"))
    assert (one["A"].low, one["A"].high, one["A"].rank_low) == (None, None, None)
    assert one["A"].separated
    assert goodness_of_fit(Duels.of(ranked("A>B"), "AB")) is None


def test_scores_that_fit_and_scores_that_cannot():
    """A beats B beats C beats A: no one score a model explains a circle."""
    fits = goodness_of_fit(Duels.of(random_rankings(150), MODELS))
    assert fits.p > 0.05
    circle = ranked(*["A>B", "B>C", "C>A"] * 20, *["B>A", "C>B", "A>C"] * 5)
    found = goodness_of_fit(Duels.of(circle, "ABC"))
    assert found.p < 0.01
    assert found.statistic == pytest.approx(3 * (20 - 12.5) ** 2 / (25 * 0.25))
    assert (found.observed, found.expected) in (pytest.approx((80, 50)), pytest.approx((20, 50)))


def test_the_p_of_the_fit_is_even_where_the_model_holds():
    ps = [goodness_of_fit(Duels.of(random_rankings(60, seed=seed), MODELS), 200).p for seed in range(60)]
    assert 0.01 < np.mean(np.array(ps) < 0.1) < 0.3
    assert 0.3 < np.mean(ps) < 0.7


def test_the_fit_is_not_judged_on_too_few_queries():
    made = ranked(*["A>B>C", "B>C>A"] * 5)
    assert goodness_of_fit(Duels.of(made, "ABC")) is not None
    assert goodness_of_fit(Duels.of(made[:9], "ABC")) is None
