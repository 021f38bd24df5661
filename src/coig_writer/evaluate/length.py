"""Whether longer answers win for being longer, and what the win rates would be at equal length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coig_writer.evaluate.significance import wilson
from coig_writer.evaluate.tally import Matrix
from coig_writer.evaluate.votes import Votes, natural
from coig_writer.evaluate.wins import Duels, Floats, Integers
from coig_writer.schema import Ranking

PRIOR = 1e-4
LEAST_QUERIES = 2
"""With one query, errors clustered by query are none at all and every slope looks certain."""
_ITERATIONS = 100


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
    """How often the longer answer won, in %, ties as one half, with Wilson's interval; equal lengths are left out."""
    doubling: float
    doubling_low: float
    doubling_high: float
    """What the odds of winning are multiplied by when an answer is twice as long, all models held equal: 1 is no
    bias. 95 % interval with errors clustered by query."""
    p: float
    win_rate: Matrix
    """Row over column in % at equal length, by the same regression."""


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
    from scipy.stats import norm

    design = np.column_stack([designs, ratio])
    fitted, covariance = logistic(design, score, query)
    slope, error = fitted[-1], float(np.sqrt(covariance[-1, -1]))
    unequal = ratio != 0
    won = float(np.where(ratio > 0, score, 1 - score)[unequal].sum())
    low, high = wilson(won, int(unequal.sum()))
    neutral = 100 / (1 + np.exp(fitted[None, :-1] - fitted[:-1, None]))
    return LengthBias(
        n=len(score),
        missing=missing,
        longer_wins=100 * won / int(unequal.sum()),
        low=100 * low,
        high=100 * high,
        doubling=float(np.exp(slope)),
        doubling_low=float(np.exp(slope - 1.959964 * error)),
        doubling_high=float(np.exp(slope + 1.959964 * error)),
        p=float(2 * norm.sf(abs(slope) / error)) if error else 1.0,
        win_rate={
            row: {column: float(neutral[at, to]) if at != to else None for to, column in enumerate(models)}
            for at, row in enumerate(models)
        },
    )


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
        bread = np.linalg.inv((design * (rate * (1 - rate))[:, None]).T @ design + PRIOR * np.eye(columns))
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
