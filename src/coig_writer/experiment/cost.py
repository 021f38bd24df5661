"""What an experiment will cost, before anything runs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coig_writer.dataset.general import Example, read_general
from coig_writer.experiment.pools import pool_of, read_triplets
from coig_writer.experiment.settings import Cell, Experiment, located
from coig_writer.experiment.steps import groups_of
from coig_writer.infer.queries import read_tasks
from coig_writer.llm.context import estimate_tokens
from coig_writer.train.settings import TrainSettings

LONGEST = 2048
"""Tokens of an answer where no limit is set, for the estimate."""


@dataclass(frozen=True)
class CellCost:
    """What one cell will take."""

    cell: Cell
    creative: int
    general: int
    wanted: int
    """General examples that were asked for; more than `general` where there are not enough."""
    tokens: int
    """Of one pass over the mixture, by the characters."""
    steps: int
    answers: int
    answer_tokens: int
    """At most."""

    def trained_tokens(self, settings: TrainSettings) -> int:
        """Over all passes."""
        if settings.steps:
            return round(self.tokens / (self.creative + self.general) * settings.steps * settings.batch)
        return round(self.tokens * settings.epochs)


@dataclass(frozen=True)
class Cost:
    """What all will take."""

    cells: list[CellCost]
    trained_tokens: int
    answers: int
    answer_tokens: int
    judge_calls: int
    measured: float | None
    """Tokens a second in trainings of this experiment that are finished; None before the first."""

    @property
    def hours(self) -> float | None:
        """Of all trainings at the measured speed."""
        return self.trained_tokens / self.measured / 3600 if self.measured else None


def cost_of(experiment: Experiment, folder: Path, beside: Path) -> Cost:
    """Counts samples, tokens, steps, answers and judge's calls.

    Raises:
        InputError: data or queries cannot be read.
    """
    triplets = list(read_triplets(experiment.data.creative, beside))
    general = _general_tokens([Path(located(name, beside)) for name in experiment.data.general])
    mean = sum(general) / len(general) if general else 0
    queries = len(read_tasks(located(experiment.infer.input, beside)))
    queries = min(queries, experiment.infer.limit or queries)
    settings = TrainSettings(**experiment.train)
    cells = []
    for cell in experiment.cells():
        chosen = [] if cell.general is None else pool_of(triplets, cell)
        wanted = experiment.data.alone if cell.general is None else cell.general
        added = min(wanted or 0, len(general))
        tokens = sum(estimate_tokens(t.prompt + t.reasoning + t.article.text) for t in chosen) + round(mean * added)
        rows = len(chosen) + added
        steps = settings.steps or math.ceil(settings.epochs * math.ceil(rows / settings.batch))
        answers = queries * experiment.infer.samples
        longest = experiment.infer.max_tokens or LONGEST
        cells.append(CellCost(cell, len(chosen), added, wanted or 0, tokens, steps, answers, answers * longest))
    return Cost(
        cells=cells,
        trained_tokens=sum(each.trained_tokens(settings) for each in cells),
        answers=sum(each.answers for each in cells),
        answer_tokens=sum(each.answer_tokens for each in cells),
        judge_calls=2 * queries * sum(_pairs(group) for group in groups_of(experiment)),
        measured=_measured(folder, [each.cell for each in cells]),
    )


def _general_tokens(paths: Sequence[Path]) -> list[int]:
    return [
        estimate_tokens(found.asked + found.answered)
        for path in paths
        for found in read_general(path)
        if isinstance(found, Example)
    ]


def _pairs(group: Sequence[Cell]) -> int:
    """Pairs of models that are compared on each query."""
    rivals = len(group) - 1
    return rivals if any(cell.general is None for cell in group) else len(group) * rivals // 2


def _measured(folder: Path, cells: Sequence[Cell]) -> float | None:
    """Mean speed of the trainings that are finished."""
    records: list[dict[str, Any]] = []
    for cell in cells:
        path = folder / "runs" / cell.name / "run.json"
        if path.is_file():
            records.append(json.loads(path.read_bytes()))
    done = [each for each in records if each["status"] == "finished" and each["seconds"]]
    tokens = [
        each["estimate"]["tokens"] / each["estimate"]["samples"] * each["settings"]["batch"] * each["steps"]
        for each in done
    ]
    return sum(tokens) / sum(each["seconds"] for each in done) if done else None
