"""The course and its pass mark, and what calibration sessions show."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from coig_writer.report.labels import Label
from coig_writer.schema import DIMENSIONS
from coig_writer.studio.models import Attempt, Calibration, Project

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
class Agreement:
    """What a session shows of one dimension."""

    dimension: str
    alpha: float | None
    """Krippendorff's, ordinal; None where nothing can be said."""
    mine: float | None
    """How much higher the person scores than the others on the same items, in points."""


def agreement(calibration: Calibration, user: Any) -> list[Agreement]:
    """Agreement by dimension, and how the person's scores lie beside those of the others."""
    from coig_writer.evaluate.reliability import alpha_of

    rows = list(calibration.scores.values_list("item_id", "user_id", "scores"))
    found = []
    for name in DIMENSIONS:
        units: dict[tuple[str, str], list[int]] = {}
        for item, _, scores in rows:
            units.setdefault((str(item), name), []).append(scores[name])
        differences = []
        for item, rater, scores in rows:
            others = [theirs[name] for same, who, theirs in rows if same == item and who != user.pk]
            if rater == user.pk and others:
                differences.append(scores[name] - sum(others) / len(others))
        mine = sum(differences) / len(differences) if differences else None
        found.append(Agreement(name, alpha_of(units, "ordinal"), mine))
    return found
