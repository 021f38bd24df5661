"""A judge held against people who rated the same answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from coig_writer.errors import InputError
from coig_writer.evaluate.agreement_of_marks import Agreement, agreement, ordinal_alpha
from coig_writer.evaluate.judgement import Judgement, Status
from coig_writer.evaluate.read import read_votes
from coig_writer.evaluate.read_table import MARKS
from coig_writer.evaluate.reliability import Alpha
from coig_writer.evaluate.votes import Topic
from coig_writer.files import read_jsonl
from coig_writer.schema import Rating

ALL = "all"
Answer = tuple[str, str]
"""Query id and model."""


@dataclass(frozen=True)
class Calibration:
    """One dimension: what the judge's marks are worth beside people's."""

    agreement: Agreement
    """Each person's mark beside the judge's: the first is the person's, the second the judge's."""
    commonest: float
    """Share (0–1) of people's marks that are the commonest one: what a judge gets right that always says the same."""
    order: float | None
    """Of two answers to one query that people mark differently: share (0–1) that the judge orders alike, equal marks
    as one half; a judge that knows nothing gets 0.5."""
    order_n: int
    meaning: list[tuple[float, int] | None]
    """For each mark of the judge from 0 to 3: people's mean mark there, and how many; None where it never gave it."""
    people_alpha: Alpha
    """Among people, where several rated one answer: what can be asked of a judge."""


@dataclass(frozen=True, slots=True)
class Parting:
    """An answer on which the judge and people differ."""

    query: str
    model: str
    judge: int
    people: float
    """Mean of their overall preference."""


@dataclass(frozen=True)
class JudgeReport:
    """One judge."""

    answers: int
    """Answers that both the judge and people rated."""
    groups: dict[str, dict[str, Calibration]]
    """`all` and each language, then by dimension."""
    parting: list[Parting]
    """Where overall preference differs most, the widest first."""


def read_judged(paths: Sequence[Path]) -> list[Rating]:
    """The ratings of judges.

    Args:
        paths: result folders of `eval`, its files of judgements, or files of ratings.

    Raises:
        InputError: a path is missing or holds no rating of a judge.
    """
    found: list[Rating] = []
    for path in (each / "ratings.jsonl" if each.is_dir() else each for each in paths):
        if path.stem.endswith(("_with_status", "_second_judge")):
            rows = read_jsonl(path, Judgement)
            ratings = [row.rating() for row in rows if row.status is Status.JUDGED and row.sample == 0]
        else:
            ratings = [each for each in read_votes([path]).ratings if each.rater.startswith("llm:")]
        if not ratings:
            raise InputError("no rating of a judge in it", where=str(path), remedy="Run coig-writer eval first.")
        found += ratings
    return found


def calibrate(
    people: Iterable[Rating], judged: Iterable[Rating], topics: Mapping[str, Topic] | None = None
) -> dict[str, JudgeReport]:
    """Judge (rater) → how it does beside people, on the answers that both rated.

    Raises:
        InputError: there is no such answer.
    """
    marked: dict[Answer, list[Rating]] = {}
    for rating in people:
        marked.setdefault((rating.query_id, rating.model), []).append(rating)
    judges: dict[str, dict[Answer, Rating]] = {}
    for rating in judged:
        if (rating.query_id, rating.model) in marked:
            judges.setdefault(rating.rater, {})[rating.query_id, rating.model] = rating
    if not judges:
        raise InputError(
            "no answer was rated by people and judged too",
            remedy="Query ids and models must be the same in both; models go by the names in the results of eval.",
        )
    return {rater: _report(marked, ratings, topics or {}) for rater, ratings in judges.items()}


def _report(
    people: Mapping[Answer, Sequence[Rating]], judge: Mapping[Answer, Rating], topics: Mapping[str, Topic]
) -> JudgeReport:
    languages = {answer: topics.get(answer[0], Topic()).language for answer in judge}
    groups = {ALL: dict(judge)}
    known = sorted({language for language in languages.values() if language})
    if len(known) > 1:
        groups |= {
            name: {answer: each for answer, each in judge.items() if languages[answer] == name} for name in known
        }
    partings = [
        Parting(*answer, rating.overall_preference, _mean([each.overall_preference for each in people[answer]]))
        for answer, rating in judge.items()
    ]
    return JudgeReport(
        answers=len(judge),
        groups={
            group: {name: _calibration(people, ratings, name) for name in MARKS} for group, ratings in groups.items()
        },
        parting=sorted(
            (each for each in partings if each.judge != each.people), key=lambda p: -abs(p.judge - p.people)
        ),
    )


def _calibration(people: Mapping[Answer, Sequence[Rating]], judge: Mapping[Answer, Rating], name: str) -> Calibration:
    marks = {answer: [getattr(each, name) for each in people[answer]] for answer in judge}
    given = {answer: getattr(rating, name) for answer, rating in judge.items()}
    pairs = [(mark, given[answer], answer[0]) for answer, each in marks.items() for mark in each]
    first, second, prompts = (list(each) for each in zip(*pairs, strict=True))
    order, order_n = _order(marks, given)
    by_mark = [[mark for mark, judged, _ in pairs if judged == level] for level in range(4)]
    return Calibration(
        agreement=agreement(first, second, prompts),
        commonest=max(Counter(first).values()) / len(first),
        order=order,
        order_n=order_n,
        meaning=[(_mean(each), len(each)) if each else None for each in by_mark],
        people_alpha=ordinal_alpha([(answer[0], each) for answer, each in marks.items()]),
    )


def _order(people: Mapping[Answer, Sequence[int]], judge: Mapping[Answer, int]) -> tuple[float | None, int]:
    queries: dict[str, list[Answer]] = {}
    for answer in judge:
        queries.setdefault(answer[0], []).append(answer)
    alike = [
        _alike(_mean(people[a]) - _mean(people[b]), judge[a] - judge[b])
        for answers in queries.values()
        for a, b in combinations(answers, 2)
        if _mean(people[a]) != _mean(people[b])
    ]
    return (_mean(alike) if alike else None), len(alike)


def _alike(people: float, judge: float) -> float:
    return 0.5 if judge == 0 else float((people > 0) == (judge > 0))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
