"""Thresholds on simulated curves of which we know where they change."""

from __future__ import annotations

import numpy as np
import pytest

from coig_writer.evaluate.threshold import change_point, crossing, points_of

DOSES = np.array([0.0, 0.6, 3.0, 6.0, 12.0])
QUERIES = 80


def simulated(
    means: list[float], seed: int, noise: float = 1.0, replicates: int = 1, luck: float = 0.0, queries: int = QUERIES
) -> np.ndarray:
    """Values of queries that differ among themselves more than doses do: (replicates, queries, doses).

    With `luck`, each training (replicate and dose) has a mean of its own.
    """
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 2, (1, queries, 1))
    lucky = rng.normal(0, luck, (replicates, 1, len(means)))
    return np.array(means) + hard + lucky + rng.normal(0, noise, (replicates, queries, len(means)))


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


@pytest.mark.parametrize("queries", [6, QUERIES])
def test_intervals_of_means_cover_them_as_often_as_they_say(queries):
    inside = 0
    for seed in range(100):
        (point, *_) = points_of(DOSES, simulated([0] * 5, seed, queries=queries), rounds=200)
        inside += point.low <= 0 <= point.high
    assert 89 <= inside < 100  # 95 are expected; outside of it by chance once in 100


def test_the_luck_of_a_training_is_in_the_interval_where_there_are_several():
    inside = dict.fromkeys((1, 2, 3), 0)
    for replicates in inside:
        for seed in range(50):
            values = simulated([0] * 5, seed, replicates=replicates, luck=0.5)
            (point, *_) = points_of(DOSES, values, rounds=200)
            inside[replicates] += point.low <= 0 <= point.high
    assert inside[1] < 40  # which no resampling of queries can know
    assert inside[2] >= 44 and inside[3] >= 44


def test_the_luck_of_trainings_is_no_step_where_there_are_several():
    alarms = dict.fromkeys((1, 2, 3), 0)
    for replicates in alarms:
        for seed in range(50):
            found = change_point(DOSES, simulated([0] * 5, seed, replicates=replicates, luck=0.5), rounds=100)
            assert found.over_runs == (replicates > 1)
            alarms[replicates] += found.p < 0.05
    assert alarms[1] > 25  # these very models do differ
    assert alarms[2] <= 7 and alarms[3] <= 7
    found = change_point(DOSES, simulated([0, 0, 0, 3, 3], 1, replicates=3, luck=0.5), rounds=500)
    assert (found.after, found.at, found.over_runs) == (3.0, 6.0, True) and found.p < 0.01


def test_a_level_that_many_rounds_do_not_reach_has_no_upper_bound():
    found = crossing(DOSES, simulated([0, 0, 0, 0, 1], seed=5), 0.7, direction="up", rounds=400)
    assert 0.2 < found.share < 0.9 and found.high is None
    assert found.low is not None


def test_what_hardly_is_a_curve_is_answered_all_the_same():
    equal = np.full((2, 5, 3), 7.0)
    doses = DOSES[:3]
    assert [(point.low, point.mean, point.high) for point in points_of(doses, equal, rounds=50)] == [(7, 7, 7)] * 3
    assert change_point(doses, equal, rounds=50).p == 1
    assert change_point(doses, equal[:1], rounds=50).p == 1
    assert crossing(doses, equal, rounds=50).at == 0
    one = np.array([[[1.0, 2.0, 4.0]]])
    assert [(point.low, point.high) for point in points_of(doses, one, rounds=50)] == [(1, 4)] * 3
    holes = np.full((2, 3, 3), np.nan)
    holes[0, 0, 0], holes[1, 1, 1], holes[0, 2, 2] = 1.0, 2.0, 3.0
    found = change_point(doses, holes, rounds=50)
    assert (found.p, found.over_runs) == (1.0, False) and np.isfinite([found.before_mean, found.after_mean]).all()
    assert crossing(doses, holes, 2.0, rounds=50).at == pytest.approx(0.6)
    two = change_point(DOSES[:2], simulated([0, 1], seed=1), rounds=50)
    assert (two.after, two.at, two.low, two.high) == (0.0, 0.6, 0.0, 0.6)


def test_the_monotone_fit_is_scikit_learns():
    isotonic = pytest.importorskip("sklearn.isotonic")
    rng = np.random.default_rng(3)
    for direction in ("up", "down"):
        for _ in range(20):
            values = rng.normal(0, 1, (1, 4, 5)).round(1)
            mine = crossing(DOSES, values, direction=direction, rounds=1).fitted
            theirs = isotonic.IsotonicRegression(increasing=direction == "up").fit_transform(DOSES, values[0].mean(0))
            assert mine == pytest.approx(theirs)


def test_the_step_is_the_one_that_leaves_the_least_squared_error():
    rng = np.random.default_rng(4)
    for _ in range(50):
        means = rng.normal(0, 1, 5)
        left = [
            ((means[:at] - means[:at].mean()) ** 2).sum() + ((means[at:] - means[at:].mean()) ** 2).sum()
            for at in range(1, 5)
        ]
        found = change_point(DOSES, means[np.newaxis, np.newaxis], rounds=1)
        assert found.at == DOSES[1 + int(np.argmin(left))]
