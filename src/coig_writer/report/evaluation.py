"""The results of an evaluation as files: summary, workbook, page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from coig_writer.evaluate.eval_summary import MET
from coig_writer.evaluate.evaluation import Evaluation
from coig_writer.evaluate.judgement import Judgement, Status
from coig_writer.evaluate.means import Mean
from coig_writer.evaluate.read_table import MARKS
from coig_writer.files import write_json, write_text
from coig_writer.llm.registry import EMBEDDED
from coig_writer.report.labels import FLAGS, Label
from coig_writer.report.page import render_page
from coig_writer.report.workbook import write_workbook

LISTED = 300
"""Answers on the page; the JSON Lines have all of them."""
DIMENSIONS = {
    "content_quality": Label("内容质量", "Content quality"),
    "creative_merit": Label("创意价值", "Creative merit"),
    "cultural_appropriateness": Label("文化适切", "Cultural appropriateness"),
    "task_fulfilment": Label("任务完成", "Task fulfilment"),
    "overall_preference": Label("总体偏好", "Overall preference"),
    MET: Label("评判标准达成", "Criteria met"),
}
TOP = {name: 1 if name == MET else 3 for name in DIMENSIONS}
"""The end of each scale."""
STATUSES = {
    "judged": Label("已评判", "judged"),
    "error": Label("评判出错", "judging failed"),
    "empty": Label("空回答", "empty answer"),
    "no_answer": Label("没有回答", "no answer"),
}
VERDICTS = {"met": Label("做到", "met"), "partly": Label("部分做到", "partly"), "not": Label("没有做到", "not met")}
EVIDENCE = {
    "verified": Label("引文属实", "quoted truly"),
    "unverified": Label("作品中没有这句", "not in the answer"),
    "none": Label("没有引文", "nothing quoted"),
}
GROUPS = {"all": Label("全部", "All"), "zh": Label("中文", "Chinese"), "en": Label("英文", "English")}
ODD = {**FLAGS, "orders": ("对评委下指令", "gives orders to its judge")}

Sheet = tuple[Sequence[str], Sequence[Sequence[Any]]]


def summary_json(done: Evaluation) -> dict[str, Any]:
    """The summary as JSON values."""
    return {
        **asdict(done.summary),
        "judges": done.judges,
        "costs": {name: asdict(cost) for name, cost in zip(done.judges, done.costs, strict=True)},
        "not_in_reference": done.unknown,
    }


def write_results(done: Evaluation, folder: Path, *, workbook: bool, document: bool) -> list[Path]:
    """Writes `summary.json` and `report.html`, and on demand `results.xlsx` and `results.json`; returns all files.

    Raises:
        StorageError: the folder cannot be written.
    """
    written = [*done.files.values(), folder / "ratings.jsonl", folder / "summary.json", folder / "report.html"]
    write_json(folder / "summary.json", summary_json(done))
    write_text(folder / "report.html", render_evaluation(done))
    if document:
        rows = [row.model_dump(mode="json", exclude_none=True) for row in done.rows]
        write_json(folder / "results.json", {"summary": summary_json(done), "rows": rows})
        written.append(folder / "results.json")
    if workbook:
        written.append(write_workbook(folder / "results.xlsx", sheets(done)))
    return written


def sheets(done: Evaluation) -> dict[str, Sheet]:
    """The tables of the workbook by name: a row an answer, a row a quotation, and the summary's tables."""
    found = done.summary
    columns = [*MARKS, MET]
    interval = ("mean", "low", "high", "prompts")
    return {
        "answers": (
            [
                "id",
                "model",
                "sample",
                "language",
                "genre",
                "status",
                "flags",
                *columns,
                "by",
                "error",
                "query",
                "response",
            ],
            [_answer_row(row, columns) for row in done.rows],
        ),
        "evidence": (
            ["id", "model", "sample", "about", "judgement", "quote", "evidence", "reason"],
            [line for row in done.rows for line in _evidence_rows(row)],
        ),
        "means": (
            ["group", "model", "dimension", *interval, "empty as zero"],
            [
                [group, model, name, *_cells(mean), _cells(result.empty_as_zero[name])[0]]
                for group, each in found.groups.items()
                for model, result in each.models.items()
                for name, mean in result.means.items()
            ],
        ),
        "differences": (
            ["group", "a", "b", "dimension", *interval],
            [
                [group, pair.a, pair.b, name, *_cells(mean)]
                for group, each in found.groups.items()
                for pair in each.differences
                for name, mean in pair.means.items()
            ],
        ),
        "consistency": (
            ["dimension", "answers", "readings", "exact", "within one", "alpha"],
            [[name, *asdict(each).values()] for name, each in found.consistency.items()],
        ),
        "second judge": (
            ["dimension", "n", "exact", "within one", "kappa", "low", "high", "alpha", "spearman", "difference"],
            [[name, *list(asdict(each).values())[:-1]] for name, each in found.second.items()],
        ),
        "cost": (
            ["judge", *(asdict(done.costs[0]) if done.costs else {})],
            [[name, *asdict(cost).values()] for name, cost in zip(done.judges, done.costs, strict=True)],
        ),
    }


def _cells(mean: Mean | None) -> list[Any]:
    return [mean.mean, mean.low, mean.high, mean.prompts] if mean else [None, None, None, 0]


def _answer_row(row: Judgement, columns: Sequence[str]) -> list[Any]:
    marks = [row.met if name == MET else row.marks[name].mark if row.marks else None for name in columns]
    about = [row.id, row.model, row.sample, row.language, row.genre, row.status.value, " ".join(row.flags)]
    return [*about, *marks, row.by, row.error, row.query, row.response]


def _evidence_rows(row: Judgement) -> Iterator[list[Any]]:
    about = [row.id, row.model, row.sample]
    for name, mark in row.marks.items():
        yield [*about, name, mark.mark, mark.evidence.quote, mark.evidence.state, mark.reason]
    for each in row.criteria:
        yield [*about, each.criterion, each.verdict, each.evidence.quote, each.evidence.state, each.reason]


def render_evaluation(done: Evaluation) -> str:
    """The evaluation as one self-contained HTML page; the same evaluation gives the same page."""
    found = done.summary
    everything = found.groups["all"].models.values()
    totals = {status: sum(each.statuses[status] for each in everything) for status in STATUSES}
    quotes = {state: sum(each.evidence[state] for each in everything) for state in EVIDENCE}
    return render_page(
        "evaluation.html",
        more="evaluation",
        done=done,
        found=found,
        totals=totals,
        quotes=quotes,
        second_errors=sum(row.status is Status.ERROR for row in done.second),
        too_small=EMBEDDED in done.judges,
        rows=[(row, highlighted(row)) for row in done.rows[:LISTED]],
        listed=LISTED,
        dimensions=DIMENSIONS,
        tops=TOP,
        statuses=STATUSES,
        verdicts=VERDICTS,
        evidence=EVIDENCE,
        groups=GROUPS,
        flag_labels=ODD,
    )


def highlighted(row: Judgement) -> list[tuple[str, bool]]:
    """The answer in pieces, each with whether the judge quoted it."""
    text = row.response or ""
    quoted = [False] * len(text)
    for each in row.evidence:
        if each.at:
            start, end = each.at
            quoted[start:end] = [True] * (end - start)
    edges = [0, *(at for at in range(1, len(text)) if quoted[at] != quoted[at - 1]), len(text)]
    return [(text[start:end], quoted[start]) for start, end in pairwise(edges) if start < end]
