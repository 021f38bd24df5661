"""What a judge found out about one answer, as it lies in the result files."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from coig_writer.evaluate.evidence import find_quote
from coig_writer.evaluate.read_table import MARKS
from coig_writer.schema import Rater, Rating, Record


class Status(StrEnum):
    JUDGED = "judged"
    ERROR = "error"
    """The judge gave no usable judgement; it is asked again by the next run."""
    EMPTY = "empty"
    """The answer has no text, so there is nothing to judge."""
    NO_ANSWER = "no_answer"
    """The prediction holds an error in place of an answer."""


class Evidence(Record):
    """What the judge quotes from the answer, checked by program."""

    quote: str
    at: tuple[int, int] | None = None
    """Start and end of the quotation in the answer, in characters; None: it does not stand there."""

    @classmethod
    def of(cls, quote: str, answer: str) -> Evidence:
        return cls(quote=quote.strip(), at=find_quote(quote, answer))

    @property
    def state(self) -> Literal["verified", "unverified", "none"]:
        """`none` when the judge quoted nothing."""
        if not self.quote:
            return "none"
        return "verified" if self.at else "unverified"


class Mark(Record):
    """0–3 on one dimension."""

    mark: int = Field(ge=0, le=3)
    reason: str
    evidence: Evidence


class Verdict(Record):
    """Whether one criterion of the query is met."""

    criterion: str
    verdict: Literal["met", "partly", "not"]
    reason: str
    evidence: Evidence


class Judgement(Record):
    """One prediction row with its status and, when it was judged, five marks and the verdicts on the criteria."""

    id: str
    """The query's."""
    model: str
    sample: int = 0
    language: Literal["zh", "en"]
    genre: str | None = None
    status: Status
    flags: list[str] = Field(default_factory=list)
    """What is odd about the answer: those of `Response`, and `orders` when it gives its reader orders."""
    cut: str | None = None
    """Set when the judge saw only the answer's beginning: how much, and why."""
    marks: dict[str, Mark] = Field(default_factory=dict)
    """By dimension, in the order of `MARKS`; from the first reading."""
    again: list[dict[str, int]] = Field(default_factory=list)
    """The marks of further readings, by dimension."""
    criteria: list[Verdict] = Field(default_factory=list)
    by: Rater | None = None
    error: str | None = None
    query: str
    response: str | None = None

    @property
    def evidence(self) -> list[Evidence]:
        return [mark.evidence for mark in self.marks.values()] + [verdict.evidence for verdict in self.criteria]

    @property
    def met(self) -> float | None:
        """Share (0–1) of the criteria that are met, those met partly as one half; None when there are none."""
        worth = {"met": 1.0, "partly": 0.5, "not": 0.0}
        return sum(worth[each.verdict] for each in self.criteria) / len(self.criteria) if self.criteria else None

    def rating(self) -> Rating:
        """The five marks as a rating; only for an answer that was judged."""
        assert self.by is not None
        return Rating(
            query_id=self.id, model=self.model, rater=self.by, **{name: self.marks[name].mark for name in MARKS}
        )
