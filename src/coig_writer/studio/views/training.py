"""Course pages with exercises, and calibration sessions."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from coig_writer.schema import DIMENSIONS
from coig_writer.studio import training
from coig_writer.studio.models import Attempt, Calibration, CalibrationScore, Item
from coig_writer.studio.models.audit import record
from coig_writer.studio.permissions import LEADS, project_for
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.templatetags.words import chinese
from coig_writer.studio.views.workbench import reading
from coig_writer.studio.words import BANDS
from coig_writer.studio.workflow import Role
from coig_writer.studio.writing import Content, content_from

RATERS = (Role.ANNOTATOR, Role.REVIEWER, Role.INSPECTOR, Role.MANAGER)
SIZES = (3, 5, 10, 20)
"""Items that a session may have; five unless somebody chooses."""


@login_required
def course(request: HttpRequest, project_id: int) -> HttpResponse:
    """The units, which of them one has passed, and the sessions there are."""
    project, roles = project_for(request.user, project_id)
    if request.method == "POST":
        if not roles & LEADS:
            raise Refusal("只有项目经理能改。", "Only managers change this.", status=403)
        _change(request, project)
        return redirect("course", project.pk)
    sessions = project.calibrations.order_by("-id")
    done = training.passed(project, request.user)
    context = {
        "project": project,
        "roles": roles,
        "lead": bool(roles & LEADS),
        "units": [(name, words, name in done) for name, words in training.UNITS.items()],
        "sessions": [
            (each, each.scores.filter(user=request.user).count(), _to_score(each, request.user).count())
            for each in sessions
        ],
        "sizes": SIZES,
    }
    return render(request, "studio/course.html", context)


def _change(request: HttpRequest, project: Any) -> None:
    if request.POST.get("what") == "required":
        project.course_required = bool(request.POST.get("required"))
        project.save(update_fields=["course_required"])
        record("course required", actor=request.user, project=project, required=project.course_required)
        return
    size = request.POST.get("size", "")
    most = int(size) if size in map(str, SIZES) else SIZES[1]
    written = project.items.filter(exercise__isnull=True).exclude(submitted=0).order_by("?")[:most]
    if not written:
        raise Refusal("还没有交过的稿子可拿来校准。", "Nothing has been submitted yet to calibrate on.", status=409)
    made = Calibration.objects.create(project=project, name=request.POST.get("name", "").strip()[:120] or "–")
    made.items.set(written)
    record("new calibration", actor=request.user, project=project, calibration=made.pk)


@login_required
def unit(request: HttpRequest, project_id: int, name: str) -> HttpResponse:
    """A unit's text and exercises; answers are graded at once, and may be tried again."""
    project, roles = project_for(request.user, project_id)
    if name not in training.UNITS:
        raise Http404
    right = None
    if request.method == "POST":
        right = training.grade(name, request.POST)
        share = sum(right) / len(right)
        Attempt.objects.create(project=project, user=request.user, unit=name, share=share)
    given = [request.POST.get(f"answer-{at}", "") for at in range(len(training.exercises(name)))]
    context = {
        "project": project,
        "roles": roles,
        "title": training.UNITS[name],
        "text": training.page(name, "zh" if chinese() else "en"),
        "exercises": list(zip(training.exercises(name), right or [False] * len(given), given, strict=True)),
        "graded": right is not None,
        "passed": name in training.passed(project, request.user),
    }
    return render(request, "studio/unit.html", context)


@login_required
def calibrate(request: HttpRequest, project_id: int, calibration_id: int) -> HttpResponse:
    """The next item to score; when all are scored, how far people agree. Who leads the project may look at once."""
    project, roles = project_for(request.user, project_id, *RATERS)
    session = project.calibrations.filter(pk=calibration_id).first()
    if session is None:
        raise Http404
    if request.method == "POST":
        _score(request, session)
        return redirect("calibrate", project.pk, session.pk)
    scored = session.scores.filter(user=request.user).values("item_id")
    waiting = _to_score(session, request.user).exclude(pk__in=scored)
    item = waiting.order_by("pk").first()
    context: dict[str, Any] = {"project": project, "roles": roles, "session": session}
    lead = bool(roles & LEADS)
    if item is None or (lead and "results" in request.GET):
        shown = training.session(session)
        mine = [each for each in shown.leans if each.user == request.user]
        context |= {"shown": shown, "lead": lead, "leans": shown.leans if lead else mine, "dimensions": DIMENSIONS}
        return render(request, "studio/agreement.html", context)
    version = item.versions.filter(number=item.submitted).first()
    context |= reading(item) | {
        "content": Content.of(version),
        "dimensions": DIMENSIONS,
        "scale": range(1, 11),
        "bands": BANDS,
        "left": waiting.count(),
    }
    return render(request, "studio/calibrate.html", context)


def _to_score(session: Calibration, user: Any) -> QuerySet[Item]:
    """The items of a session but for the person's own, which nobody judges as others do."""
    return session.items.exclude(author=user)


def _score(request: HttpRequest, session: Calibration) -> None:
    number = request.POST.get("item", "")
    theirs = _to_score(session, request.user)
    item = theirs.filter(pk=int(number)).first() if number.isascii() and number.isdigit() else None
    scores = content_from(request.POST).scores
    if item is None or set(scores) != set(DIMENSIONS):
        raise Refusal("六项都要打。", "All six are needed.")
    try:
        with transaction.atomic():
            CalibrationScore.objects.create(calibration=session, item=item, user=request.user, scores=dict(scores))
    except IntegrityError as error:
        raise Refusal("这一篇你打过了。", "You have scored this item.", status=409) from error
