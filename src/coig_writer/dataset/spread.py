"""How evenly things are spread over names: Gini coefficient, largest share, effective number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """How items are spread over names, such as articles over authors."""

    names: int
    """Different names."""
    known: int
    """Items whose name is recorded."""
    unknown: int
    largest: str | None
    """The name with most items, the first by alphabet among equals; None where none is recorded."""
    largest_count: int
    gini: float
    """0 when every name has as many items, towards 1 when one has nearly all (over the names that occur)."""
    effective: float
    """Number of names among which items, spread evenly, would meet as seldom: 1 / Σ share² (inverse Simpson index)."""

    @property
    def largest_share(self) -> float:
        """Of the items whose name is recorded, 0–1."""
        return self.largest_count / self.known if self.known else 0.0

    @property
    def unknown_share(self) -> float:
        """Of all items, 0–1."""
        return self.unknown / (self.known + self.unknown) if self.known + self.unknown else 0.0

    @classmethod
    def of(cls, counts: Mapping[str | None, int]) -> Spread:
        """Of name → items; under None those whose name is not recorded."""
        named = {name: count for name, count in counts.items() if name is not None and count}
        largest = min(named, key=lambda name: (-named[name], name), default=None)
        known = sum(named.values())
        return cls(
            names=len(named),
            known=known,
            unknown=counts.get(None, 0),
            largest=largest,
            largest_count=named[largest] if largest is not None else 0,
            gini=gini(list(named.values())),
            effective=known**2 / sum(count**2 for count in named.values()) if named else 0.0,
        )


def gini(counts: list[int]) -> float:
    """Gini coefficient of some counts, from 0 to 1 − 1/n: half the mean difference of all pairs, over the mean."""
    total, size = sum(counts), len(counts)
    if not total:
        return 0.0
    ranked = sum(rank * count for rank, count in enumerate(sorted(counts), 1))
    return (2 * ranked - (size + 1) * total) / (size * total)
