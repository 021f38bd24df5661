"""My work: what is before me, what came back, what waits in the queue."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from coig_writer.studio import arena, assign
from coig_writer.studio.models import Assignment, Decision
from coig_writer.studio.permissions import item_for, project_for
from coig_writer.studio.workflow import INSPECTABLE, Role, Status


@login_required
def mine(request: HttpRequest, project_id: int) -> HttpResponse:
    project, roles = project_for(request.user, project_id)
    held = (
        Assignment.objects.filter(user=request.user, ended=None, item__project=project)
        .select_related("item")
        .defer("item__article_json", "item__draft_json")
        .order_by("due", "id")
    )
    writing = [each for each in held if each.role == Role.ANNOTATOR]
    done = (
        project.items.filter(~Q(submitted=0), author=request.user, exercise__isnull=True)
        .defer("article_json", "draft_json")
        .order_by("-changed")[:20]
    )
    context = {
        "project": project,
        "roles": roles,
        "now": timezone.now(),
        "sent_back": [each for each in writing if each.item.status in (Status.SENT_BACK, Status.REFINE)],
        "writing": [each for each in writing if each.item.status not in (Status.SENT_BACK, Status.REFINE)],
        "reviewing": [each for each in held if each.role == Role.REVIEWER],
        "done": done,
        "annotator": Role.ANNOTATOR in roles,
        "reviewer": Role.REVIEWER in roles,
        "inspector": Role.INSPECTOR in roles,
        "evaluator": Role.EVALUATOR in roles,
        "contests": _to_judge(request, project) if Role.EVALUATOR in roles else [],
        "to_write": assign.to_write(project, request.user).count() if Role.ANNOTATOR in roles else 0,
        "to_review": assign.to_review(project, request.user).exists() if Role.REVIEWER in roles else False,
        "to_inspect": _to_inspect(request, project) if Role.INSPECTOR in roles else [],
        "first_pass": _first_pass(request.user, project),
    }
    return render(request, "studio/mine.html", context)


def _to_inspect(request: HttpRequest, project):
    items = project.items.filter(status__in=INSPECTABLE, exercise__isnull=True).exclude(author=request.user)
    judged = Decision.objects.filter(item=OuterRef("pk"), user=request.user, kind="review", round=OuterRef("round"))
    return items.filter(~Exists(judged)).defer("article_json", "draft_json").order_by("changed")[:50]


def _to_judge(request: HttpRequest, project):
    """Open contests with (sheets handed in, sheets to go) of the person."""
    found = project.contests.filter(open=True).order_by("-id")
    return [(each, arena.progress(each, request.user)) for each in found]


def _first_pass(user, project) -> tuple[int, int]:
    """(accepted without being sent back, judged at all) of the person's items."""
    judged = project.items.filter(author=user, exercise__isnull=True, decisions__round=1)
    judged = judged.exclude(status=Status.IN_REVIEW, round=1).distinct()
    return judged.filter(round=1, status__in=(Status.ACCEPTED, Status.APPROVED)).count(), judged.count()


@login_required
@require_POST
def claim(request: HttpRequest, project_id: int, role: str) -> HttpResponse:
    if role not in (Role.ANNOTATOR, Role.REVIEWER):
        raise Http404
    project, _ = project_for(request.user, project_id, Role(role))
    item = assign.claim(project, request.user, Role(role))
    return redirect("item" if role == Role.ANNOTATOR else "review", item.pk)


@login_required
@require_POST
def give_back(request: HttpRequest, item_id: int) -> HttpResponse:
    item, access = item_for(request.user, item_id)
    assign.release(item, request.user, Role.ANNOTATOR if access.write else Role.REVIEWER)
    return redirect("mine", item.project_id)
