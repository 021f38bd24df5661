"""Where a curve changes: a change point and a monotone fit, with intervals from a bootstrap.

The bootstrap draws queries with replacement. Where a mixture was trained several times (replicates, runs with other
seeds), it also moves the mean at each dose as other trainings would: by draws from how far runs lie from the mean of
their dose, over all doses, widened for their small number. With one run a dose, nothing tells the luck of a training
from the dose: intervals and p-values then speak of these very models.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.stats import norm, t

Array = NDArray[np.float64]
ROUNDS = 2000
_CHUNK = 200
"""Rounds that are resampled at once, so that memory stays small."""


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
    """Chance of a step as large if doses made no difference."""
    over_runs: bool
    """Whether `p` holds the step against the differences of runs that have one dose, so that it speaks of the dose;
    else it holds it against those of queries, so that it speaks of these very models."""


@dataclass(frozen=True)
class Crossing:
    """Where a monotone curve reaches a level."""

    level: float
    at: float | None
    """None: it does not."""
    low: float | None
    high: float | None
    """95 % of the crossings in the bootstrap; None: beyond the last dose, for so many rounds do not reach the level."""
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

    The interval's quantiles lie a little further out than 2.5 and 97.5 %, by as much as Student's t is wider than the
    normal for so many queries (the expanded percentile interval of Hesterberg 2015,
    doi:10.1080/00031305.2015.1089789). It ends where the values end. With one query it is the whole of their range.

    Args:
        doses: ascending.
        values: (replicates, queries, doses); NaN where there is none. Replicates are runs with other seeds.
    """
    means = _resampled(values, rounds, seed)
    counts = np.isfinite(values).any(axis=0).sum(axis=0)
    found = _means(values)
    least, most = float(np.nanmin(values)), float(np.nanmax(values))
    points = []
    for at, (dose, mean, count) in enumerate(zip(doses, found, counts, strict=True)):
        low, high = least, most
        if count > 1:
            further = float(norm.cdf(t.ppf(0.025, count - 1) * math.sqrt(count / (count - 1))))
            low, high = np.clip(np.nanquantile(means[:, at], [further, 1 - further]), least, most)
        points.append(Point(float(dose), float(mean), float(low), float(high), int(count)))
    return points


def change_point(doses: Array, values: Array, *, rounds: int = ROUNDS, seed: int = 0) -> ChangePoint:
    """The step that leaves the least squared error around the means, and how sure its place is.

    Args:
        doses: ascending, at least two.
        values: as in `points_of`.
    """
    means = _means(values)
    split = 1 + int(_gains(means).argmax())  # doses below the step
    splits = 1 + _gains(_whole(_resampled(values, rounds, seed), means)).argmax(axis=1)
    first, last = np.quantile(splits, [0.025, 0.975], method="inverted_cdf")
    p, over_runs = _chance(values, rounds, seed)
    return ChangePoint(
        after=float(doses[split - 1]),
        at=float(doses[split]),
        low=float(doses[int(first) - 1]),
        high=float(doses[int(last)]),
        before_mean=float(means[:split].mean()),
        after_mean=float(means[split:].mean()),
        p=p,
        over_runs=over_runs,
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
    drawn = _whole(_resampled(values, rounds, seed), means)
    found = [_reaches(doses, _monotone(sign * each), sign * level) for each in drawn]
    there = np.array([math.inf if each is None else each for each in found])  # the level lies further on
    low, high = (float(each) for each in np.quantile(there, [0.025, 0.975], method="closest_observation"))
    return Crossing(
        level=level,
        at=at,
        low=low if math.isfinite(low) else None,
        high=high if math.isfinite(high) else None,
        share=float(np.isfinite(there).mean()),
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


def _gains(means: Array) -> Array:
    """(…, doses - 1): how much squared error each step takes away from that around one mean, doses counting alike."""
    means = means - means.mean(axis=-1, keepdims=True)
    count = means.shape[-1]
    below = np.arange(1, count)
    sums = np.cumsum(means, axis=-1)[..., :-1]
    return sums**2 / below + sums**2 / (count - below)  # the rest sums up to the same, with the other sign


def _chance(values: Array, rounds: int, seed: int) -> tuple[float, bool]:
    """(chance of a step as large if doses made no difference, whether it speaks of runs that have one dose).

    With several runs that have all doses, a run's mean is taken as normal with one variance, estimated from what the
    sums of run and dose leave; the largest gain over it is held against the same of simulated noise, as one scans for
    a step with an F-test. Else doses are shuffled within queries.
    """
    rng = np.random.default_rng([seed, 1])
    runs = np.array([_mean_of(each) for each in values])
    runs = runs[np.isfinite(runs).all(axis=1)]
    count, doses = runs.shape
    if count > 1:
        freedom = (count - 1) * (doses - 1)
        rest = runs - runs.mean(axis=0) - runs.mean(axis=1, keepdims=True) + runs.mean()
        spread = float((rest**2).sum()) / freedom
        gain = count * _gains(runs.mean(axis=0)).max()
        noise = _gains(rng.standard_normal((rounds, doses))).max(axis=1)
        noise *= spread * freedom / rng.chisquare(freedom, rounds)
        return float(1 + (noise >= gain - 1e-12).sum()) / (1 + rounds), True
    seen = _gains(_means(values)).max()
    flat = values.reshape(-1, values.shape[-1])
    flat = flat[np.isfinite(flat).all(axis=1)]
    if not len(flat):
        return 1.0, False
    larger = 0
    for first in range(0, rounds, _CHUNK):
        order = rng.random((min(_CHUNK, rounds - first), *flat.shape)).argsort(axis=2)
        shuffled = np.take_along_axis(flat[np.newaxis], order, axis=2).mean(axis=1)
        larger += int((_gains(shuffled).max(axis=1) >= seen - 1e-12).sum())
    return (1 + larger) / (1 + rounds), False


def _means(values: Array) -> Array:
    """(doses,) of (replicates, queries, doses): of each query over its replicates, then over queries."""
    return _mean_of(_by_query(values))


def _by_query(values: Array) -> Array:
    return _over_first(values, np.ones((1, len(values))))[0]


def _mean_of(table: Array) -> Array:
    """(doses,) of (queries, doses); NaN where no query has a value."""
    return _over_first(table, np.ones((1, len(table))))[0]


def _over_first(values: Array, weights: Array) -> Array:
    """(rounds, ...) of (n, ...) and weights (rounds, n): weighted means of what is there; NaN where nothing is."""
    there = np.isfinite(values)
    total = np.tensordot(weights, np.where(there, values, 0), axes=1)
    count = np.tensordot(weights, there.astype(float), axes=1)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _whole(drawn: Array, means: Array) -> Array:
    """The rounds in which each dose has a value; the means themselves when there is none."""
    kept = drawn[np.isfinite(drawn).all(axis=1)]
    return kept if len(kept) else means[np.newaxis]


def _resampled(values: Array, rounds: int, seed: int) -> Array:
    """(rounds, doses): means that other queries, and other runs where there are several, might have given."""
    rng = np.random.default_rng([seed, 0])
    queries = values.shape[1]
    table = _by_query(values)
    rows = []
    for first in range(0, rounds, _CHUNK):
        weights = rng.multinomial(queries, np.full(queries, 1 / queries), min(_CHUNK, rounds - first))
        rows.append(_over_first(table, weights.astype(float)))
    return np.concatenate(rows) + _of_runs(values, rounds, rng)


def _of_runs(values: Array, rounds: int, rng: np.random.Generator) -> Array:
    """(rounds, doses): how far the mean at each dose may lie from where it would with ever more runs; 0 with one run.

    How far runs lie from the mean of their dose is drawn as often as the dose has runs. n runs lie nearer to their own
    mean than to the true one, by the root of (n - 1) / n; and Student's t is wider than the normal.
    """
    runs = np.array([_mean_of(each) for each in values])
    there = np.isfinite(runs)
    counts = there.sum(axis=0)
    freedom = int((counts - 1)[counts > 1].sum())
    if not freedom:
        return np.zeros((rounds, values.shape[-1]))
    apart = (runs - _mean_of(runs)) * np.sqrt(counts / np.maximum(counts - 1, 1))
    pool = apart[there & (counts > 1)] * t.ppf(0.975, freedom) / norm.ppf(0.975)
    found = [rng.choice(pool, (rounds, max(1, count))).mean(axis=1) for count in counts]
    return np.stack(found, axis=1)
