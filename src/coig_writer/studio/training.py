"""The course and its pass mark, and what calibration sessions show."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any

from coig_writer.report.labels import Label
from coig_writer.schema import DIMENSIONS
from coig_writer.studio.agreeing import Agreed, agreed
from coig_writer.studio.models import Attempt, Calibration, CalibrationScore, Project

HERE = Path(__file__).parent / "course"
UNITS = {
    "criteria": Label("什么样的三元组算好", "What makes a good triplet"),
    "technique": Label("写提示：从作品倒推", "The prompt: working backwards from the article"),
    "articulation": Label("写思路：把没说出口的想法写出来", "The reasoning: writing down what went unsaid"),
    "culture": Label("文化分寸：称呼、典故、禁忌", "Tact in matters of culture: address, allusions, taboos"),
}
"""In the order in which they are taken."""
PASS = 0.8
"""Share of right answers that passes a unit."""
LEAST_ITEMS = 3
"""Items of a session that two people have scored, from which on α is said; its interval says how little that is."""


@dataclass(frozen=True)
class Exercise:
    """A question with one right answer."""

    question: Label
    options: tuple[Label, ...]
    answer: int
    why: Label


@cache
def exercises(unit: str) -> tuple[Exercise, ...]:
    rows = tomllib.loads((HERE / "exercises.toml").read_text(encoding="utf-8"))["exercise"]
    return tuple(
        Exercise(Label(row["zh"], row["en"]), tuple(Label(*each) for each in row["options"]), row["answer"],
                 Label(*row["why"]))
        for row in rows
        if row["unit"] == unit
    )  # fmt: skip


@cache
def page(unit: str, language: str) -> str:
    """A unit's text as clean HTML."""
    import markdown
    import nh3

    text = (HERE / language / f"{unit}.md").read_text(encoding="utf-8")
    return nh3.clean(markdown.markdown(text, extensions=["tables"]))


def grade(unit: str, given: Mapping[str, Any]) -> list[bool]:
    """For each exercise whether it was answered rightly; `given` has `answer-0`, `answer-1` …"""
    return [str(given.get(f"answer-{at}")) == str(each.answer) for at, each in enumerate(exercises(unit))]


def passed(project: Project, user: Any) -> set[str]:
    """Units that the person has passed."""
    return set(Attempt.objects.filter(project=project, user=user, share__gte=PASS).values_list("unit", flat=True))


def may_work(project: Project, user: Any) -> bool:
    """Whether the course is passed, or not asked for."""
    return not project.course_required or passed(project, user) >= set(UNITS)


@dataclass(frozen=True)
class Lean:
    """How one person scores beside the others of a session."""

    user: Any
    scored: int
    """Items."""
    points: dict[str, float | None]
    """Dimension → how much higher than the others on the same items, in points; None where nobody else scored them."""


@dataclass(frozen=True)
class Session:
    """What a calibration session shows."""

    agreed: list[Agreed]
    """For each dimension, ordinal α of all who have scored."""
    leans: list[Lean]
    """For each person, in the order of their names."""


def session(calibration: Calibration) -> Session:
    """Agreement by dimension, and how each person's scores lie beside those of the others."""
    rows = list(calibration.scores.select_related("user").order_by("user__username", "item_id"))
    found = []
    for name in DIMENSIONS:
        units: dict[tuple[str, str], list[int]] = {}
        for row in rows:
            units.setdefault((str(row.item_id), name), []).append(row.scores[name])
        found.append(agreed(name, units, "ordinal", least=LEAST_ITEMS))
    people = {row.user_id: row.user for row in rows}
    return Session(found, [_lean(user, rows) for user in people.values()])


def _lean(user: Any, rows: list[CalibrationScore]) -> Lean:
    mine = {row.item_id: row.scores for row in rows if row.user_id == user.pk}
    theirs = [(row.item_id, row.scores) for row in rows if row.user_id != user.pk]
    points: dict[str, float | None] = {}
    for name in DIMENSIONS:
        differences = []
        for item, scores in mine.items():
            others = [given[name] for same, given in theirs if same == item]
            if others:
                differences.append(scores[name] - mean(others))
        points[name] = mean(differences) if differences else None
    return Lean(user, len(mine), points)
