"""Items with known answers, and how the reviewers stand by them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from coig_writer.schema import Verdict
from coig_writer.studio import gold, reviewing
from coig_writer.studio.models.audit import record
from coig_writer.studio.permissions import project_for
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.templatetags.words import pick
from coig_writer.studio.words import ASKS, CRITERIA
from coig_writer.studio.workflow import Role

SHOWN = 50
"""Items to choose from, the latest first."""


@login_required
def known(request: HttpRequest, project_id: int) -> HttpResponse:
    """The known items, how often they come, and each reviewer's standing."""
    project, roles = project_for(request.user, project_id, Role.MANAGER)
    if request.method == "POST":
        _change(request, project)
        return redirect("gold", project.pk)
    context = {
        "project": project,
        "roles": roles,
        "items": project.items.filter(exercise__isnull=False).defer("article_json", "draft_json").order_by("-id"),
        "suitable": gold.suitable(project)[:SHOWN],
        "standings": gold.standings(project),
        "criteria": [(name, ASKS[name]) for name in CRITERIA],
        "marks": range(1, 6),
        "verdicts": list(Verdict),
    }
    return render(request, "studio/gold.html", context)


def _change(request: HttpRequest, project: Any) -> None:
    if request.POST.get("what") == "every":
        every = _number(request, "every")
        if every is None or every > 100:
            raise Refusal("这里要 0 到 100 的整数。", "Give a whole number from 0 to 100.")
        project.gold_every = every
        project.save(update_fields=["gold_every"])
        record("set gold", actor=request.user, project=project, every=every)
        messages.success(request, pick("已存。", "Saved."))
        return
    item = get_object_or_404(gold.suitable(project), pk=_number(request, "item"))
    gold.make(item.pk, reviewing.judgement_from(request.POST, with_marks=True), by=request.user)
    messages.success(request, pick("已成为考题。", "It checks reviewers from now on."))


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
