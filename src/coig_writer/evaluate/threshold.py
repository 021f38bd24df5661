"""Where a curve changes: a change point and a monotone fit, with intervals from a bootstrap over queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

Array = NDArray[np.float64]
ROUNDS = 2000


@dataclass(frozen=True)
class ChangePoint:
    """The one step that fits a curve best: the dose between which and the one before it the mean changes."""

    after: float
    """The last dose of the lower part."""
    at: float
    """The first dose of the upper part."""
    low: float
    high: float
    """95 % of the bootstrap's changes lie above the one and not above the other."""
    before_mean: float
    after_mean: float
    p: float
    """Chance of a step as large if doses made no difference: doses are shuffled within queries."""


@dataclass(frozen=True)
class Crossing:
    """Where a monotone curve reaches a level."""

    level: float
    at: float | None
    """None: it does not."""
    low: float | None
    high: float | None
    """95 % of the crossings in the bootstrap, of those that there are."""
    share: float
    """Of the bootstrap's rounds in which the curve reaches the level."""
    fitted: list[float]
    """The monotone fit at each dose."""


@dataclass(frozen=True)
class Point:
    """The mean at one dose."""

    dose: float
    mean: float
    low: float
    high: float
    """95 % interval, by the bootstrap."""
    n: int
    """Queries with a value."""


def points_of(doses: Array, values: Array, *, rounds: int = ROUNDS, seed: int = 0) -> list[Point]:
    """Mean and interval at each dose.

    Args:
        doses: ascending.
        values: (replicates, queries, doses); NaN where there is none. Replicates are runs with other seeds.
    """
    means = _resampled(values, rounds, seed)
    counts = np.isfinite(values).any(axis=0).sum(axis=0)
    found = _means(values)
    low, high = np.nanquantile(means, [0.025, 0.975], axis=0)
    return [
        Point(float(dose), float(mean), float(a), float(b), int(count))
        for dose, mean, a, b, count in zip(doses, found, low, high, counts, strict=True)
    ]


def change_point(doses: Array, values: Array, *, rounds: int = ROUNDS, seed: int = 0) -> ChangePoint:
    """The step that leaves the least squared error around the means, and how sure its place is.

    Args:
        doses: ascending, at least two.
        values: as in `points_of`.
    """
    means = _means(values)
    split = _best_split(means)
    splits = np.array([_best_split(each) for each in _resampled(values, rounds, seed)])
    first, last = np.quantile(splits, [0.025, 0.975], method="inverted_cdf")
    return ChangePoint(
        after=float(doses[split - 1]),
        at=float(doses[split]),
        low=float(doses[int(first) - 1]),
        high=float(doses[int(last)]),
        before_mean=float(means[:split].mean()),
        after_mean=float(means[split:].mean()),
        p=_chance(values, rounds, seed),
    )


def crossing(
    doses: Array,
    values: Array,
    level: float | None = None,
    *,
    direction: Literal["up", "down"] | None = None,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> Crossing:
    """Where the monotone fit reaches `level`, between doses on a straight line.

    Args:
        level: the half of the fit's way when not given; in the bootstrap it stays the same.
        direction: the one that fits better when not given.
    """
    means = _means(values)
    if direction is None:
        up, down = _monotone(means), -_monotone(-means)
        direction = "up" if ((up - means) ** 2).sum() <= ((down - means) ** 2).sum() else "down"
    sign = 1.0 if direction == "up" else -1.0
    fitted = sign * _monotone(sign * means)
    if level is None:
        level = float(fitted[0] + fitted[-1]) / 2
    at = _reaches(doses, sign * fitted, sign * level)
    found = [_reaches(doses, _monotone(sign * each), sign * level) for each in _resampled(values, rounds, seed)]
    there = np.array([each for each in found if each is not None])
    low, high = np.quantile(there, [0.025, 0.975]) if len(there) else (None, None)
    return Crossing(
        level=level,
        at=at,
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        share=len(there) / rounds,
        fitted=[float(each) for each in fitted],
    )


def _monotone(values: Array) -> Array:
    """The nearest values, in least squares, that never fall."""
    return isotonic_regression(values).x


def _reaches(doses: Array, rising: Array, level: float) -> float | None:
    """The first dose, on straight lines between, at which a curve that never falls is at `level`."""
    if rising[-1] < level:
        return None
    after = int(np.argmax(rising >= level))
    if after == 0:
        return float(doses[0])
    part = (level - rising[after - 1]) / (rising[after] - rising[after - 1])
    return float(doses[after - 1] + part * (doses[after] - doses[after - 1]))


def _best_split(means: Array) -> int:
    """The number of doses below the step that leaves the least squared error."""
    return 1 + int(np.argmax(_gains(means)))


def _gains(means: Array) -> Array:
    """How much squared error each step takes away from that around one mean, each dose counting alike."""
    count = len(means)
    below = np.arange(1, count)
    sums = np.cumsum(means)[:-1]
    rest = means.sum() - sums
    return sums**2 / below + rest**2 / (count - below) - means.sum() ** 2 / count


def _chance(values: Array, rounds: int, seed: int) -> float:
    rng = np.random.default_rng([seed, 1])
    seen = _gains(_means(values)).max()
    flat = values.reshape(-1, values.shape[-1])
    flat = flat[np.isfinite(flat).all(axis=1)]
    if not len(flat):
        return 1.0
    larger = 0
    for _ in range(rounds):
        shuffled = rng.permuted(flat, axis=1)
        larger += _gains(shuffled.mean(axis=0)).max() >= seen - 1e-12
    return (1 + larger) / (1 + rounds)


def _means(values: Array) -> Array:
    """(doses,) of (replicates, queries, doses): of each query over its replicates, then over queries."""
    return np.nanmean(_by_query(values), axis=0)


def _by_query(values: Array) -> Array:
    there = np.isfinite(values)
    total = np.where(there, values, 0).sum(axis=0)
    count = there.sum(axis=0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _resampled(values: Array, rounds: int, seed: int) -> Array:
    """(rounds, doses): means of samples of queries with replacement, and of replicates where there are several."""
    rng = np.random.default_rng([seed, 0])
    replicates, queries, _ = values.shape
    whole = _by_query(values)
    rows = []
    for _ in range(rounds):
        by_query = whole if replicates == 1 else _by_query(values[rng.integers(0, replicates, replicates)])
        rows.append(np.nanmean(by_query[rng.integers(0, queries, queries)], axis=0))
    return np.array(rows)
