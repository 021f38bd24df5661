"""Geometry of the page's figures: where things stand, in per cent of the width and pixels of height.

The templates draw what is computed here. Horizontal places are percentages, so that a figure grows with
the page while its lettering stays the same size.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True)
class LogAxis:
    """A logarithmic axis over whole powers of ten."""

    low: int
    high: int

    @classmethod
    def over(cls, values: Sequence[float]) -> LogAxis:
        """The axis that holds all values, at least 10 to 100,000."""
        least, most = min(values, default=10), max(values, default=10)
        return cls(10 if least >= 10 else 1, 10 ** max(5, math.ceil(math.log10(max(most, 1)))))

    def place(self, value: float) -> float:
        """Per cent from the left; what lies outside stands at the edge."""
        share = math.log(max(value, 1) / self.low) / math.log(self.high / self.low)
        return round(100 * min(max(share, 0), 1), 2)

    @property
    def ticks(self) -> list[tuple[float, int]]:
        """(place, value) of the powers of ten."""
        powers = range(round(math.log10(self.low)), round(math.log10(self.high)) + 1)
        return [(self.place(10**power), 10**power) for power in powers]


@dataclass(frozen=True)
class Box:
    """Five figures of a distribution, as values."""

    min: float
    q1: float
    median: float
    q3: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Box:
        """Of at least one value; quartiles by linear interpolation, both ends included."""
        if len(values) == 1:
            return cls(*[values[0]] * 5)
        q1, _, q3 = quantiles(values, n=4, method="inclusive")
        return cls(min(values), q1, median(values), q3, max(values))


def dodge(places: Sequence[float], *, width: float = 1.4, step: float = 8, most: int = 5) -> list[tuple[float, float]]:
    """(place, offset) for dots that share a place, spread up and down from the middle.

    Args:
        places: per cent from the left.
        width: dots nearer than this (per cent) count as sharing a place.
        step: pixels between dots that do.
        most: so many fit; further ones lie on top of each other.
    """
    seen: dict[int, int] = defaultdict(int)
    spread = []
    for place in places:
        column = round(place / width)
        rank = seen[column] % most
        seen[column] += 1
        spread.append((place, step * ((rank + 1) // 2) * (-1 if rank % 2 else 1)))
    return spread


@dataclass(frozen=True)
class Column:
    """One value of a score's histogram: how many triplets have it, and how high its two parts stand."""

    value: int
    released: int
    others: int
    released_height: float
    others_height: float


def score_columns(released: Sequence[int], others: Sequence[int], *, tallest: int, height: float) -> list[Column]:
    """Ten columns for the scores 1–10; a column of `tallest` triplets is `height` pixels high."""
    inside, outside = Counter(released), Counter(others)
    unit = height / max(tallest, 1)
    return [
        Column(value, inside[value], outside[value], round(inside[value] * unit, 2), round(outside[value] * unit, 2))
        for value in range(1, 11)
    ]


@dataclass(frozen=True)
class Bin:
    """How many values lie from `low` up to, not including, `high`."""

    low: float
    high: float
    count: int


def log_histogram(counts: Mapping[int, int], axis: LogAxis, per_decade: int = 10) -> list[Bin]:
    """Bins of equal width on a logarithmic axis; what lies outside counts in the first or the last one.

    Args:
        counts: value → how often.
        per_decade: bins from one power of ten to the next.
    """
    decades = round(math.log10(axis.high / axis.low))
    heights = [0] * (decades * per_decade)
    for value, count in counts.items():
        place = math.log10(max(value, 1) / axis.low) * per_decade
        heights[min(max(math.floor(place + 1e-9), 0), len(heights) - 1)] += count
    edges = [axis.low * 10 ** (step / per_decade) for step in range(len(heights) + 1)]
    return [Bin(low, high, count) for low, high, count in zip(edges, edges[1:], heights, strict=False)]


@dataclass(frozen=True)
class Slice:
    """One slice of a ring, clockwise from the top, in per cent of the circumference."""

    start: float
    share: float
    shade: float
    """0–1, from the strongest to the faintest."""


def ring(values: Sequence[int]) -> list[Slice]:
    """Slices for some counts, in their order; empty where there is nothing."""
    total, start, slices = sum(values), 0.0, []
    for at, value in enumerate(values):
        share = 100 * value / total if total else 0.0
        slices.append(Slice(round(start, 3), round(share, 3), round(1 - 0.84 * at / max(len(values) - 1, 1), 3)))
        start += share
    return slices
