"""Friedman's test, Kendall's W, position bias: beside SciPy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import friedmanchisquare

from coig_writer.evaluate.concordance import friedman, friedman_of
from coig_writer.evaluate.position import position_bias, position_consistency
from coig_writer.schema import Ranking
from support.ranked import random_rankings, ranked

LLM = "llm:judge@12345678"


@given(arrays(float, st.tuples(st.integers(2, 9), st.integers(3, 5)), elements=st.integers(0, 3).map(float)))
@settings(deadline=None)
def test_friedman_as_scipy(marks):
    found = friedman(marks)
    if (marks == marks[:, :1]).all():
        assert (found.statistic, found.p, found.kendall_w) == (0, 1, 0)
    else:
        expected = friedmanchisquare(*marks.T)
        assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue))
        assert 0 <= found.kendall_w <= 1 + 1e-9


def test_kendalls_w_by_hand():
    """Sums of ranks 6, 8, 10 over four: S = 8, W = 12 S / (m² (n³ − n)) = 96 / 384."""
    found = friedman_of(ranked("A>B>C", "A>B>C", "A>C>B", "C>B>A"), "ABC")
    sums = np.array([1 + 1 + 1 + 3, 2 + 2 + 3 + 2, 3 + 3 + 2 + 1])
    assert found.kendall_w == pytest.approx(12 * ((sums - 8) ** 2).sum() / (16 * (27 - 3)))
    assert (found.n, found.df) == (4, 2)


def test_raters_of_one_prompt_are_one_block():
    made = random_rankings(12, "ABC", raters=3)
    places = np.array([[[each.places[m] for m in "ABC"] for each in made[at : at + 3]] for at in range(0, 36, 3)])
    expected = friedmanchisquare(*places.mean(axis=1).round(9).T)
    found = friedman_of(made, "ABC")
    assert (found.n, found.statistic) == (12, pytest.approx(expected.statistic))


def test_partial_rankings_one_prompt_and_one_model_have_no_test():
    assert friedman_of(ranked("A>B", "B>C"), "ABC") is None
    assert friedman_of(ranked("A>B>C"), "ABC") is None
    assert friedman_of([], "A") is None


def test_who_always_prefers_the_first_is_found():
    made = [
        Ranking(query_id=f"q{at}", rater="human:a", places={one: 1, two: 2}, shown=[one, two])
        for at, (one, two) in enumerate([("A", "B"), ("B", "A")] * 10)
    ]
    found = position_bias(made)
    assert (found.n, found.shown, found.win_rate, found.p) == (20, 2, [100, 0], 2 / 2**20)


def test_bias_among_many_and_its_absence():
    random = np.random.default_rng(0)
    orders = [list(random.permutation(list("ABCD"))) for _ in range(60)]
    biased = [
        Ranking(query_id=f"q{at}", rater="human:a", shown=order, places={m: 1 + place for place, m in enumerate(order)})
        for at, order in enumerate(orders)
    ]
    found = position_bias(biased)
    assert found.win_rate == pytest.approx([100, 200 / 3, 100 / 3, 0])
    assert found.p < 1e-9
    fair = [
        each.model_copy(update={"shown": order})
        for each, order in zip(random_rankings(60, "ABCD"), orders, strict=True)
    ]
    assert position_bias(fair).p > 0.01
    assert sum(position_bias(fair).win_rate) == pytest.approx(200)


def shown_to(raters: int, orders, **more):
    """Everybody sees the same order of a query and puts what stands first on top."""
    return [
        Ranking(query_id=f"q{at}", rater=f"human:{rater}", places={m: 1 + place for place, m in enumerate(order)},
                shown=order, **more)
        for at, order in enumerate(orders)
        for rater in range(raters)
    ]  # fmt: skip


def test_raters_of_one_query_are_no_more_queries():
    for orders in (["AB", "BA", "AB", "AB"], ["ABC", "BCA", "CAB", "ABC"]):
        one, ten = (position_bias(shown_to(raters, [list(order) for order in orders])) for raters in (1, 10))
        assert (ten.n, ten.queries) == (40, 4)
        assert (ten.p, ten.win_rate) == (pytest.approx(one.p), pytest.approx(one.win_rate))
    assert position_bias(shown_to(10, [["A", "B"]])).p is None


def test_the_test_of_position_is_as_scipy_over_the_means_of_queries():
    random = np.random.default_rng(3)
    made = [
        each.model_copy(update={"shown": [str(m) for m in random.permutation(list("ABCD"))]})
        for each in random_rankings(15, "ABCD", raters=4)
    ]
    blocks = [
        np.mean([[each.places[m] for m in each.shown] for each in made if each.query_id == f"zh-{at}"], axis=0)
        for at in range(15)
    ]
    assert position_bias(made).p == pytest.approx(friedmanchisquare(*np.array(blocks).round(9).T).pvalue)


def test_both_orders_of_a_steady_judge_show_no_bias():
    made = [
        Ranking(query_id=f"q{at}", rater=LLM, places={"A": 1, "B": 2}, shown=shown)
        for at in range(20)
        for shown in (["A", "B"], ["B", "A"])
    ]
    found = position_bias(made)
    assert (found.win_rate, found.p) == ([50, 50], 1)


def test_an_order_that_is_unknown_or_of_other_models_counts_for_nothing():
    assert position_bias(ranked("A>B")) is None
    assert position_bias([Ranking(query_id="q", rater=LLM, places={"A": 1, "B": 2}, shown=["A", "C"])]) is None


def test_consistency_over_both_orders():
    def judged(query, shown, **places):
        return Ranking(query_id=query, rater=LLM, places=places, shown=shown)

    made = [
        judged("q1", ["A", "B"], A=1, B=2),
        judged("q1", ["B", "A"], A=1, B=2),
        judged("q2", ["A", "B"], A=1, B=2),
        judged("q2", ["B", "A"], A=2, B=1),
        judged("q3", ["B", "A"], A=2, B=1),
    ]
    found = position_consistency(made)
    assert (found.n, found.consistent) == (2, 1)
    assert found.low < 50 < found.high
    assert position_consistency(made[2:3]) is None
