"""One metric of several models over what they were trained on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from coig_writer.evaluate.threshold import ChangePoint, Crossing, Point

WIN_RATE = "win_rate"


@dataclass(frozen=True)
class Curve:
    """One metric over the ratio of general to creative samples."""

    metric: str
    base: str
    pool: str
    """The triplets: their languages and number."""
    language: str
    """Of the queries."""
    names: list[str]
    """The mixtures, in the order of the points."""
    points: list[Point]
    """Doses are general samples for each creative one, as they truly are."""
    alone: Point | None
    """The set without triplets; its dose is not a number and written as 0."""
    seeds: int
    change: ChangePoint | None
    crossing: Crossing | None
    """Both None with fewer than three doses."""

    @property
    def value(self) -> dict[str, Any]:
        return asdict(self)
