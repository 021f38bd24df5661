"""Coefficients of agreement between raters: Krippendorff's α, Fleiss' κ, Cohen's κ."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from coig_writer.evaluate.choice import bootstrap, interval, known
from coig_writer.evaluate.wins import Floats

Level = Literal["nominal", "ordinal"]
What = TypeVar("What", bound=Hashable)
Units = Mapping[tuple[str, Any], Sequence[int]]
"""(query, what of it was judged) → the values that raters gave, as whole numbers; missing raters are just missing."""


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's α: 1 perfect, 0 as by chance."""

    alpha: float | None
    """None where nothing can be said: no unit with two raters, or only one value was ever given."""
    low: float | None
    high: float | None
    """95 % interval by resampling queries; None with too few of them, or where none differs from another."""
    units: int
    """Judged by two raters or more."""


def alpha_of(units: Units, level: Level) -> float | None:
    """α of these units without its interval; None where nothing can be said (see `Alpha`)."""
    kept = {unit: values for unit, values in units.items() if len(values) > 1}
    if not kept:
        return None
    names = sorted({value for values in kept.values() for value in values})
    (alpha,) = _alpha(_coincidences(kept, names).sum(axis=0)[None], level)
    return None if np.isnan(alpha) else float(alpha)


def krippendorff(units: Units, level: Level, rounds: int = 1000, seed: int = 0) -> Alpha:
    """α of these units, from the counts of coincidences of each query (Krippendorff 2011)."""
    kept = {unit: values for unit, values in units.items() if len(values) > 1}
    alpha = alpha_of(kept, level)
    if alpha is None:
        return Alpha(None, None, None, len(kept))
    counts = _coincidences(kept, sorted({value for values in kept.values() for value in values}))
    flat = counts.reshape(len(counts), -1)
    sampled = bootstrap(
        lambda weights: _alpha((weights @ flat).reshape(-1, *counts.shape[1:]), level), len(counts), rounds, seed
    )
    low, high = interval(sampled, len(counts))
    return Alpha(alpha, known(low), known(high), len(kept))


def _coincidences(units: Units, names: Sequence[int]) -> Floats:
    """(queries, values, values) how often two raters of one unit gave these two values, each unit weighing as many
    as it has raters."""
    at = {value: index for index, value in enumerate(names)}
    queries = {query: index for index, query in enumerate(dict.fromkeys(query for query, _ in units))}
    counts = np.zeros((len(queries), len(names), len(names)))
    for (query, _), values in units.items():
        given = np.bincount([at[value] for value in values], minlength=len(names)).astype(float)
        counts[queries[query]] += (np.outer(given, given) - np.diag(given)) / (len(values) - 1)
    return counts


def _alpha(counts: Floats, level: Level) -> Floats:
    """α of each matrix of coincidences: (rounds, values, values) → (rounds,); NaN where only one value occurs."""
    margins = counts.sum(axis=2)
    total = margins.sum(axis=1)
    if level == "nominal":
        distance = np.broadcast_to(1 - np.eye(counts.shape[1]), counts.shape)
    else:
        below = np.cumsum(margins, axis=1) - margins / 2
        distance = (below[:, :, None] - below[:, None, :]) ** 2
    observed = (counts * distance).sum(axis=(1, 2))
    expected = (margins[:, :, None] * margins[:, None, :] * distance).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        alpha: Floats = np.where(expected > 0, 1 - (total - 1) * observed / expected, np.nan)
    return alpha


def fleiss(units: Units) -> float | None:
    """Fleiss' κ over units with two raters or more; None if there is none or only one value was given.

    Units with different numbers of raters weigh alike in the observed agreement (Fleiss 1971 has equal numbers).
    """
    tables = [Counter(values) for values in units.values() if len(values) > 1]
    if not tables:
        return None
    agreed = []
    for table in tables:
        n = table.total()
        agreed.append(sum(count * (count - 1) for count in table.values()) / (n * (n - 1)))
    everything = sum(tables, Counter[int]())
    chance = sum((count / everything.total()) ** 2 for count in everything.values())
    return None if chance == 1 else (float(np.mean(agreed)) - chance) / (1 - chance)


def cohen(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Cohen's κ of two raters' values on the same units; None if there are none, or chance alone agrees fully."""
    n = len(first)
    if not n:
        return None
    one, two = Counter(first), Counter(second)
    chance = sum(one[value] * two[value] for value in one) / n**2
    agreed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    return None if chance == 1 else (agreed - chance) / (1 - chance)


def units_by(votes: Mapping[str, Mapping[tuple[str, What], int]]) -> dict[tuple[str, What], list[int]]:
    """Unit → values, from rater → unit → value."""
    units: defaultdict[tuple[str, What], list[int]] = defaultdict(list)
    for given in votes.values():
        for unit, value in given.items():
            units[unit].append(value)
    return dict(units)
