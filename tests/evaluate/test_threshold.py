"""Thresholds on simulated curves of which we know where they change."""

from __future__ import annotations

import numpy as np
import pytest

from coig_writer.evaluate.threshold import change_point, crossing, points_of

DOSES = np.array([0.0, 0.6, 3.0, 6.0, 12.0])
QUERIES = 80


def simulated(means: list[float], seed: int, noise: float = 1.0, replicates: int = 1) -> np.ndarray:
    """Values of 80 queries that differ among themselves more than doses do: (replicates, queries, doses)."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 2, (1, QUERIES, 1))
    return np.array(means) + hard + rng.normal(0, noise, (replicates, QUERIES, len(means)))


def test_a_step_is_found_where_it_is():
    found = change_point(DOSES, simulated([0, 0, 0, 1, 1], seed=1), rounds=500)
    assert (found.after, found.at) == (3.0, 6.0)
    assert (found.low, found.high) == (3.0, 6.0)
    assert found.p < 0.01
    assert found.after_mean - found.before_mean == pytest.approx(1, abs=0.3)


def test_the_interval_of_a_faint_step_is_wider_and_mostly_right():
    inside, widths = 0, []
    for seed in range(40):
        found = change_point(DOSES, simulated([0, 0, 0.35, 0.35, 0.35], seed), rounds=200)
        inside += found.low <= 0.6 and found.high >= 3.0
        widths.append(found.high - found.low)
    assert inside >= 36
    assert max(widths) > 2.4  # the distance of the two doses in question


def test_a_flat_curve_seldom_has_a_significant_step():
    alarms = sum(change_point(DOSES, simulated([0] * 5, seed), rounds=200).p < 0.05 for seed in range(100))
    assert alarms <= 12  # 5 are expected; 12 or more by chance once in 200


def test_a_crossing_is_found_between_doses_with_an_interval_that_covers_it():
    curve = [0.0, 0.6, 3.0, 6.0, 12.0]  # the mean equals the dose
    inside = 0
    for seed in range(40):
        found = crossing(DOSES, simulated(curve, seed), 4.0, rounds=200)
        assert found.at is not None and found.low is not None and found.high is not None
        assert found.low <= found.at <= found.high and found.share == 1
        inside += found.low <= 4.0 <= found.high
    assert inside >= 34


def test_a_falling_curve_is_crossed_downwards():
    found = crossing(DOSES, simulated([5, 4, 3, 2, 1], seed=4), 2.5, rounds=200)
    assert found.at == pytest.approx(4.5, abs=1)
    assert found.fitted == sorted(found.fitted, reverse=True)


def test_a_level_that_is_never_reached_is_said_to_be_so():
    found = crossing(DOSES, simulated([0, 0, 0, 1, 1], seed=5), 50.0, rounds=200)
    assert (found.at, found.low, found.high, found.share) == (None, None, None, 0)


def test_points_have_intervals_that_cover_their_means_and_ignore_what_is_missing():
    values = simulated([0, 1, 2, 3, 4], seed=6, replicates=2)
    values[:, 3:7, 2] = np.nan
    values[0, 10, 4] = np.nan
    points = points_of(DOSES, values, rounds=300)
    assert [point.n for point in points] == [QUERIES, QUERIES, QUERIES - 4, QUERIES, QUERIES]
    assert points[0].mean == pytest.approx(values[..., 0].mean())
    assert points[2].mean == pytest.approx(np.delete(values[..., 2], range(3, 7), axis=1).mean())
    assert all(point.low < point.mean < point.high for point in points)


def test_the_same_seed_gives_the_same_interval():
    values = simulated([0, 0, 0.5, 0.5, 1], seed=7)
    assert change_point(DOSES, values, rounds=100) == change_point(DOSES, values, rounds=100)
    assert crossing(DOSES, values, rounds=100) == crossing(DOSES, values, rounds=100)
