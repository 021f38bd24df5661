"""A set's figures beside the published ones, and where the published ones do not agree with each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from coig_writer.dataset.counts import Group, Level
from coig_writer.dataset.statistics import Statistics
from coig_writer.taxonomy import PARTS, Part, Published, categories, genres, published

Bound = Literal["min", "mean", "max"]
BOUNDS: tuple[Bound, ...] = ("min", "mean", "max")


@dataclass(frozen=True)
class Pair:
    """One figure of a set beside the published one."""

    figure: str
    """`count`, `share` (per cent), or `article_mean` and the like (characters)."""
    ours: float | None
    """None where the set has nothing of this group."""
    published: float | None
    """None where none is published."""
    places: int = 0
    """Decimal places to which the published figure is printed."""

    @property
    def agrees(self) -> bool | None:
        """Whether ours, rounded as the published one is, is the same; None where one of the two is missing."""
        if self.ours is None or self.published is None:
            return None
        return within_rounding(self.ours, self.published, self.places)


@dataclass(frozen=True)
class ComparedGroup:
    """All figures of one genre or category, or of the whole."""

    slug: str
    level: Level
    pairs: list[Pair]

    @property
    def missing(self) -> int:
        """Triplets by which the set falls short of the published count."""
        count = self.pairs[0]
        return max(0, round((count.published or 0) - (count.ours or 0)))

    @property
    def differing(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.agrees is False]


@dataclass(frozen=True)
class Contradiction:
    """A published figure that does not follow from the published rows below it."""

    of: str
    """Slug of the category, or `overall`."""
    figure: str
    printed: float
    from_rows: float
    """What the rows give: the mean weighted by their counts, the least, the most, or the sum."""


def compare(found: Statistics) -> list[ComparedGroup]:
    """The set beside the paper (tables 5–10 of arXiv 2510.14763): overall, each category, each genre.

    Genres of the taxonomy without published figures are there when the set has them, with None as published.
    """
    ours: dict[tuple[Level, str], Group] = {("overall", "overall"): found.overall}
    ours |= {(group.level, group.slug): group for group in (*found.categories, *found.genres)}
    order: list[tuple[Level, str]] = [("overall", "overall")]
    order += [("category", slug) for slug in categories()]
    order += [("genre", slug) for slug in genres()]
    order += [key for key in ours if key not in order]
    return [
        _compared(level, slug, ours.get((level, slug)), published().get(slug))
        for level, slug in order
        if (level, slug) in ours or slug in published()
    ]


def _compared(level: Level, slug: str, ours: Group | None, theirs: Published | None) -> ComparedGroup:
    pairs = [Pair("count", ours.count if ours else 0, theirs.count if theirs else None)]
    if level != "genre":
        pairs.append(Pair("share", 100 * ours.share if ours else 0.0, theirs.share if theirs else None, 1))
    places = {"mean": 2 if level == "genre" else 0}
    pairs += [
        Pair(
            f"{part}_{bound}",
            getattr(ours.lengths[part], bound) if ours and ours.lengths else None,
            getattr(theirs.lengths[part], bound) if theirs else None,
            places.get(bound, 0),
        )
        for part in PARTS
        for bound in BOUNDS
    ]
    return ComparedGroup(slug, level, pairs)


def contradictions() -> list[Contradiction]:
    """Every published figure of a category, or of the whole, that the published rows below it do not give.

    Below a category are its genres; one whose genres have no published rows (poetry, script) cannot be checked.
    Below the whole are all genres, and those categories themselves.
    """
    below: dict[str, list[str]] = {"overall": []}
    for category in categories():
        members = [genre.slug for genre in genres().values() if genre.category == category]
        if all(member in published() for member in members):
            below[category] = members
            below["overall"] += members
        elif category in published():
            below["overall"].append(category)
    return [
        found
        for slug, members in below.items()
        for found in _contradictions(published()[slug], [published()[member] for member in members])
    ]


def _contradictions(whole: Published, rows: list[Published]) -> Iterator[Contradiction]:
    """Means are given half a unit of their last printed place, and the rows' means theirs."""
    slack = 0.5 + sum(row.count * 0.5 * 10 ** -mean_places(row) for row in rows) / sum(row.count for row in rows)
    for figure, printed, given in _derived(whole, rows):
        if abs(printed - given) > (slack if figure.endswith("mean") else 0):
            yield Contradiction(whole.of, figure, printed, given)


def mean_places(row: Published) -> int:
    """Decimal places to which a row's means are printed: genres have two, categories none."""
    return 2 if row.share is None else 0


def _derived(whole: Published, rows: list[Published]) -> Iterator[tuple[str, float, float]]:
    """(figure, as printed, as the rows give it)"""
    yield "count", whole.count, sum(row.count for row in rows)
    for part in PARTS:
        lengths = [row.lengths[part] for row in rows]
        given: Mapping[Bound, float] = {
            "min": min(each.min for each in lengths),
            "mean": weighted_mean(rows, part),
            "max": max(each.max for each in lengths),
        }
        for bound in BOUNDS:
            yield f"{part}_{bound}", getattr(whole.lengths[part], bound), given[bound]


def weighted_mean(rows: list[Published], part: Part) -> float:
    """Mean length over all texts of some published rows, in characters."""
    return sum(row.count * row.lengths[part].mean for row in rows) / sum(row.count for row in rows)


def within_rounding(value: float, printed: float, places: int) -> bool:
    """Whether `value` may have been printed as `printed` with so many decimal places."""
    return abs(value - printed) <= 0.5 * 10**-places + 1e-9
