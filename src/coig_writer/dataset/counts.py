"""Counts and lengths of triplets by genre and category, gathered while the triplets pass.

What is kept is how often each length and each sum of scores occurs, so that a million triplets take no more
room than a thousand, and least, mean, quartiles and most are exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from coig_writer.dataset.formats import quality_score
from coig_writer.errors import SettingError
from coig_writer.schema import Triplet
from coig_writer.taxonomy import PARTS, Category, Genre, Part, categories, genres, resolve

Level = Literal["overall", "category", "genre"]
OUTSIDE = Category("outside", "体裁表以外", "Outside the taxonomy")
"""Where genres are counted that the taxonomy does not know."""


@dataclass(frozen=True)
class Lengths:
    """Characters of some texts. Quartiles are by linear interpolation, both ends included."""

    min: int
    q1: float
    median: float
    mean: float
    q3: float
    max: int

    @classmethod
    def of(cls, counts: Mapping[int, int]) -> Lengths:
        """Of at least one text; `counts` is length → number of texts."""
        q1, median, q3 = (quantile(counts, share) for share in (0.25, 0.5, 0.75))
        return cls(min(counts), q1, median, mean(counts), q3, max(counts))


def mean(counts: Mapping[int, int]) -> float:
    """Mean of whole numbers given as value → how often."""
    return sum(value * count for value, count in counts.items()) / sum(counts.values())


def quantile(counts: Mapping[int, int], share: float) -> float:
    """The value below which `share` (0–1) of at least one number lies, given as value → how often."""
    place = share * (sum(counts.values()) - 1)
    lower = int(place)
    found: list[int] = []
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        while len(found) < 2 and seen > lower + len(found):
            found.append(value)
        if len(found) == 2:
            break
    return found[0] + (found[-1] - found[0]) * (place - lower)


@dataclass(frozen=True)
class Group:
    """What a set holds of one genre, of one category, or in all."""

    slug: str
    """Of a genre or category, or `overall`; a genre that the taxonomy does not know is called as the data does."""
    level: Level
    count: int
    share: float
    """Of all triplets in the set, 0–1."""
    length_counts: Mapping[Part, Mapping[int, int]]
    """Part → length in characters → number of texts."""
    totals: Mapping[int, int]
    """Deciding sum of six scores → number of triplets; those without scores are absent."""

    @cached_property
    def lengths(self) -> dict[Part, Lengths]:
        """Part → lengths; empty for no triplets."""
        return {part: Lengths.of(counts) for part, counts in self.length_counts.items() if counts}

    @property
    def median_total(self) -> float | None:
        """Median of the deciding sums of six scores; None where nothing is scored."""
        return quantile(self.totals, 0.5) if self.totals else None

    @property
    def genre(self) -> Genre:
        """The genre, for a group that is one."""
        return genres().get(self.slug) or Genre(self.slug, OUTSIDE.slug, self.slug, self.slug, "", "")

    @property
    def category(self) -> Category:
        """The category, or that of the genre."""
        slug = self.slug if self.level == "category" else self.genre.category
        return categories().get(slug, OUTSIDE)


class Tally:
    """Counts triplets as they pass."""

    def __init__(self) -> None:
        self._lengths: dict[str, dict[Part, Counter[int]]] = {}
        self._totals: dict[str, Counter[int]] = {}

    def add(self, triplet: Triplet) -> None:
        genre = slug_of(triplet.genre)
        lengths = self._lengths.get(genre)
        if lengths is None:
            lengths = self._lengths[genre] = {part: Counter() for part in PARTS}
            self._totals[genre] = Counter()
        lengths["article"][len(triplet.article.text)] += 1
        lengths["prompt"][len(triplet.prompt)] += 1
        lengths["reasoning"][len(triplet.reasoning)] += 1
        if (total := quality_score(triplet)) is not None:
            self._totals[genre][total] += 1

    def add_all(self, other: Tally) -> None:
        """All that has passed another one."""
        for genre, lengths in other._lengths.items():
            mine = self._lengths.setdefault(genre, {part: Counter() for part in PARTS})
            for part, counter in lengths.items():
                mine[part].update(counter)
            self._totals.setdefault(genre, Counter()).update(other._totals[genre])

    def overall(self) -> Group:
        """All that has passed."""
        return self._group("overall", "overall", list(self._lengths))

    def categories(self) -> list[Group]:
        """One group for each category that has occurred, in the order of the taxonomy."""
        members: dict[str, list[str]] = {}
        for slug in self._in_order():
            members.setdefault(_category_of(slug), []).append(slug)
        order = [*categories(), OUTSIDE.slug]
        return [self._group(slug, "category", members[slug]) for slug in order if slug in members]

    def genres(self) -> list[Group]:
        """One group for each genre that has occurred, in the order of the taxonomy, unknown ones last."""
        return [self._group(slug, "genre", [slug]) for slug in self._in_order()]

    def _in_order(self) -> list[str]:
        known = [slug for slug in genres() if slug in self._lengths]
        return known + sorted(self._lengths.keys() - genres().keys())

    def _group(self, slug: str, level: Level, members: list[str]) -> Group:
        lengths: dict[Part, Counter[int]] = {
            part: _sum(self._lengths[each][part] for each in members) for part in PARTS
        }
        count = lengths["article"].total()
        of = sum(each["article"].total() for each in self._lengths.values())
        return Group(
            slug, level, count, count / of if of else 0.0, lengths, _sum(self._totals[each] for each in members)
        )


def _sum(counters: Iterable[Counter[int]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _category_of(genre: str) -> str:
    known = genres().get(genre)
    return known.category if known else OUTSIDE.slug


@lru_cache(maxsize=4096)
def slug_of(genre: str) -> str:
    """The slug of a genre, however it is spelt; a genre that the taxonomy does not know stays as it is."""
    try:
        return resolve(genre).slug
    except SettingError:
        return genre


def text_of(triplet: Triplet, part: Part) -> str:
    """The article, the prompt or the reasoning of a triplet."""
    return triplet.article.text if part == "article" else getattr(triplet, part)


def count_genres(triplets: Iterable[Triplet]) -> list[Group]:
    """One entry for each genre that occurs, in the order of the taxonomy."""
    tally = Tally()
    for triplet in triplets:
        tally.add(triplet)
    return tally.genres()
