"""Who beat whom: the outcomes of all pairs that rankings contain, and their sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from coig_writer.schema import Ranking

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Duels:
    """One row for each pair of models in each ranking; parallel arrays."""

    models: tuple[str, ...]
    queries: tuple[str, ...]
    query: Integers
    """Index into `queries`: duels on one query are not independent, so it is what a bootstrap resamples."""
    ranking: Integers
    """Index of the ranking that the duel is from."""
    first: Integers
    second: Integers
    """Indices into `models`, `first` below `second`."""
    score: Floats
    """Of the first: 1 it won, 0 it lost, ½ a tie."""

    @classmethod
    def of(cls, rankings: Sequence[Ranking], models: Sequence[str]) -> Duels:
        """The pairs of these rankings, whose models are all in `models`."""
        at = {model: index for index, model in enumerate(models)}
        queries = {query: index for index, query in enumerate(dict.fromkeys(each.query_id for each in rankings))}
        rows: list[tuple[int, int, int, int]] = []
        scores: list[float] = []
        for number, ranking in enumerate(rankings):
            query = queries[ranking.query_id]
            placed = sorted((at[model], place) for model, place in ranking.places.items())
            for (first, place), (second, other) in combinations(placed, 2):
                rows.append((query, number, first, second))
                scores.append((1 + (place < other) - (place > other)) / 2)
        query_of, ranking_of, first_of, second_of = np.array(rows, dtype=np.int64).reshape(-1, 4).T
        return cls(tuple(models), tuple(queries), query_of, ranking_of, first_of, second_of, np.array(scores))

    @property
    def wins(self) -> Floats:
        """(models, models) how often the row beat the column; ties count one half on both sides."""
        return self._sum(self.first, self.second, self.score) + self._sum(self.second, self.first, 1 - self.score)

    @property
    def ties(self) -> Floats:
        """(models, models) how often row and column stood in one place; symmetric."""
        tied = (self.score == 0.5).astype(float)
        return self._sum(self.first, self.second, tied) + self._sum(self.second, self.first, tied)

    def _sum(self, rows: Integers, columns: Integers, values: Floats) -> Floats:
        count = len(self.models)
        sums: Floats = np.bincount(rows * count + columns, values, count * count).astype(float)
        return sums.reshape(count, count)
