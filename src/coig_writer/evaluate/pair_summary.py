"""What pairwise judgements come to, and how far the order of display decided them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from coig_writer.evaluate.cost import Cost
from coig_writer.evaluate.pairs import PairJudgement
from coig_writer.evaluate.significance import wilson_clustered


@dataclass(frozen=True)
class Share:
    """A share with Wilson's 95 % interval for as many independent outcomes as the queries are worth; all None when
    there is nothing to share."""

    count: int
    n: int
    rate: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, counted: Sequence[bool], queries: Sequence[str]) -> Share:
        """The share of those that are counted, each on the query at its place."""
        count, n = sum(counted), len(counted)
        if not n:
            return cls(count, n, None, None, None)
        return cls(count, n, count / n, *wilson_clustered([float(each) for each in counted], queries))


@dataclass(frozen=True)
class PairResult:
    """Two models on all queries on which they were compared."""

    a: str
    b: str
    n: int
    wins_a: int
    wins_b: int
    ties: int
    win_rate_a: float
    """Share (0–1) of wins of a, ties as one half."""


@dataclass(frozen=True)
class PairSummary:
    """All pairs of one run."""

    judge: str | None
    candidates: int
    """Pairs of all models that there are."""
    judged: int
    errors: int
    """Pairs without a judgement; in no other figure."""
    ties: int
    """Both readings found a tie, or they differ."""
    inconsistent: int
    """The readings differ; counted as ties."""
    consistency: Share
    """Pairs of which both readings came to the same."""
    first_shown: Share
    """Readings with a winner in which the answer that stood first won; 0.5 for a judge without position bias."""
    pairs: list[PairResult]
    cut: int
    """Pairs of which the judge saw an answer's beginning only."""

    @property
    def saving(self) -> float:
        """Share (0–1) of all pairs that did not have to be judged."""
        return 1 - (self.judged + self.errors) / self.candidates if self.candidates else 0.0


def summarise_pairs(rows: Sequence[PairJudgement], candidates: int) -> PairSummary:
    """The summary of one run.

    Args:
        candidates: how many pairs of all models there are; more than `rows` when only those with one model were judged,
            or those chosen adaptively.
    """
    judged = [row for row in rows if row.readings]
    decided = [(row.id, reading) for row in judged for reading in row.readings if reading.better != "tie"]
    consistent = sum(row.consistent for row in judged)
    return PairSummary(
        judge=next((row.by for row in judged), None),
        candidates=candidates,
        judged=len(judged),
        errors=len(rows) - len(judged),
        ties=sum(row.winner is None for row in judged),
        inconsistent=len(judged) - consistent,
        consistency=Share.of([row.consistent for row in judged], [row.id for row in judged]),
        first_shown=Share.of([each.better == "first" for _, each in decided], [query for query, _ in decided]),
        pairs=[_result([row for row in judged if (row.a, row.b) == pair]) for pair in _pairs(judged)],
        cut=sum(row.cut is not None for row in judged),
    )


def _pairs(rows: Sequence[PairJudgement]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((row.a, row.b) for row in rows))


def _result(rows: Sequence[PairJudgement]) -> PairResult:
    a, b = rows[0].a, rows[0].b
    wins_a, wins_b = (sum(row.winner == name for row in rows) for name in (a, b))
    ties = len(rows) - wins_a - wins_b
    return PairResult(a, b, len(rows), wins_a, wins_b, ties, (wins_a + ties / 2) / len(rows))


def summary_json(summary: PairSummary, cost: Cost) -> dict[str, Any]:
    """The summary and what it took as JSON values."""
    return {**asdict(summary), "saving": summary.saving, "cost": asdict(cost)}
