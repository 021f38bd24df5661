"""Counts and lengths of a set of triplets, by genre."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from coig_writer.schema import Triplet
from coig_writer.taxonomy import PARTS, Category, Genre, Part, categories, genres


@dataclass(frozen=True)
class Lengths:
    """Characters of some texts."""

    min: int
    mean: float
    median: float
    max: int

    @classmethod
    def of(cls, values: Sequence[int]) -> Lengths:
        """Of at least one length."""
        return cls(min(values), fmean(values), median(values), max(values))


@dataclass(frozen=True)
class GenreCount:
    """What a set holds of one genre."""

    genre: Genre
    category: Category
    count: int
    share: float
    """Of all triplets in the set, 0–1."""
    median_total: float | None
    """Median of the deciding sums of six scores; None where nothing is scored."""
    lengths: dict[Part, Lengths]


def text_of(triplet: Triplet, part: Part) -> str:
    """The article, the prompt or the reasoning of a triplet."""
    return {"article": triplet.article.text, "prompt": triplet.prompt, "reasoning": triplet.reasoning}[part]


def lengths(triplets: Iterable[Triplet]) -> dict[Part, Lengths]:
    """Part → lengths; empty for no triplets."""
    found = list(triplets)
    return {part: Lengths.of([len(text_of(each, part)) for each in found]) for part in PARTS} if found else {}


def count_genres(triplets: Sequence[Triplet]) -> list[GenreCount]:
    """One entry for each genre that occurs, in the order of the taxonomy."""
    groups: dict[str, list[Triplet]] = defaultdict(list)
    for triplet in triplets:
        groups[triplet.genre].append(triplet)
    return [_count(genre, groups[slug], len(triplets)) for slug, genre in genres().items() if slug in groups]


def _count(genre: Genre, members: list[Triplet], of: int) -> GenreCount:
    totals = [each.deciding_scores.total for each in members if each.deciding_scores]
    return GenreCount(
        genre=genre,
        category=categories()[genre.category],
        count=len(members),
        share=len(members) / of,
        median_total=median(totals) if totals else None,
        lengths=lengths(members),
    )
