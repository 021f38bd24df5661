"""What judgements say about models: means, differences, criteria, evidence, and how far the judge is to be trusted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from coig_writer.evaluate.agreement_of_marks import Agreement, agreement, ordinal_alpha
from coig_writer.evaluate.judgement import Judgement, Status
from coig_writer.evaluate.means import Mean, by_prompt, mean_of, paired
from coig_writer.evaluate.read_table import MARKS
from coig_writer.evaluate.votes import natural

MET = "criteria_met"
"""Beside the five dimensions: the share (0–1) of a query's criteria that an answer meets, partly counting one half."""
ALL = "all"


@dataclass(frozen=True)
class ModelResult:
    """One model in one group of queries."""

    rows: int
    statuses: dict[str, int]
    """Adds up to `rows`."""
    flags: dict[str, int]
    means: dict[str, Mean | None]
    """By dimension and `criteria_met`, of the answers that were judged."""
    empty_as_zero: dict[str, Mean | None]
    """The same with 0 for each answer that is empty, so that a model gains nothing by keeping silent."""
    marks: dict[str, list[int]]
    """By dimension: how often each mark from 0 to 3 was given."""
    flat: int
    """Judged answers with the same mark on all five dimensions; if many, the judge does not tell these apart."""
    verdicts: dict[str, int]
    evidence: dict[str, int]
    """Quotations by state: `verified`, `unverified`, `none`."""


@dataclass(frozen=True)
class Difference:
    """Two models on the prompts that both answered."""

    a: str
    b: str
    means: dict[str, Mean | None]
    """Mean of a minus b, by dimension and `criteria_met`."""


@dataclass(frozen=True)
class Group:
    """All queries, or those of one language."""

    models: dict[str, ModelResult]
    differences: list[Difference]


@dataclass(frozen=True)
class Consistency:
    """How far further readings repeat the marks of the first one."""

    n: int
    """Answers that were read several times."""
    readings: int
    exact: float
    """Share (0–1) of further marks that equal the first reading's."""
    within_one: float
    alpha: float | None
    """Krippendorff's α, ordinal, over all readings."""


@dataclass(frozen=True)
class Summary:
    """Everything that the judgements of one judge come to."""

    judge: str | None
    """The rater; None when not one answer was judged."""
    groups: dict[str, Group]
    """`all`, then each language if there are several."""
    consistency: dict[str, Consistency]
    """By dimension; empty without further readings."""
    second: dict[str, Agreement]
    """By dimension: agreement with the second judge; empty without one."""
    errors: dict[str, int]
    """What went wrong in judging, by kind."""


def summarise(rows: Sequence[Judgement], second: Sequence[Judgement] = ()) -> Summary:
    """The summary of all judgements of one run.

    Args:
        second: judgements of the same answers by another judge.
    """
    languages = sorted({row.language for row in rows})
    groups: dict[str, Sequence[Judgement]] = {ALL: rows}
    if len(languages) > 1:
        groups |= {language: [row for row in rows if row.language == language] for language in languages}
    return Summary(
        judge=next((row.by for row in rows if row.by), None),
        groups={name: _group(each) for name, each in groups.items()},
        consistency={name: found for name in MARKS if (found := _consistency(rows, name))},
        second=_second(rows, second),
        errors=dict(Counter(_kind(row) for row in rows if row.status is Status.ERROR)),
    )


def _kind(row: Judgement) -> str:
    return ": ".join((row.error or "").split(": ")[:2])


def _group(rows: Sequence[Judgement]) -> Group:
    models = sorted({row.model for row in rows}, key=natural)
    of = {model: [row for row in rows if row.model == model] for model in models}
    values = {model: _values(of[model]) for model in models}
    return Group(
        models={model: _result(of[model], values[model]) for model in models},
        differences=[
            Difference(a, b, {name: paired(values[a][name], values[b][name]) for name in (*MARKS, MET)})
            for a, b in combinations(models, 2)
        ],
    )


def _values(rows: Iterable[Judgement], empty: float | None = None) -> dict[str, dict[str, float]]:
    """Dimension → prompt → mean value; an empty answer counts as `empty`, or not at all."""
    found: dict[str, list[tuple[str, float]]] = {name: [] for name in (*MARKS, MET)}
    for row in rows:
        if row.status is Status.JUDGED:
            for name in MARKS:
                found[name].append((row.id, row.marks[name].mark))
            if row.met is not None:
                found[MET].append((row.id, row.met))
        elif row.status is Status.EMPTY and empty is not None:
            for values in found.values():
                values.append((row.id, empty))
    return {name: by_prompt(each) for name, each in found.items()}


def _result(rows: Sequence[Judgement], values: Mapping[str, Mapping[str, float]]) -> ModelResult:
    judged = [row for row in rows if row.status is Status.JUDGED]
    marks = {name: Counter(row.marks[name].mark for row in judged) for name in MARKS}
    verdicts = Counter(each.verdict for row in judged for each in row.criteria)
    evidence = Counter(each.state for row in judged for each in row.evidence)
    return ModelResult(
        rows=len(rows),
        statuses={each.value: sum(row.status is each for row in rows) for each in Status},
        flags=dict(sorted(Counter(flag for row in rows for flag in row.flags).items())),
        means={name: mean_of(each) for name, each in values.items()},
        empty_as_zero={name: mean_of(each) for name, each in _values(rows, empty=0.0).items()},
        marks={name: [counts[mark] for mark in range(4)] for name, counts in marks.items()},
        flat=sum(len({each.mark for each in row.marks.values()}) == 1 for row in judged),
        verdicts={name: verdicts[name] for name in ("met", "partly", "not")},
        evidence={name: evidence[name] for name in ("verified", "unverified", "none")},
    )


def _consistency(rows: Iterable[Judgement], name: str) -> Consistency | None:
    units = [
        (row.id, [row.marks[name].mark, *(reading[name] for reading in row.again)])
        for row in rows
        if row.status is Status.JUDGED and row.again
    ]
    gaps = [abs(mark - first) for _, (first, *others) in units for mark in others]
    if not gaps:
        return None
    return Consistency(
        n=len(units),
        readings=max(len(marks) for _, marks in units),
        exact=sum(gap == 0 for gap in gaps) / len(gaps),
        within_one=sum(gap <= 1 for gap in gaps) / len(gaps),
        alpha=ordinal_alpha(units).alpha,
    )


def _second(rows: Iterable[Judgement], second: Iterable[Judgement]) -> dict[str, Agreement]:
    others = {(row.model, row.id, row.sample): row for row in second if row.status is Status.JUDGED}
    pairs = [
        (row, others[row.model, row.id, row.sample])
        for row in rows
        if row.status is Status.JUDGED and (row.model, row.id, row.sample) in others
    ]
    if not pairs:
        return {}
    prompts = [row.id for row, _ in pairs]
    return {
        name: agreement(
            [row.marks[name].mark for row, _ in pairs], [other.marks[name].mark for _, other in pairs], prompts
        )
        for name in MARKS
    }
