"""Whether a difference is more than chance: exact test, correction for many tests, interval, power."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

ALPHA = 0.05
POWER = 0.8
LEAST_CLUSTERS = 5
"""Clusters below which how far outcomes go together cannot be told."""


def sign_test(wins: int, losses: int) -> float:
    """p, two-sided and exact, of so many wins and losses if both were equally likely; ties are left out before."""
    from scipy.stats import binomtest

    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def holm(ps: Sequence[float]) -> list[float]:
    """The p values adjusted for there being several (Holm 1979), in their order."""
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    adjusted, highest = [0.0] * len(ps), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = highest
    return adjusted


def wilson(successes: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a share (0–1) by Wilson's score; the whole range when nothing was seen.

    Args:
        successes: may be a fraction, as ties count one half.
    """
    from scipy.stats import norm

    if n == 0:
        return 0.0, 1.0
    z = float(norm.ppf((1 + confidence) / 2))
    share, bound = successes / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / bound
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / bound
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))  # rounding may pass the share


def wilson_clustered(outcomes: Sequence[float], clusters: Sequence[Hashable]) -> tuple[float, float]:
    """Wilson's interval of the mean (0–1) of outcomes that go together within clusters, such as the pairs of a query.

    They count as so many independent ones as would leave the mean as uncertain (Korn and Graubard 1998: the design
    effect is found from the data and at least 1, and Student's quantile pays for finding it from few clusters). With
    fewer than five clusters, or outcomes that are all alike, it cannot be found, and each cluster counts as one.

    Args:
        outcomes: each from 0 to 1.
        clusters: what each belongs to, in the same order.
    """
    from scipy.stats import norm, t

    n = len(outcomes)
    if len(set(clusters)) == n:
        return wilson(sum(outcomes), n)
    share = sum(outcomes) / n
    sums: dict[Hashable, float] = {}
    for outcome, cluster in zip(outcomes, clusters, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + outcome - share
    count, alone = len(sums), share * (1 - share) / n
    if count < LEAST_CLUSTERS or alone < 1e-12:
        return wilson(share * count, count)
    together = count / (count - 1) * sum(each**2 for each in sums.values()) / n**2
    effective = n / max(1.0, together / alone) * float(norm.ppf(0.975) / t.ppf(0.975, count - 1)) ** 2
    return wilson(share * effective, effective)


@dataclass(frozen=True)
class Power:
    """What so many queries can show, each with one vote."""

    n: int
    """Queries of the pair that has fewest."""
    smallest: float | None
    """Least distance of the true win rate from 50 %, in points, that is found with 80 % chance at α = .05."""
    smallest_holm: float | None
    """The same for the strictest step of Holm's correction. None: no result could be significant."""


def power_of(n: int, pairs: int) -> Power:
    """The power of the exact test with one vote on each of `n` queries, alone and as the strictest of `pairs` tests."""
    return Power(n, detectable(n, ALPHA), detectable(n, ALPHA / max(pairs, 1)))


def detectable(n: int, alpha: float, power: float = POWER) -> float | None:
    """Least distance from 50 %, in points, that the exact two-sided test finds with this power; None if none can be."""
    from scipy.optimize import brentq
    from scipy.stats import binom

    needed = int(binom.isf(alpha / 2, n, 0.5)) + 1 if n else 1  # least wins that are significant
    if n == 0 or needed > n:
        return None

    def missing(rate: float) -> float:
        return binom.sf(needed - 1, n, rate) + binom.cdf(n - needed, n, rate) - power

    return 100 * (float(brentq(missing, 0.5, 1.0)) - 0.5)
