"""Whether the models differ at all, over prompts that each rank them all: Friedman's test, Kendall's W."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coig_writer.evaluate.votes import points
from coig_writer.evaluate.wins import Floats
from coig_writer.schema import Ranking


@dataclass(frozen=True)
class Friedman:
    """Friedman's test of equal places, corrected for ties."""

    statistic: float
    df: int
    p: float
    n: int
    """Blocks: prompts on which all models were ranked."""
    kendall_w: float
    """0 each prompt has another order, 1 all have the same."""


def friedman(marks: Floats) -> Friedman | None:
    """The test on marks (blocks, treatments), ranked within each block; None for fewer than two of either.

    Where every block ties all its treatments, nothing differs: statistic 0, p 1.
    """
    from scipy.stats import chi2, rankdata

    if marks.ndim != 2 or min(marks.shape) < 2:
        return None
    blocks, treatments = marks.shape
    places = rankdata(marks, axis=1)
    spread = float(((places - (treatments + 1) / 2) ** 2).sum())
    if spread == 0:
        return Friedman(0.0, treatments - 1, 1.0, blocks, 0.0)
    between = float(((places.mean(axis=0) - (treatments + 1) / 2) ** 2).sum())
    statistic = blocks**2 * (treatments - 1) * between / spread
    return Friedman(
        statistic,
        treatments - 1,
        float(chi2.sf(statistic, treatments - 1)),
        blocks,
        statistic / (blocks * (treatments - 1)),
    )


def friedman_of(rankings: Sequence[Ranking], models: Sequence[str]) -> Friedman | None:
    """The test on the mean place of each model on each prompt; rankings of only some of the models are left out."""
    by_query: dict[str, list[list[float]]] = {}
    for ranking in rankings:
        if len(ranking.places) == len(models):
            found = points(ranking)
            by_query.setdefault(ranking.query_id, []).append([found[model] for model in models])
    return friedman(np.round([np.mean(rows, axis=0) for rows in by_query.values()], 9)) if by_query else None
