"""Verdicts of reviewers and inspectors, and remarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from coig_writer.schema import Verdict
from coig_writer.studio import sharing, webhooks
from coig_writer.studio.models import Assignment, Comment, Decision, Item
from coig_writer.studio.models.audit import record
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.words import CRITERIA
from coig_writer.studio.workflow import (
    FINISHED,
    INSPECTABLE,
    Role,
    Status,
    after_inspection,
    after_reviews,
)


@dataclass(frozen=True)
class Judgement:
    """What a reviewer or inspector says of one round."""

    verdict: Verdict
    comment: str = ""
    marks: Mapping[str, int] | None = None
    """Criterion → 1–5; None for an inspector."""


def judgement_from(data: Mapping[str, Any], *, with_marks: bool) -> Judgement:
    """The judgement in a form.

    Raises:
        Refusal: no verdict, a mark missing or outside 1–5, or nothing said about what to change.
    """
    try:
        verdict = Verdict(data.get("verdict") or "")
    except ValueError:
        raise Refusal("请选一个结论。", "Choose a verdict.") from None
    marks = None
    if with_marks:
        given = {name: str(data.get(name) or "") for name in CRITERIA}
        if any(mark not in ("1", "2", "3", "4", "5") for mark in given.values()):
            raise Refusal("四项标准都要打分，1 到 5。", "Mark all four criteria, 1 to 5.")
        marks = {name: int(mark) for name, mark in given.items()}
    comment = str(data.get("comment") or "").strip()[:10_000]
    if verdict is not Verdict.ACCEPT and not comment:
        raise Refusal("退回或剔除要写明理由，好让作者知道改什么。", "Say what to change, or why to remove it.")
    return Judgement(verdict, comment, marks)


def review(item_id: int, user: Any, judgement: Judgement, *, version: int) -> Item:
    """Stores a reviewer's decision; the last one needed settles the round.

    Args:
        version: what the reviewer had before them.

    Raises:
        Refusal: not assigned, decided already, or the text is another now.
    """
    with transaction.atomic():
        item = _locked(item_id)
        if item.decisions.filter(user=user, round=item.round, kind=Decision.REVIEW).exists():
            raise Refusal("你这一轮已经审过。", "You have decided in this round already.", status=409)
        lease = item.assignments.filter(user=user, role=Role.REVIEWER, ended=None).first()
        if lease is None or item.status != Status.IN_REVIEW or item.author_id == user.pk:
            raise Refusal("这一篇不在你名下待审。", "This item is not waiting for your review.", status=409)
        _check_version(item, version)
        _store(item, user, Decision.REVIEW, judgement)
        lease.ended, lease.outcome = timezone.now(), "done"
        lease.save(update_fields=["ended", "outcome"])
        decided = item.decisions.filter(round=item.round, kind=Decision.REVIEW)
        verdicts = [Verdict(verdict) for verdict in decided.values_list("verdict", flat=True)]
        if item.exercise is None:  # one with a known answer stays, for the next reviewer to be checked
            _move(item, after_reviews(verdicts, item.reviewers_needed))
        record("review", actor=user, item=item, verdict=judgement.verdict, round=item.round)
    sharing.share_if_wanted(item.project)
    return item


def inspect(item_id: int, user: Any, judgement: Judgement, *, version: int) -> Item:
    """Stores an inspector's decision, which is final for the round.

    Raises:
        Refusal: the item does not wait for inspection, or the text is another now.
    """
    with transaction.atomic():
        item = _locked(item_id)
        if item.status not in INSPECTABLE:
            raise Refusal("这一篇不在等质检。", "This item does not wait for inspection.", status=409)
        _check_version(item, version)
        _store(item, user, Decision.INSPECTION, judgement)
        others = item.decisions.filter(round=item.round, kind=Decision.REVIEW)
        others.exclude(verdict=judgement.verdict).update(overruled=True)
        _move(item, after_inspection(judgement.verdict))
        if item.status == Status.APPROVED:
            webhooks.tell(item, "approved")
        record("inspect", actor=user, item=item, verdict=judgement.verdict, round=item.round)
    sharing.share_if_wanted(item.project)
    return item


def _store(item: Item, user: Any, kind: str, judgement: Judgement) -> None:
    Decision.objects.create(
        item=item,
        kind=kind,
        round=item.round,
        version=item.submitted,
        user=user,
        verdict=judgement.verdict,
        comment=judgement.comment,
        **(judgement.marks or {}),
    )


def _check_version(item: Item, version: int) -> None:
    if version != item.submitted:
        raise Refusal(
            "你看的已不是最新一稿，请刷新。", "What you have before you is no longer current; reload it.", status=409
        )


def _move(item: Item, status: Status) -> None:
    """To the next status: the author gets back what was sent back; reviewers left over need not go on."""
    item.status = status
    now = timezone.now()
    if status in FINISHED:
        item.finished = now
    if status is not Status.IN_REVIEW:
        item.assignments.filter(role=Role.REVIEWER, ended=None).update(ended=now, outcome="released")
    if status is Status.SENT_BACK and item.author_id:
        due = now + timedelta(days=item.project.due_days)
        Assignment.objects.create(item=item, user_id=item.author_id, role=Role.ANNOTATOR, lease_until=due, due=due)
    item.save(update_fields=["status", "finished", "changed"])


def _locked(item_id: int) -> Item:
    items = Item.objects.select_for_update(of=("self",)).select_related("project")
    return items.defer("article_json", "draft_json").get(pk=item_id)


def remark(item: Item, user: Any, data: Mapping[str, Any]) -> Comment:
    """Adds a remark about a span, or an answer to one.

    Raises:
        Refusal: it is empty or about nothing.
    """
    body = str(data.get("body") or "").strip()[:5000]
    if not body:
        raise Refusal("批注不能为空。", "A remark needs words.")
    answers = item.comments.filter(pk=_number(data.get("answers")), answers=None).first()
    part = answers.part if answers else str(data.get("part") or "")
    if part not in ("article", "prompt", "reasoning"):
        raise Refusal("批注要指明是哪一部分。", "A remark is about the article, the prompt or the reasoning.")
    start, end = _number(data.get("start")), _number(data.get("end"))
    spanned = start is not None and end is not None and start < end and answers is None
    with transaction.atomic():
        made = Comment.objects.create(
            item=item,
            user=user,
            round=item.round,
            version=item.submitted or item.head,
            part=part,
            start=start if spanned else None,
            end=end if spanned else None,
            quote=str(data.get("quote") or "")[:400] if spanned else "",
            body=body,
            answers=answers,
        )
        record("remark", actor=user, item=item, comment=made.pk)
    return made


def _number(value: Any) -> int | None:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0 if text == "0" else None
