"""Saving and submitting. A save names the version that it grew out of; nothing is ever written over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from coig_writer.schema import DIMENSIONS
from coig_writer.studio import live, sharing
from coig_writer.studio.models import Assignment, Item, Version
from coig_writer.studio.models.audit import record
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.wording import MARKS
from coig_writer.studio.workflow import WRITABLE, Role, Status, after_submission

LONGEST = {"prompt": 20_000, "reasoning": 60_000}
"""Characters; the longest published are 2,643 and 4,094."""


@dataclass(frozen=True)
class Content:
    """What an author writes."""

    prompt: str = ""
    reasoning: str = ""
    scores: Mapping[str, int] = field(default_factory=dict)
    coherent: bool | None = None

    @classmethod
    def of(cls, version: Version | None) -> Content:
        if version is None:
            return cls()
        return cls(version.prompt, version.reasoning, version.scores, version.coherent)

    def missing(self) -> list[str]:
        """What a submission still lacks, as codes."""
        parts = [name for name in ("prompt", "reasoning") if not getattr(self, name).strip()]
        scores = [name for name in DIMENSIONS if name not in self.scores]
        return [*parts, *scores, *(["coherent"] if self.coherent is None else [])]


class Conflict(Exception):
    """The item has a later version than the one that was edited."""

    def __init__(self, current: Version) -> None:
        super().__init__(f"version {current.number} is newer")
        self.current = current


def content_from(data: Mapping[str, Any]) -> Content:
    """The content in a form or a JSON object.

    Raises:
        Refusal: a text is too long, or a score is not a whole number from 1 to 10.
    """
    scores = {}
    for name in DIMENSIONS:
        given = data.get(name)
        if given in (None, ""):
            continue
        if isinstance(given, bool) or not str(given).isascii() or not str(given).isdigit() or not 1 <= int(given) <= 10:
            raise Refusal("分数是 1 到 10 的整数。", "Scores are whole numbers from 1 to 10.")
        scores[name] = int(given)
    texts = {}
    for part, longest in LONGEST.items():
        text = str(data.get(part) or "").replace("\r\n", "\n").replace("\x00", "")
        if len(text) > longest:
            raise Refusal(f"文字太长，最多 {longest} 字。", f"The text is too long; at most {longest} characters.")
        texts[part] = text
    coherent = {"yes": True, "no": False}.get(str(data.get("coherent") or ""))
    return Content(**texts, scores=scores, coherent=coherent)


def save(item_id: int, user: Any, content: Content, *, base: int, key: str | None = None, origin: str = "person"):
    """Adds a version and returns it; the current one if nothing has changed or this save was stored already.

    Raises:
        Conflict: the item has a later version than `base`.
        Refusal: the person does not hold the item, or its text is closed.
    """
    with transaction.atomic():
        return _save(_locked(item_id), user, content, base, key, origin)


def submit(item: Item, user: Any, content: Content, *, base: int, key: str | None = None) -> Item:
    """Saves, and hands the item to the reviewers if it passes the gate; else it is to be refined.

    Raises:
        Conflict, Refusal: as `save`; Refusal also where something is missing.
    """
    if missing := content.missing():
        raise Refusal(f"还不能提交，缺 {len(missing)} 项。", f"Not complete yet: {len(missing)} fields are missing.")
    if any(mark in text for mark in MARKS for text in (content.prompt, content.reasoning)):
        raise Refusal(
            f"文字里还有合并时的标记（{'、'.join(MARKS)}）：删去不要的一边和标记，再交。",
            f"Marks of a merge are still in the text ({', '.join(MARKS)}): delete them and the side you do not want.",
        )
    checked = live.check(item.article, content.prompt, content.reasoning)
    project = item.project
    with transaction.atomic():
        locked = _locked(item.pk)
        if key and locked.status not in WRITABLE and locked.versions.filter(save_key=key, author=user).exists():
            return locked  # the answer to this very submission was lost on its way
        version = _save(locked, user, content, base, key, "person")
        scores = version.scores_by("author")
        assert scores is not None  # `missing` has seen to it
        found = live.gate(
            scores, checked, bool(content.coherent), gate_sum=project.gate_sum, gate_each=project.gate_each
        )
        locked.status = after_submission(found)
        locked.shortfalls = found.shortfalls
        if found.passed:
            _hand_over(locked, user, version)
        locked.save(update_fields=["status", "shortfalls", "submitted", "round", "first_submitted", "changed"])
        record("submit", actor=user, item=locked, version=version.number, total=scores.total, passed=found.passed)
    sharing.share_if_wanted(project)
    return locked


def _hand_over(item: Item, user: Any, version: Version) -> None:
    """Ends the author's assignment; a text that was judged in this round begins the next, with the same reviewers."""
    now = timezone.now()
    item.submitted = version.number
    item.first_submitted = item.first_submitted or now
    item.assignments.filter(role=Role.ANNOTATOR, ended=None).update(ended=now, outcome="done")
    before = list(item.decisions.filter(round=item.round, kind="review").values_list("user_id", flat=True))
    if item.decisions.filter(round=item.round).exists():
        item.round += 1
        due = now + timedelta(days=item.project.due_days)
        still = item.project.memberships.filter(role=Role.REVIEWER, user__in=before).order_by("id")
        for reviewer in still.values_list("user_id", flat=True):
            Assignment.objects.create(item=item, user_id=reviewer, role=Role.REVIEWER, lease_until=due, due=due)


def _locked(item_id: int) -> Item:
    """The item without its article; PostgreSQL locks the row, SQLite has locked everything."""
    items = Item.objects.select_for_update(of=("self",)).select_related("project")
    return items.defer("article_json", "draft_json").get(pk=item_id)


def _save(item: Item, user: Any, content: Content, base: int, key: str | None, origin: str) -> Version:
    if key and (stored := item.versions.filter(save_key=key, author=user).first()):
        return stored
    _renew(item, user)
    head = item.versions.filter(number=item.head).first() if item.head else None
    if head and content == Content.of(head):
        return head
    if base != item.head:
        assert head is not None
        raise Conflict(head)
    version = Version.objects.create(
        item=item,
        number=item.head + 1,
        base=base,
        author=user,
        origin=origin,
        save_key=key,
        prompt=content.prompt,
        reasoning=content.reasoning,
        scores=dict(content.scores),
        coherent=content.coherent,
    )
    item.head = version.number
    item.author = user
    if item.status == Status.CANDIDATE:
        item.status = Status.DRAFT
    item.save(update_fields=["head", "author", "status", "changed"])
    record("save", actor=user, item=item, version=version.number, base=base)
    return version


def _renew(item: Item, user: Any) -> None:
    """Prolongs the author's lease; one that ran out is taken up again as long as nobody else holds the item."""
    if item.status not in {*WRITABLE, Status.CANDIDATE}:
        raise Refusal("这一篇已交审，不能再改。", "This item is under review and cannot be changed.", status=409)
    until = timezone.now() + timedelta(hours=item.project.lease_hours)
    lease = item.assignments.filter(role=Role.ANNOTATOR, ended=None).first()
    if lease is None and item.author_id == user.pk:
        Assignment.objects.create(item=item, user=user, role=Role.ANNOTATOR, lease_until=until)
    elif lease is None or lease.user_id != user.pk:
        raise Refusal(
            "这一篇现在不在你名下：租期过后有人接手了。你写的仍留在这台电脑上。",
            "You do not hold this item now: the lease ran out and somebody took it over. "
            "What you wrote is still kept on this computer.",
            status=409,
        )
    elif until - lease.lease_until > timedelta(minutes=5):
        lease.lease_until = until
        lease.save(update_fields=["lease_until"])
