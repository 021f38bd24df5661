"""Reading an item to judge it, or to see what became of it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from coig_writer.schema import Verdict
from coig_writer.studio import assign, live, reviewing, sharing
from coig_writer.studio.models import Item
from coig_writer.studio.models.audit import record
from coig_writer.studio.permissions import Access, item_for
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.templatetags.words import pick
from coig_writer.studio.views.workbench import past_decisions, reading, remarks_of, shares, who
from coig_writer.studio.words import ASKS, CRITERIA
from coig_writer.studio.workflow import INSPECTABLE, Role, Status
from coig_writer.studio.writing import Content


def _shown(item: Item, access: Access):
    """Reviewers see what was submitted; who wrote it or leads the project sees the latest."""
    number = item.head if access.lead or access.author or not item.submitted else item.submitted
    return item.versions.filter(number=number).first()


@login_required
def review(request: HttpRequest, item_id: int) -> HttpResponse:
    """The item to be read; with the form of a verdict for whoever is to give one."""
    item, access = item_for(request.user, item_id)
    if request.method == "POST":
        return _decide(request, item)
    shown = _shown(item, access)
    content = Content.of(shown)
    checked = live.check(item.article, content.prompt, content.reasoning)
    mine = item.decisions.filter(user=request.user, round=item.round).first()
    may_review = (
        access.review
        and mine is None
        and item.status == Status.IN_REVIEW
        and item.assignments.filter(user=request.user, role=Role.REVIEWER, ended=None).exists()
    )
    context = reading(item) | {
        "access": access,
        "content": content,
        "version": shown,
        "scores": [(name, content.scores.get(name)) for name in content.scores],
        "total": sum(content.scores.values()),
        "author": who(item.author, item, access) if item.author else "",
        "checked": checked,
        "shares": shares(item, content),
        "mine": mine,
        "may_review": may_review,
        "may_inspect": access.inspect and item.status in INSPECTABLE,
        "decisions": past_decisions(item, access),
        "remarks": remarks_of(item, access, request.user),
        "may_remark": may_review or (access.inspect and item.status in INSPECTABLE),
        "may_answer": access.author or access.lead,
        "verdicts": list(Verdict),
        "criteria": [(name, ASKS[name]) for name in CRITERIA],
        "marks": range(1, 6),
    }
    if access.lead:
        context["may_set_aside"] = assign.can_set_aside(item)
        role = Role.REVIEWER if item.status == Status.IN_REVIEW else Role.ANNOTATOR
        context |= {"assigns": role, "people": sharing.able(item, role)}
    return render(request, "studio/review.html", context)


def _decide(request: HttpRequest, item: Item) -> HttpResponse:
    judgement = reviewing.judgement_from(request.POST, with_marks=True)
    reviewing.review(item.pk, request.user, judgement, version=_version(request))
    messages.success(request, pick("审阅意见已记下。", "Your review is stored."))
    return redirect("mine", item.project_id)


@login_required
@require_POST
def inspect(request: HttpRequest, item_id: int) -> HttpResponse:
    item, access = item_for(request.user, item_id)
    if not access.inspect:
        raise Refusal("这一篇不归你质检。", "This item is not yours to inspect.", status=403)
    judgement = reviewing.judgement_from(request.POST, with_marks=False)
    reviewing.inspect(item.pk, request.user, judgement, version=_version(request))
    messages.success(request, pick("质检结论已记下。", "Your decision is stored."))
    return redirect("mine", item.project_id)


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


@login_required
@require_POST
def remarks(request: HttpRequest, item_id: int) -> HttpResponse:
    """Adds a remark or an answer, and gives back the list of them."""
    item, access = item_for(request.user, item_id)
    reviewing.remark(item, request.user, request.POST)
    return _list(request, item, access)


@login_required
@require_POST
def settle(request: HttpRequest, item_id: int, comment_id: int) -> HttpResponse:
    """Who made a remark, or leads the project, marks it as settled."""
    item, access = item_for(request.user, item_id)
    comment = get_object_or_404(item.comments, pk=comment_id, answers=None)
    if comment.user_id != request.user.pk and not access.lead:
        raise Refusal("只有写批注的人能了结它。", "Only who made a remark can settle it.", status=403)
    comment.settled = not comment.settled
    with transaction.atomic():
        comment.save(update_fields=["settled"])
        record("settle", actor=request.user, item=item, comment=comment.pk, settled=comment.settled)
    return _list(request, item, access)


def _list(request: HttpRequest, item: Item, access: Access) -> HttpResponse:
    context = {
        "item": item,
        "remarks": remarks_of(item, access, request.user),
        "may_answer": access.author or access.lead or access.write,
        "request": request,
    }
    return render(request, "studio/_remarks.html", context)
