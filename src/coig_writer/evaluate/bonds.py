"""Which models the comparisons tie together: only between these can scores be set side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coig_writer.evaluate.wins import Duels, Floats, Integers


@dataclass(frozen=True)
class Bonds:
    """How far a model's score is held by the data; parallel arrays, a model each."""

    component: Integers
    """Models of one number met each other, directly or by way of others; between components nothing is known."""
    bound: NDArray[np.bool_]
    """Whether the data bound the score: the model is in the largest group of its component in which each has beaten
    each, directly or by way of others (Ford 1957). A component of one is not bound: it met nobody."""
    group: Integers
    """Models of one number have beaten each other, directly or by way of others; between groups one side won all."""

    @classmethod
    def of(cls, duels: Duels) -> Bonds:
        """The bonds of these comparisons; a tie is one half of a win for both."""
        from scipy.sparse.csgraph import connected_components

        count = len(duels.models)
        if not count:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.bool_), np.zeros(0, np.int64))
        beaten = duels.wins > 0
        _, component = connected_components(beaten, directed=False)
        _, group = connected_components(beaten, directed=True, connection="strong")
        sizes = np.bincount(group)
        bound = np.zeros(count, np.bool_)
        for each in range(component.max() + 1):
            held = group[component == each]
            largest = held[sizes[held].argmax()]
            bound |= (group == largest) & (sizes[largest] > 1)
        return cls(component.astype(np.int64), bound, group.astype(np.int64))

    def centred(self, thetas: Floats) -> Floats:
        """Scores (rounds, models) moved so that the bound models of each component have mean 0, or all of its models
        where none is bound.

        A score without bound is as large as the prior lets it be; in the mean it would move everybody else's.
        """
        moved = thetas.copy()
        for each in range(self.component.max(initial=-1) + 1):
            inside = self.component == each
            held = inside & self.bound
            moved[:, inside] -= thetas[:, held if held.any() else inside].mean(axis=1, keepdims=True)
        return moved

    def components(self, models: Sequence[str]) -> list[list[str]]:
        """The models of each component, in their order."""
        found: dict[int, list[str]] = {}
        for model, component in zip(models, self.component.tolist(), strict=True):
            found.setdefault(component, []).append(model)
        return list(found.values())
