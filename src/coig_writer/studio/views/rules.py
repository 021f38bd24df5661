"""How a project gives out its work: its rules, and the button that shares out what waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from coig_writer.report.labels import Label
from coig_writer.studio import sharing
from coig_writer.studio.models import Project
from coig_writer.studio.models.audit import record
from coig_writer.studio.permissions import item_for, project_for
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.workflow import FINISHED, Role


@dataclass(frozen=True)
class Setting:
    """A whole number of a project that its manager may change."""

    name: str
    words: Label
    low: int
    high: int


SETTINGS = (
    Setting("reviewers", Label("每篇审阅员", "Reviewers of an item"), 1, 9),
    Setting("specialist_reviewers", Label("需专门知识的，每篇", "Where special knowledge is needed"), 1, 9),
    Setting("most_held", Label("每人手上至多几篇（写、审各算）", "Most items in hand, in each role"), 1, 100),
    Setting("due_days", Label("期限，天", "Days until it is due"), 1, 365),
    Setting("lease_hours", Label("自领的不存稿，几小时后放回", "Hours without a save, then back in the queue"), 1, 720),
    Setting("gate_sum", Label("门槛：六项之和", "Gate: sum of six scores"), 6, 60),
    Setting("gate_each", Label("门槛：每项", "Gate: each score"), 1, 10),
)


@login_required
def rules(request: HttpRequest, project_id: int) -> HttpResponse:
    """Who has how much before them, the rules, and what sharing out has just done."""
    project, roles = project_for(request.user, project_id, Role.MANAGER)
    shared = None
    if request.method == "POST" and request.POST.get("what") == "share":
        shared = sharing.share_out(project, by=request.user)
    elif request.method == "POST":
        _change(request, project)
        return redirect("rules", project.pk)
    context = {
        "project": project,
        "roles": roles,
        "shared": shared,
        "settings": [(each, getattr(project, each.name)) for each in SETTINGS],
        "waiting": [(role, sharing.waiting(project, role), sharing.hands(project, role)) for role in sharing.SHARED],
    }
    return render(request, "studio/rules.html", context)


def _change(request: HttpRequest, project: Project) -> None:
    new: dict[str, Any] = {}
    for each in SETTINGS:
        text = request.POST.get(each.name, "")
        if not (text.isascii() and text.isdigit() and len(text) < 5 and each.low <= int(text) <= each.high):
            raise Refusal(
                f"“{each.words.zh}”要 {each.low} 到 {each.high} 的整数。",
                f"“{each.words.en}” is a whole number from {each.low} to {each.high}.",
            )
        new[each.name] = int(text)
    new["shares_out"] = bool(request.POST.get("shares_out"))
    for name, value in new.items():
        setattr(project, name, value)
    with transaction.atomic():
        project.save(update_fields=list(new))
        record("set rules", actor=request.user, project=project, **new)
    sharing.share_if_wanted(project)


@login_required
@require_POST
def specialist(request: HttpRequest, item_id: int) -> HttpResponse:
    """Says by hand that an item needs special knowledge, or that it does not."""
    item, access = item_for(request.user, item_id)
    if not access.lead:
        raise Refusal("只有项目经理能改。", "Only managers change this.", status=403)
    if item.status in FINISHED:
        raise Refusal("这一篇已经定了。", "This item is decided.", status=409)
    item.specialist = not item.specialist
    with transaction.atomic():
        item.save(update_fields=["specialist", "changed"])
        record("set specialist", actor=request.user, item=item, specialist=item.specialist)
    sharing.share_if_wanted(item.project)
    return redirect("review", item.pk)
