"""Judges against people, and length, beside statsmodels and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import spearmanr
from scipy.stats import t as student
from sklearn.metrics import cohen_kappa_score

from coig_writer.evaluate.judged import judges_against_people, most
from coig_writer.evaluate.length import identified, length_bias, logistic
from coig_writer.schema import Ranking
from support.ranked import random_rankings, ranked, votes_of

JUDGE = "llm:judge@12345678"


def test_what_most_say():
    assert [most(values) for values in ([1], [1, -1], [1, 1, 0], [0, 0, 1, 1], [1, 1, -1, 0])] == [1, None, 1, None, 1]


def test_a_judge_by_hand():
    people = ranked("A>B>C", "A>B>C", "B>A>C", "C>A>B")
    judged = ranked("A>B>C", "B>A>C", "B>A>C", "A>B>C", rater=JUDGE)
    found = judges_against_people(votes_of(people + judged))[JUDGE]
    assert (found.n, found.agreed) == (12, pytest.approx(100 * 9 / 12))
    ours = [1, 1, 1, 1, 1, 1, -1, 1, 1, 1, -1, -1]  # AB, AC, BC of each query
    judges = [1, 1, 1, -1, 1, 1, -1, 1, 1, 1, 1, 1]
    assert found.kappa == pytest.approx(  # each pair both ways round
        cohen_kappa_score([*ours, *(-each for each in ours)], [*judges, *(-each for each in judges)])
    )
    assert found.people_agreed is None
    # people: A won 6 of 8, B 4, C 2; the judge: A 6, B 6, C 0
    assert found.spearman == pytest.approx(spearmanr([6, 4, 2], [6, 6, 0]).statistic)
    parted = {(each.a, each.b): (each.people, each.judge, each.p) for each in found.partings}
    assert parted == {("A", "B"): (75, 50, 1), ("A", "C"): (75, 100, 1), ("B", "C"): (75, 100, 1)}


def test_a_judge_that_always_prefers_one_model_parts_from_people_there():
    people = ranked(*["A>B"] * 20, *["B>A"] * 20)
    judged = ranked(*["A>B"] * 40, rater=JUDGE)
    found = judges_against_people(votes_of(people + judged))[JUDGE]
    (parting,) = found.partings
    assert (parting.people, parting.judge, parting.p) == (50, 100, pytest.approx(2 / 2**20))
    assert found.kappa == 0
    assert found.spearman is None  # people see no difference to rank by


def test_what_people_reach_among_themselves_and_draws_of_opinion():
    people = [
        each
        for rater, orders in {"a": ("A>B", "A>B"), "b": ("A>B", "B>A"), "c": ("B>A", "A=B")}.items()
        for each in ranked(*orders, rater=f"human:{rater}")
    ]
    found = judges_against_people(votes_of(people + ranked("A>B", "A>B", rater=JUDGE)))[JUDGE]
    assert (found.n, found.agreed) == (1, 100)  # three opinions on the second query are no majority
    assert found.people_agreed == pytest.approx(100 / 3)


def test_only_people_or_nothing_in_common_has_no_record():
    assert judges_against_people(votes_of(ranked("A>B"))) == {}
    assert judges_against_people(votes_of(ranked("A>B", rater=JUDGE))) == {}
    assert judges_against_people(votes_of(ranked("A>B") + ranked("A>B", rater=JUDGE, start=7))) == {}


def test_both_orders_that_disagree_are_a_tie_and_are_counted():
    def judged(query, shown, **places):
        return Ranking(query_id=query, rater=JUDGE, places=places, shown=shown)

    both = [
        judged("zh-1", ["A", "B"], A=1, B=2), judged("zh-1", ["B", "A"], A=2, B=1),
        judged("zh-2", ["A", "B"], A=1, B=2), judged("zh-2", ["B", "A"], A=1, B=2),
    ]  # fmt: skip
    found = judges_against_people(votes_of(ranked("A>B", "A>B") + both))[JUDGE]
    assert (found.n, found.agreed) == (2, 50)
    assert (found.consistency.n, found.consistency.consistent) == (2, 1)


def with_lengths(made, seed=0, slope=0.0):
    """Random lengths; with a slope, longer answers are moved up by chance."""
    random = np.random.default_rng(seed)
    lengths = {
        (each.query_id, model): int(random.integers(200, 3000)) for each in made for model in sorted(each.places)
    }
    moved = []
    for each in made:
        marks = {
            model: -place + random.gumbel() + slope * np.log2(lengths[each.query_id, model])
            for model, place in each.places.items()
        }
        order = sorted(marks, key=lambda model: -marks[model])
        moved.append(each.model_copy(update={"places": {model: at for at, model in enumerate(order, 1)}}))
    return votes_of(moved, lengths=lengths)


def regression(votes, models):
    """The same regression written out for statsmodels, the last model as the base."""
    rows, outcomes, clusters = [], [], []
    for number, each in enumerate(votes.rankings):
        for at, a in enumerate(models):
            for b in models[at + 1 :]:
                ratio = np.log2(votes.lengths[each.query_id, a] / votes.lengths[each.query_id, b])
                rows.append([(m == a) - (m == b) for m in models[:-1]] + [ratio])
                outcomes.append((1 + (each.places[a] < each.places[b]) - (each.places[a] > each.places[b])) / 2)
                clusters.append(number)
    model = sm.GLM(np.array(outcomes), np.array(rows, dtype=float), family=sm.families.Binomial())
    return model.fit(cov_type="cluster", cov_kwds={"groups": np.array(clusters)})


@pytest.mark.parametrize("slope", [0, 1.0])
def test_length_as_statsmodels(slope):
    votes = with_lengths(random_rankings(60, "ABC"), slope=slope)
    found, expected = length_bias(votes)["human"], regression(votes, "ABC")
    assert found.n == 180
    assert np.log(found.doubling) == pytest.approx(expected.params[-1], abs=1e-4)
    error = (np.log(found.doubling_high) - np.log(found.doubling_low)) / 2 / student.ppf(0.975, 59)
    scale = np.sqrt((60 / 59) / ((60 / 59) * (179 / (180 - 3))))  # statsmodels' correction also counts parameters
    assert error == pytest.approx(expected.bse[-1] * scale, rel=2e-3)
    assert found.win_rate["A"]["C"] == pytest.approx(100 / (1 + np.exp(-expected.params[0])), abs=0.01)
    assert (found.p < 0.01) == (slope > 0)


def test_ties_count_one_half_in_the_regression():
    design = np.array([[1.0], [1.0], [1.0], [1.0]])
    fitted, _ = logistic(design, np.array([1, 1, 0, 0.5]), np.arange(4))
    assert fitted[0] == pytest.approx(np.log(2.5 / 1.5), abs=1e-3)


def test_the_longer_one_by_hand():
    lengths = {(f"zh-{at}", model): size for at in range(1, 5) for model, size in (("A", 100 * at), ("B", 200))}
    found = length_bias(votes_of(ranked("A>B", "A>B", "A=B", "A>B"), lengths=lengths))["human"]
    assert found.longer_wins == pytest.approx(100 * 1.5 / 3)  # equal lengths of the second query say nothing
    assert (found.n, found.missing) == (4, 0)


def test_people_and_judges_apart_and_unknown_lengths_left_out():
    people, judged = (
        random_rankings(30, "AB"),
        [each.model_copy(update={"rater": JUDGE}) for each in random_rankings(30, "AB", seed=1)],
    )
    lengths = {(f"zh-{at}", model): 100 + 10 * at * (model == "A") for at in range(20) for model in "AB"}
    found = length_bias(votes_of(people + judged, lengths=lengths))
    assert {kind: (each.n, each.missing) for kind, each in found.items()} == {"human": (20, 10), "llm": (20, 10)}
    assert length_bias(votes_of(people)) == {}
    assert length_bias(votes_of([])) == {}
    same = {(f"zh-{at}", model): 100 for at in range(30) for model in "AB"}
    assert length_bias(votes_of(people, lengths=same)) == {}


def test_one_query_says_nothing_of_length():
    made = [ranked("A>B")[0].model_copy(update={"rater": f"human:{name}"}) for name in "xyz"]
    lengths = {(made[0].query_id, "A"): 300, (made[0].query_id, "B"): 100}
    assert length_bias(votes_of(made, lengths=lengths)) == {}


@pytest.mark.parametrize(("queries", "told"), [(4, False), (5, True)])
def test_few_queries_give_a_slope_without_errors(queries, told):
    made = random_rankings(queries, "ABC", raters=4, seed=2)
    random = np.random.default_rng(1)
    lengths = {(f"zh-{at}", model): int(random.integers(200, 3000)) for at in range(queries) for model in "ABC"}
    found = length_bias(votes_of(made, lengths=lengths))["human"]
    assert found.n == 12 * queries
    assert found.doubling > 0
    assert found.win_rate["A"]["B"] is not None
    assert [each is not None for each in (found.doubling_low, found.doubling_high, found.p)] == [told] * 3
    assert 0 <= found.low < found.longer_wins < found.high <= 100


def test_where_length_and_model_go_together_nothing_is_said_of_length():
    """One model is always twice as long, or the longer one always wins: no figure but the prior's would come out."""
    twice = {(f"zh-{at}", model): 400 if model == "A" else 200 for at in range(30) for model in "AB"}
    longer = {(f"zh-{at}", model): 100 + 10 * at if model == "A" else 245 for at in range(30) for model in "AB"}
    orders = ["A>B" if longer[f"zh-{at}", "A"] > 245 else "B>A" for at in range(1, 30)]
    for made, lengths, wins in ((random_rankings(30, "AB"), twice, None), (ranked(*orders), longer, 100)):
        found = length_bias(votes_of(made, lengths=lengths))["human"]
        assert (found.doubling, found.doubling_low, found.p, found.win_rate["A"]["B"]) == (None, None, None, None)
        assert found.n == len(made)
        assert wins in (None, found.longer_wins)
        assert found.low < found.high


def test_models_that_never_met_with_known_lengths_have_no_rate_at_equal_length():
    """0.5 would be the prior's, not the data's."""
    made = random_rankings(20, "AB") + random_rankings(20, "CD", seed=1) + random_rankings(20, "EF", seed=2)
    random = np.random.default_rng(0)
    lengths = {(f"zh-{at}", model): int(random.integers(200, 3000)) for at in range(20) for model in "ABCD"}
    found = length_bias(votes_of(made, lengths=lengths))["human"].win_rate
    there = {(a, b) for a in "ABCDEF" for b in "ABCDEF" if found[a][b] is not None}
    assert there == {("A", "B"), ("B", "A"), ("C", "D"), ("D", "C")}
    assert found["A"]["B"] + found["B"]["A"] == pytest.approx(100)


def test_what_a_regression_can_tell_by_hand():
    def told(rows, outcome):
        design, outcome = np.array(rows, dtype=float), np.array(outcome, dtype=float)
        return identified(design, outcome, logistic(design, outcome, np.arange(len(outcome)))[0])

    assert told([[1, 1], [1, -1], [1, 1], [1, -1]], [1, 0, 0, 1])
    assert not told([[1, 1], [1, -1], [1, 1], [1, -1]], [1, 0, 1, 0])  # the last column decides all
    assert told([[1, 1], [1, -1], [1, 1], [1, -1]], [1, 0, 0.5, 0.5])  # ties stand against that
    assert not told([[1, 2], [1, 2], [1, 2]], [1, 0, 1])  # the same column twice
    assert told([[1, 0.5], [1, 0.5], [1, -0.5], [1, -0.5], [0, 1], [0, -1]], [1, 0, 1, 0, 1, 1])


def test_pairs_of_one_query_do_not_make_a_judge_surer():
    people = ranked(*["A>B>C>D"] * 30)
    judged = ranked(*["A>B>C>D"] * 20, *["D>C>B>A"] * 10, rater=JUDGE)
    found = judges_against_people(votes_of(people + judged))[JUDGE]
    assert (found.n, found.agreed) == (180, pytest.approx(200 / 3))
    assert found.low < 50 < found.high  # of 30 queries, not of 180 pairs: those would say 60 to 73
