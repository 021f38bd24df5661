"""Pairs of answers to one query, and what a judge that saw them in both orders came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Literal

from pydantic import Field

from coig_writer.errors import InputError, SettingError
from coig_writer.evaluate.items import Item
from coig_writer.evaluate.votes import natural
from coig_writer.schema import Ranking, Rater, Record

Better = Literal["first", "second", "tie"]


@dataclass(frozen=True, slots=True)
class Match:
    """Two models' answers to one query."""

    a: Item
    b: Item

    @property
    def query(self) -> str:
        return self.a.response.id

    @property
    def models(self) -> tuple[str, str]:
        return self.a.model, self.b.model

    @property
    def id(self) -> str:
        """Unique within a run."""
        return f"{self.a.model}/{self.b.model}/{self.query}"


class Reading(Record):
    """One of the two times that a judge read a pair."""

    shown: tuple[str, str]
    """The models in the order of display."""
    better: Better
    reason: str

    @property
    def winner(self) -> str | None:
        """The model that was found better; None for a tie."""
        return {"first": self.shown[0], "second": self.shown[1], "tie": None}[self.better]


class PairJudgement(Record):
    """A pair read in both orders."""

    id: str
    """The query's."""
    language: Literal["zh", "en"]
    a: str
    b: str
    readings: list[Reading] = Field(default_factory=list)
    """Two, unless judging failed."""
    by: Rater | None = None
    cut: str | None = None
    """Set when the judge saw only the beginning of an answer."""
    error: str | None = None

    @property
    def consistent(self) -> bool:
        """Whether both readings came to the same."""
        return len({reading.winner for reading in self.readings}) == 1

    @property
    def winner(self) -> str | None:
        """The model that was found better in both orders; None for a tie."""
        return self.readings[0].winner if self.consistent else None

    @property
    def score(self) -> float:
        """1 when a wins, 0 when b does, one half for a tie."""
        return 0.5 if self.winner is None else float(self.winner == self.a)

    def ranking(self) -> Ranking:
        """What both orders came to; `shown` stays empty, since both were shown. Only for a judged pair."""
        return self._ranking(self.winner)

    def orders(self) -> list[Ranking]:
        """Each reading as a ranking of its own, with its order of display."""
        return [
            self._ranking(reading.winner).model_copy(update={"shown": list(reading.shown)}) for reading in self.readings
        ]

    def _ranking(self, winner: str | None) -> Ranking:
        assert self.by is not None
        places = {name: 1 if winner in (None, name) else 2 for name in (self.a, self.b)}
        return Ranking(query_id=self.id, rater=self.by, places=places)


def matches(items: Mapping[Path, Sequence[Item]], against: str | None = None) -> list[Match]:
    """All pairs of models on each query that both answered with some text, in the order of the queries.

    Only the first sample of a model takes part.

    Args:
        against: only pairs with this model.

    Raises:
        SettingError: there is no such model.
        InputError: fewer than two models, no shared query, or one id with two different queries.
    """
    answered: dict[str, dict[str, Item]] = {}
    for item in (item for each in items.values() for item in each):
        text = item.response.response or ""
        if item.response.sample == 0 and not item.response.error and text.strip():
            answered.setdefault(item.response.id, {})[item.model] = item
    models = sorted({model for each in answered.values() for model in each}, key=natural)
    if against is not None and against not in models:
        raise SettingError(f"no model {against!r}", where="--against", remedy=f"There are: {', '.join(models)}.")
    found = [
        Match(each[a], each[b])
        for each in answered.values()
        for a, b in combinations(models, 2)
        if a in each and b in each and against in (None, a, b)
    ]
    if not found:
        raise InputError(
            f"no query that two models answered (models: {', '.join(models) or 'none'})",
            where=", ".join(map(str, items)),
            remedy="Give the answers of two models or more to the same queries.",
        )
    _same_queries(found)
    return found


def _same_queries(found: Iterable[Match]) -> None:
    for match in found:
        if match.a.query.strip() != match.b.query.strip():
            raise InputError(
                f"{match.query} is another query for {match.a.model} than for {match.b.model}",
                remedy="Compare answers to the same queries.",
            )
