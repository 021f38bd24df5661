"""How some values lie: mean, quartiles, whiskers, histogram."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

BINS = 20
"""Bins of a histogram from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The distribution of at least one value, as a box plot shows it."""

    n: int
    mean: float
    sd: float | None
    """Of the sample (n − 1); None for one value."""
    median: float
    q1: float
    q3: float
    """Quartiles by linear interpolation."""
    low_whisker: float
    high_whisker: float
    """The outermost values within 1.5 interquartile ranges of the box (Tukey; Figure 4 of the paper)."""


def spread(values: Iterable[float | None]) -> Spread | None:
    """The spread of the values that are there; None without any."""
    found = np.array([value for value in values if value is not None], float)
    if not len(found):
        return None
    q1, median, q3 = (float(each) for each in np.quantile(found, [0.25, 0.5, 0.75]))
    reach = 1.5 * (q3 - q1)
    inside = found[(found >= q1 - reach) & (found <= q3 + reach)]
    return Spread(
        n=len(found),
        mean=float(found.mean()),
        sd=float(found.std(ddof=1)) if len(found) > 1 else None,
        median=median,
        q1=q1,
        q3=q3,
        low_whisker=float(inside.min()),
        high_whisker=float(inside.max()),
    )


def histogram(values: Iterable[float | None]) -> list[tuple[float, float, int]]:
    """(left, right, count) of 20 equal bins from 0 to 1; each holds its left edge, the last also its right one."""
    found = [value for value in values if value is not None]
    counts, edges = np.histogram(found, bins=BINS, range=(0, 1))
    return [
        (round(float(left), 4), round(float(right), 4), int(count))
        for left, right, count in zip(edges, edges[1:], counts, strict=False)
    ]


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of n, with the interval of the share."""

    count: int
    n: int
    rate: float | None
    """0–1; None of nothing."""
    low: float
    high: float
    """95 % interval by Wilson's score, 0–1."""


def rate(count: int, n: int) -> Rate:
    """`count` of `n` as a share with its interval."""
    from coig_writer.evaluate.significance import wilson

    low, high = wilson(count, n)
    return Rate(count, n, count / n if n else None, low, high)
