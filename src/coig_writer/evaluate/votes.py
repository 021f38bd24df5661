"""What people and judges said about models' answers, as one collection that all statistics start from."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from coig_writer.schema import Ranking, Rating
from coig_writer.taxonomy import genres

UNNAMED = "unnamed"
"""Rater of table rows that name none; such rows are never taken for repeats of each other."""
Vote = TypeVar("Vote", Ranking, Rating)


@dataclass(frozen=True, slots=True)
class Topic:
    """What is known of a query, to group by."""

    language: str | None = None
    genre: str | None = None

    @property
    def category(self) -> str | None:
        """Slug of the genre's category; None when the genre is not in the taxonomy."""
        known = genres().get(self.genre or "")
        return known.category if known else None


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that was not used, where it stands, and why."""

    file: str
    row: int
    reason: str


@dataclass(frozen=True)
class Votes:
    """Rankings and ratings with what is known of their queries and answers."""

    rankings: list[Ranking] = field(default_factory=list)
    """Complete orders, partial orders and pairs alike: a pair is a ranking of two."""
    ratings: list[Rating] = field(default_factory=list)
    topics: dict[str, Topic] = field(default_factory=dict)
    """Query id → topic."""
    lengths: dict[tuple[str, str], int] = field(default_factory=dict)
    """(query id, model) → characters of the answer."""
    unread: list[Unread] = field(default_factory=list)

    @property
    def models(self) -> list[str]:
        """All models that were ranked or rated, in natural order (`CW+5k` before `CW+10k`)."""
        names = {model for ranking in self.rankings for model in ranking.places}
        return sorted(names | {rating.model for rating in self.ratings}, key=natural)

    @property
    def languages(self) -> list[str]:
        """Languages of the judged queries, in alphabetical order; queries of no known language have none."""
        found = {self.topic(query).language for query in self.queries}
        return sorted(language for language in found if language)

    @property
    def queries(self) -> set[str]:
        """Ids of the queries on which anybody voted."""
        return {each.query_id for each in self.rankings} | {each.query_id for each in self.ratings}

    def topic(self, query: str) -> Topic:
        return self.topics.get(query, Topic())

    def about(self, wanted: Callable[[Topic], bool]) -> Votes:
        """The votes on queries whose topic is wanted."""
        return replace(
            self,
            rankings=[each for each in self.rankings if wanted(self.topic(each.query_id))],
            ratings=[each for each in self.ratings if wanted(self.topic(each.query_id))],
        )

    def by(self, kind: str) -> Votes:
        """The votes of one kind of rater, `human` or `llm`."""
        return replace(
            self,
            rankings=[each for each in self.rankings if each.rater.startswith(f"{kind}:")],
            ratings=[each for each in self.ratings if each.rater.startswith(f"{kind}:")],
        )


def natural(name: str) -> list[tuple[int, str]]:
    """A sort key that reads the numbers in a name as numbers."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", name)]


def points(ranking: Ranking) -> dict[str, float]:
    """Model → share (0–1) of the others that it beats in this ranking, ties as one half."""
    places = ranking.places
    return {
        model: sum((other > place) + 0.5 * (other == place) for name, other in places.items() if name != model)
        / (len(places) - 1)
        for model, place in places.items()
    }


def ranked_by_preference(ratings: Iterable[Rating]) -> list[Ranking]:
    """One ranking for each query and rater with marks for two models or more: higher overall preference, better place.

    Equal marks are ties, so marks from 0 to 3 rank less finely than an order would.
    """
    sheets: dict[tuple[str, str], dict[str, int]] = {}
    for rating in ratings:
        sheets.setdefault((rating.query_id, rating.rater), {})[rating.model] = rating.overall_preference
    return [
        Ranking(query_id=query, rater=rater, places=places_of(marks))
        for (query, rater), marks in sheets.items()
        if len(marks) > 1
    ]


def places_of(marks: dict[str, int] | dict[str, float]) -> dict[str, int]:
    """Model → place for marks of which more is better; equal marks share the better place (1, 2, 2, 4)."""
    return {model: 1 + sum(other > mark for other in marks.values()) for model, mark in marks.items()}


def without_repeats(
    votes: Sequence[tuple[Vote, Unread]], subject: Callable[[Vote], Hashable]
) -> tuple[list[Vote], list[Unread]]:
    """The last vote of each rater on each subject, and the earlier ones as unused rows.

    Args:
        votes: each with its place, as the `Unread` that it becomes when a later one replaces it.
        subject: what a rater can have only one opinion of.
    """
    latest = {(vote.rater, subject(vote)): index for index, (vote, _) in enumerate(votes)}
    kept = set(latest.values())
    return (
        [vote for index, (vote, _) in enumerate(votes) if index in kept],
        [place for index, (_, place) in enumerate(votes) if index not in kept],
    )
