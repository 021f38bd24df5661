"""Reasoning behaviour as a model sees it: the same sentences that the rules class, classed by a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field, create_model

from coig_writer.errors import InputError
from coig_writer.evaluate.textstats.answer import Answer
from coig_writer.evaluate.textstats.behaviour import CLASSES, Segment, parts, segments, tenths
from coig_writer.files import read_jsonl
from coig_writer.llm.batch import Ask, Progress, run_map
from coig_writer.llm.calls import CallFailed
from coig_writer.llm.prompts import messages, template_hash
from coig_writer.llm.registry import ModelSpec
from coig_writer.schema import Record

AT_ONCE = 30
"""Sentences that are shown together."""
_Letter = Literal["A", "B", "C", "D"]
_LETTERS = "ABCD"
"""In the order of `CLASSES`."""


@cache
def _letters(count: int) -> type[BaseModel]:
    """What the model answers: so many letters, neither more nor fewer."""
    return create_model("Letters", kinds=(list[_Letter], Field(min_length=count, max_length=count)))


class Classed(Record):
    """One answer's sentences as rules and model class them, by number of the class; or why there is nothing."""

    model: str
    id: str
    sample: int
    language: str
    lengths: list[int]
    """Characters of each sentence."""
    rules: list[int]
    kinds: list[int] = Field(default_factory=list)
    error: str | None = None


@dataclass(frozen=True)
class _Task:
    answer: Answer
    sentences: list[Segment]


def classify(
    answers: Sequence[Answer], *, out: Path, spec: ModelSpec, progress: Callable[[Progress], None] | None = None
) -> dict[str, Any]:
    """Has a model class every sentence of some answers and their reasonings; one call for thirty sentences.

    Args:
        out: JSON Lines, a `Classed` for each answer; the same call goes on where an earlier one stopped.
        spec: the model, with a `base_url`.

    Returns:
        JSON values: the model, the template, and for each model and language `shares` and `along` as the rules give
        them, `n`, `failed`, and how far rules and model agree (`agreement`, Cohen's `kappa`, by sentence).

    Raises:
        ModelError, StorageError, Interrupted: as `llm.batch.run_map`.
    """
    tasks = [_Task(answer, _sentences(answer)) for answer in answers]
    tasks = [task for task in tasks if task.sentences]
    if not tasks:
        raise InputError("there is no sentence to class", remedy="Give answers that are not empty.")

    async def work(task: _Task, ask: Ask) -> Classed:
        kinds: list[int] = []
        for number, start in enumerate(range(0, len(task.sentences), AT_ONCE), 1):
            shown = task.sentences[start : start + AT_ONCE]
            said = await ask(
                f"behaviour#{number}",
                messages("behaviour", parts={"article": _numbered(shown)}, count=len(shown)),
                answer=_letters(len(shown)),
                template=template_hash("behaviour"),
                sampling={"temperature": 0},
            )
            kinds += [_LETTERS.index(letter) for letter in said.value.kinds]
        return _row(task).model_copy(update={"kinds": kinds})

    run_map(
        tasks,
        work,
        out=out,
        spec=spec,
        record_id=lambda task: f"{task.answer.model} {task.answer.id} {task.answer.sample}",
        on_failure=lambda task, failed: _row(task).model_copy(update={"error": _why(failed)}),
        progress=progress,
    )
    rows = list(read_jsonl(out, Classed))
    models = list(dict.fromkeys(row.model for row in rows))
    return {
        "model": spec.name,
        "template": template_hash("behaviour"),
        "models": {model: _by_language([row for row in rows if row.model == model]) for model in models},
    }


def _sentences(answer: Answer) -> list[Segment]:
    return [
        segment
        for text, is_reasoning in parts(answer.text, answer.reasoning)
        for segment in segments(text, answer.language, is_reasoning=is_reasoning, whole=False)
        if segment.text.strip()
    ]


def _numbered(sentences: Sequence[Segment]) -> str:
    return "\n".join(f"{number}. {' '.join(each.text.split())}" for number, each in enumerate(sentences, 1))


def _row(task: _Task) -> Classed:
    return Classed(
        model=task.answer.model,
        id=task.answer.id,
        sample=task.answer.sample,
        language=task.answer.language,
        lengths=[len(each.text) for each in task.sentences],
        rules=[CLASSES.index(each.kind) for each in task.sentences],
    )


def _why(failed: CallFailed) -> str:
    return f"{failed.kind}: {failed.message}"


def _by_language(rows: Sequence[Classed]) -> dict[str, Any]:
    languages = dict.fromkeys(row.language for row in rows)
    return {language: _summary([row for row in rows if row.language == language]) for language in languages}


def _summary(rows: Sequence[Classed]) -> dict[str, Any]:
    done = [row for row in rows if row.error is None]
    found: dict[str, Any] = {"n": len(done), "failed": len(rows) - len(done)}
    if not done:
        return found | {"shares": None, "along": None, "agreement": None, "kappa": None}
    along = np.mean([tenths(list(zip(row.lengths, row.kinds, strict=True))) for row in done], axis=0)
    pairs = [pair for row in done for pair in zip(row.rules, row.kinds, strict=True)]
    return found | {
        "shares": dict(zip(CLASSES, map(float, along.mean(axis=0)), strict=True)),
        "along": [dict(zip(CLASSES, map(float, tenth), strict=True)) for tenth in along],
        "agreement": sum(rule == kind for rule, kind in pairs) / len(pairs),
        "kappa": cohens_kappa(pairs),
    }


def cohens_kappa(pairs: Sequence[tuple[int, int]]) -> float | None:
    """Cohen's κ of two classings of the same things; None where chance alone agrees wholly."""
    first, second = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    total = len(pairs)
    observed = sum(one == other for one, other in pairs) / total
    expected = sum(first[kind] * second[kind] for kind in first) / total**2
    return (observed - expected) / (1 - expected) if expected < 1 else None
