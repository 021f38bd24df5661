"""Whether longer answers win for being longer, and what the win rates would be at equal length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coig_writer.evaluate.significance import LEAST_CLUSTERS, wilson_clustered
from coig_writer.evaluate.tally import Matrix
from coig_writer.evaluate.votes import Votes, natural
from coig_writer.evaluate.wins import Duels, Floats, Integers
from coig_writer.schema import Ranking

PRIOR = 1e-4
LEAST_QUERIES = 2
"""With one query length and model cannot be told apart: each model has one length."""
_ITERATIONS = 100
_SHARP = 1.0
"""A variance that no coefficient has which only the prior holds: theirs is hundreds."""


@dataclass(frozen=True)
class LengthBias:
    """What length does, for people or for judges."""

    n: int
    """Pairs of answers of known, positive length."""
    missing: int
    """Pairs left out, as a length is not known or zero."""
    longer_wins: float
    low: float
    high: float
    """How often the longer answer won, in %, ties as one half; equal lengths are left out. Wilson's interval, for as
    many independent pairs as the queries are worth."""
    doubling: float | None
    doubling_low: float | None
    doubling_high: float | None
    """What the odds of winning are multiplied by when an answer is twice as long, all models held equal: 1 is no
    bias. None where length and model cannot be told apart, as when one model is always so many times longer, or when
    the longer answer won every time. 95 % interval by Student's t, with errors clustered by query; None for fewer than
    five queries too."""
    p: float | None
    """That length does nothing, by the same errors."""
    win_rate: Matrix
    """Row over column in % at equal length, by the same regression; None throughout where `doubling` is, and for
    models that never met with known lengths, directly or by way of others."""


def length_bias(votes: Votes) -> dict[str, LengthBias]:
    """`human`, `llm` → its length bias; only those with pairs of known lengths on two queries or more."""
    found = {kind: _of(votes.by(kind).rankings, votes.lengths) for kind in ("human", "llm")}
    return {kind: each for kind, each in found.items() if each}


def _of(rankings: Sequence[Ranking], lengths: dict[tuple[str, str], int]) -> LengthBias | None:
    models = sorted({model for each in rankings for model in each.places}, key=natural)
    duels = Duels.of(rankings, models)
    sizes = np.array([[lengths.get((query, model), 0) for model in models] for query in duels.queries], dtype=float)
    if not len(duels.query):
        return None
    first, second = sizes[duels.query, duels.first], sizes[duels.query, duels.second]
    known = (first > 0) & (second > 0)
    ratio = np.log2(first[known] / second[known])
    if not ratio.any() or len(np.unique(duels.query[known])) < LEAST_QUERIES:
        return None
    score, query = duels.score[known], duels.query[known]
    designs = np.zeros((len(score), len(models)))
    designs[np.arange(len(score)), duels.first[known]] = 1
    designs[np.arange(len(score)), duels.second[known]] = -1
    return _bias(models, designs, ratio, score, query, int((~known).sum()))


def _bias(
    models: Sequence[str], designs: Floats, ratio: Floats, score: Floats, query: Integers, missing: int
) -> LengthBias:
    from scipy.sparse.csgraph import connected_components
    from scipy.stats import t

    _, component = connected_components(np.abs(designs).T @ np.abs(designs) > 0, directed=False)
    design = np.column_stack([designs, ratio])
    fitted, covariance = logistic(design, score, query)
    slope, error = float(fitted[-1]), float(np.sqrt(covariance[-1, -1]))
    queries = len(np.unique(query))
    known = identified(design, score, fitted)
    # normal quantiles would reject a true "no effect" in 20 % of cases with 5 queries, Student's in 7 %
    told, half = known and queries >= LEAST_CLUSTERS and error > 0, float(t.ppf(0.975, queries - 1)) * error
    unequal = ratio != 0
    won = np.where(ratio > 0, score, 1 - score)[unequal]
    low, high = wilson_clustered(won.tolist(), query[unequal].tolist())
    neutral = 100 / (1 + np.exp(fitted[None, :-1] - fitted[:-1, None]))
    return LengthBias(
        n=len(score),
        missing=missing,
        longer_wins=100 * float(won.mean()),
        low=100 * low,
        high=100 * high,
        doubling=math.exp(slope) if known else None,
        doubling_low=math.exp(slope - half) if told else None,
        doubling_high=math.exp(slope + half) if told else None,
        p=float(2 * t.sf(abs(slope) / error, queries - 1)) if told else None,
        win_rate={
            row: {
                column: float(neutral[at, to]) if known and at != to and component[at] == component[to] else None
                for to, column in enumerate(models)
            }
            for at, row in enumerate(models)
        },
    )


def identified(design: Floats, outcome: Floats, fitted: Floats) -> bool:
    """Whether the data bound the last coefficient of a logistic regression, so that it is not the prior's.

    They do not where some direction that moves it fits every outcome at least as well, without end: outcomes that are
    separated (Albert and Anderson 1984), or columns that say the same. A linear program looks for such a direction,
    unless the fit is so sharp that there can be none.

    Args:
        design: (rows, columns).
        outcome: (rows,) from 0 to 1; what lies between is fitted by nothing without end, so no direction may move it.
        fitted: (columns,) the coefficients that `logistic` found.
    """
    from scipy.optimize import linprog

    if np.linalg.inv(_information(design, fitted))[-1, -1] < _SHARP:
        return True
    rows = np.unique(np.column_stack([design, outcome]), axis=0)
    x, y = rows[:, :-1], rows[:, -1]
    sure = (y == 0) | (y == 1)
    signed = x[sure] * (1 - 2 * y[sure])[:, None]  # ≤ 0 along the direction: no worse
    least = np.zeros(x.shape[1])
    for least[-1] in (-1, 1):
        found = linprog(
            least,
            A_ub=signed if sure.any() else None,
            b_ub=np.zeros(len(signed)) if sure.any() else None,
            A_eq=x[~sure] if (~sure).any() else None,
            b_eq=np.zeros((~sure).sum()) if (~sure).any() else None,
            bounds=(-1, 1),
        )
        if found.fun is None or found.fun < -1e-6:
            return False
    return True


def logistic(design: Floats, outcome: Floats, cluster: Integers) -> tuple[Floats, Floats]:
    """(coefficients, covariance robust to clusters) of a logistic regression; outcomes may be ½.

    A weak prior pins down what the data leave open, such as the common level of all models.

    Args:
        design: (rows, columns).
        cluster: (rows,) whole numbers; rows of one cluster need not be independent.

    Raises:
        ArithmeticError: no convergence, which the prior should exclude.
    """
    columns = design.shape[1]
    fitted = np.zeros(columns)
    for _ in range(_ITERATIONS):
        rate = 1 / (1 + np.exp(-(design @ fitted)))
        bread = np.linalg.inv(_information(design, fitted))
        step = bread @ (design.T @ (outcome - rate) - PRIOR * fitted)
        fitted = fitted + step * min(1, 2 / max(np.abs(step).max(), 1e-300))
        if np.abs(step).max() < 1e-9:
            break
    else:
        raise ArithmeticError("the regression did not converge")
    _, group = np.unique(cluster, return_inverse=True)
    count = int(group.max()) + 1
    residual = design * (outcome - 1 / (1 + np.exp(-(design @ fitted))))[:, None]
    sums = np.stack([np.bincount(group, residual[:, at], count) for at in range(columns)], axis=1)
    small = count / (count - 1) if count > 1 else 1.0
    return fitted, bread @ (sums.T @ sums) @ bread * small


def _information(design: Floats, fitted: Floats) -> Floats:
    """(columns, columns) that of the data and of the prior."""
    rate = 1 / (1 + np.exp(-(design @ fitted)))
    return np.asarray((design * (rate * (1 - rate))[:, None]).T @ design + PRIOR * np.eye(design.shape[1]))
