"""Items whose answer is known, mixed into the reviewers' queue, and what they show of each reviewer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import mean, variance
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from coig_writer.schema import DIMENSIONS
from coig_writer.studio.models import Decision, Item, Project, Version
from coig_writer.studio.models.audit import record
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.words import CRITERIA
from coig_writer.studio.workflow import Status

if TYPE_CHECKING:
    from coig_writer.studio.reviewing import Judgement

TOLERANCE = 1
"""How far a mark may be from the known one and still count as right."""
LATEST_GOLD, LEAST_GOLD, ACCURATE = 10, 4, 0.6
"""A reviewer is warned of when, of the latest so many known items (at least four), less than this share was right."""
LATEST, BEFORE, STEP, Z = 20, 20, 0.5, 2.5
"""Marks drift when the mean of the latest 20 reviews is at least half a mark, and 2.5 standard errors, from before."""


def suitable(project: Project) -> QuerySet[Item]:
    """Items that may be made into known ones: with a text, and nobody has begun on them.

    Those that a model drafted are left out: reviewers would see that nobody changed a word.
    """
    items = project.items.filter(status=Status.CANDIDATE, exercise__isnull=True, draft_json__isnull=True, head__gt=0)
    return items.defer("article_json", "draft_json").order_by("-id")


def make(item_id: int, answer: Judgement, *, by: Any) -> Item:
    """Makes an item one whose answer is known: it is never written on, never released, and only checks reviewers.

    Raises:
        Refusal: somebody has begun on it, or a part of its text is missing.
    """
    with transaction.atomic():
        item = Item.objects.select_for_update(of=("self",)).select_related("project").get(pk=item_id)
        if not suitable(item.project).filter(pk=item.pk).exists():
            raise Refusal("这一篇已有人做，不能再当考题。", "Somebody has begun on this item.", status=409)
        shown = item.versions.get(number=item.head)
        if not (shown.prompt.strip() and shown.reasoning.strip()):
            raise Refusal("考题要有提示和思路。", "The item needs a prompt and a reasoning.")
        version = Version.objects.create(
            item=item, number=item.head + 1, base=item.head, author=by, prompt=shown.prompt, reasoning=shown.reasoning,
            scores=_scores(shown, item.project), coherent=True,
        )  # fmt: skip
        now = timezone.now()
        item.exercise = {"verdict": answer.verdict, "marks": dict(answer.marks or {}), "why": answer.comment}
        item.status, item.author, item.first_submitted = Status.IN_REVIEW, by, now
        item.head = item.submitted = version.number
        item.save()
        record("make gold", actor=by, item=item, verdict=answer.verdict)
    return item


def _scores(shown: Version, project: Project) -> dict[str, int]:
    """The author's scores that reviewers see: its own, else some that pass the gate, as all others have."""
    if set(shown.scores) == set(DIMENSIONS):
        return shown.scores
    low = max(1, project.gate_each)
    while True:
        found = {name: low + secrets.randbelow(11 - low) for name in DIMENSIONS}
        if sum(found.values()) >= project.gate_sum:
            return found


def is_time(project: Project) -> bool:
    """Whether chance has it that the next review is of a known item; nobody can count up to it."""
    return project.gold_every > 0 and secrets.randbelow(project.gold_every) == 0


def right(decision: Decision, answer: Mapping[str, Any]) -> bool:
    """Whether a review says what is known: the verdict, and each mark to within one."""
    given = {name: getattr(decision, name) for name in CRITERIA}
    near = all(
        given[name] is not None and abs(given[name] - mark) <= TOLERANCE for name, mark in answer["marks"].items()
    )
    return decision.verdict == answer["verdict"] and near


@dataclass(frozen=True)
class Standing:
    """One reviewer, held against the known items and against their own past."""

    user: Any
    reviews: int
    gold: tuple[int, int]
    """(right, judged) of all known items."""
    latest_gold: tuple[int, int]
    marks: tuple[float, float] | None
    """Mean mark before, and of the latest reviews; None: too few."""
    less_accurate: bool
    drifted: bool


def standings(project: Project) -> list[Standing]:
    """Every reviewer of the project who has judged something, those first of whom to be warned."""
    found = Decision.objects.filter(item__project=project, kind=Decision.REVIEW).select_related("user", "item")
    by_user: dict[int, list[Decision]] = {}
    for each in found.defer("item__article_json", "item__draft_json").order_by("id"):
        by_user.setdefault(each.user_id, []).append(each)
    rows = [_standing(each) for each in by_user.values()]
    return sorted(rows, key=lambda row: (not (row.less_accurate or row.drifted), row.user.username))


def _standing(decisions: list[Decision]) -> Standing:
    checks = [right(each, each.item.exercise) for each in decisions if each.item.exercise is not None]
    work = [_mean_mark(each) for each in decisions if each.item.exercise is None]
    latest = checks[-LATEST_GOLD:]
    moved = drift(work)
    return Standing(
        user=decisions[0].user,
        reviews=len(work),
        gold=(sum(checks), len(checks)),
        latest_gold=(sum(latest), len(latest)),
        marks=moved[:2] if moved else None,
        less_accurate=len(latest) >= LEAST_GOLD and sum(latest) / len(latest) < ACCURATE,
        drifted=bool(moved and moved[2]),
    )


def _mean_mark(decision: Decision) -> float:
    return mean(getattr(decision, name) or 0 for name in CRITERIA)


def drift(marks: list[float]) -> tuple[float, float, bool] | None:
    """(mean before, mean of the latest, whether they differ for more than chance and enough to matter).

    None where there are too few. The test is Welch's, on reviews as independent: a warning to look, no verdict.
    """
    before, latest = marks[:-LATEST], marks[-LATEST:]
    if len(before) < BEFORE:
        return None
    step = mean(latest) - mean(before)
    error = sqrt(variance(before) / len(before) + variance(latest) / len(latest))
    return mean(before), mean(latest), abs(step) >= STEP and abs(step) > Z * error
