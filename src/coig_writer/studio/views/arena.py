"""The arena: sheets for evaluators, contests for managers. No model's name reaches an evaluator."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from coig_writer.errors import CoigError
from coig_writer.evaluate.read_table import MARKS
from coig_writer.files import dumps
from coig_writer.studio import arena, results, told
from coig_writer.studio.entries import Entries, take
from coig_writer.studio.models import Contest, Sheet
from coig_writer.studio.models.arena import RANKING, RATING
from coig_writer.studio.permissions import LEADS, project_for
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.templatetags.words import pick
from coig_writer.studio.workflow import Role

MOST_FILES, MOST_BYTES, MOST_RATERS = 12, 64 * 1024 * 1024, 50
TELLS_SHOWN = 5
"""Answers that say the name of their model, of which the manager is told where they are."""


@login_required
def contests(request: HttpRequest, project_id: int) -> HttpResponse:
    """What there is to judge; managers see how far it is, and make new contests."""
    project, roles = project_for(request.user, project_id, Role.EVALUATOR, Role.MANAGER)
    lead = bool(roles & LEADS)
    wrong = None
    if request.method == "POST":
        if not lead:
            raise Refusal("只有项目经理能开评测。", "Only managers make contests.", status=403)
        try:
            _create(request, project)
            return redirect("arena", project.pk)
        except CoigError as error:
            wrong = told.of_error(error)
    found = list(project.contests.order_by("-id"))
    if not lead:
        found = [each for each in found if each.open or each.sheets.filter(user=request.user).exists()]
    context = {
        "project": project,
        "roles": roles,
        "lead": lead,
        "wrong": wrong,
        "evaluator": Role.EVALUATOR in roles,
        "contests": [
            (each, arena.progress(each, request.user), results.standing(each) if lead else None) for each in found
        ],
        "sizes": (arena.LEAST, arena.MOST),
        "most_raters": MOST_RATERS,
    }
    return render(request, "studio/arena.html", context, status=400 if wrong else 200)


def _create(request: HttpRequest, project) -> None:
    files = request.FILES.getlist("files")
    if not 0 < len(files) <= MOST_FILES or sum(file.size or 0 for file in files) > MOST_BYTES:
        raise Refusal("请选 1 到 12 个文件，合计不超过 64 MB。", "Choose 1 to 12 files, 64 MB together at most.")
    kind = request.POST.get("kind", "")
    size = 2 if kind == "pair" else _whole(request, "size", 5, arena.LEAST, arena.MOST)
    raters = _whole(request, "raters", 3, 1, MOST_RATERS)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, file in enumerate(files):
            stem = Path(file.name or "").stem.replace("/", "_")[:80] or "model"
            path = Path(folder) / str(number) / f"{stem}.json{'l' if str(file.name).endswith('l') else ''}"
            path.parent.mkdir()
            with open(path, "wb") as out:
                for chunk in file.chunks():
                    out.write(chunk)
            paths.append(path)
        taken = take(paths)
    arena.create(
        project,
        request.POST.get("name", "").strip()[:120] or "Arena",
        taken,
        by=request.user,
        kind=RATING if kind == "rating" else RANKING,
        size=size,
        raters=raters,
        ties=bool(request.POST.get("ties")),
    )
    _tell(request, taken)


def _tell(request: HttpRequest, taken: Entries) -> None:
    """Says what was taken from the files, what was left out and why, and which answers give their model away."""
    queries = len({each.query for each in taken.entries})
    messages.success(
        request,
        pick(
            f"{len(taken.models)} 个模型，{queries} 道题，{len(taken.entries)} 个答案。",
            f"{len(taken.models)} models, {queries} queries, {len(taken.entries)} answers.",
        ),
    )
    for why, number in taken.left_out.items():
        messages.warning(request, pick(f"没有收：{number} 个——{why.zh}。", f"Left out: {number} ({why.en})."))
    telling = [f"{each.query} / {each.model}" for each in taken.entries if each.tells]
    if telling:
        shown = "; ".join(telling[:TELLS_SHOWN]) + (" …" if len(telling) > TELLS_SHOWN else "")
        messages.warning(
            request,
            pick(
                f"{len(telling)} 个答案写出了自己的模型名，照原样给人看，瞒不住：{shown}",
                f"{len(telling)} answers name their own model; they are shown as they are, so not blindly: {shown}",
            ),
        )


def _whole(request: HttpRequest, name: str, otherwise: int, least: int, most: int) -> int:
    """A whole number of the form, or what stands for none.

    Raises:
        Refusal: it is none, or out of range.
    """
    text = request.POST.get(name, "").strip() or str(otherwise)
    if not (text.isascii() and text.isdigit() and len(text) < 9 and least <= int(text) <= most):
        raise Refusal(f"这里要 {least} 到 {most} 的整数：{text[:20]}", f"Give a whole number from {least} to {most}.")
    return int(text)


def _contest(request: HttpRequest, contest_id: int, *needed: Role) -> tuple[Contest, frozenset[Role]]:
    contest = Contest.objects.select_related("project").filter(pk=contest_id).first()
    if contest is None:
        raise Http404
    _, roles = project_for(request.user, contest.project_id, *needed)
    return contest, roles


@login_required
@require_POST
def go_on(request: HttpRequest, contest_id: int) -> HttpResponse:
    """The sheet that was begun, or the next."""
    contest, _ = _contest(request, contest_id, Role.EVALUATOR)
    found = arena.next_sheet(contest, request.user)
    return redirect("sheet", found.pk) if found else redirect("arena", contest.project_id)


@login_required
def sheet(request: HttpRequest, sheet_id: int) -> HttpResponse:
    """One's own sheet; handed in, it can be read and not changed."""
    found = get_object_or_404(Sheet.objects.select_related("contest__project"), pk=sheet_id, user=request.user)
    contest = found.contest
    project, roles = project_for(request.user, contest.project_id, Role.EVALUATOR)
    if request.method == "POST":
        arena.choose(found, request.POST, final=True)
        following = arena.next_sheet(contest, request.user)
        return redirect("sheet", following.pk) if following else redirect("arena", project.pk)
    prompt = contest.answers.filter(query=found.query).values_list("prompt", flat=True).first()
    mine = list(contest.sheets.filter(user=request.user).order_by("id").values_list("pk", flat=True))
    at = mine.index(found.pk)
    context = {
        "project": project,
        "roles": roles,
        "contest": contest,
        "sheet": found,
        "prompt": prompt,
        "answers": arena.answers_of(found),
        "places": range(1, len(found.shown) + 1),
        "last_letter": arena.LETTERS[len(found.shown) - 1],
        "marks": MARKS,
        "rating": contest.kind == RATING,
        "scale": range(4),
        "number": at + 1,
        "previous": mine[at - 1] if at else None,
        "following": mine[at + 1] if at + 1 < len(mine) else None,
        "progress": arena.progress(contest, request.user),
    }
    return render(request, "studio/sheet.html", context)


@login_required
@require_POST
def choose(request: HttpRequest, sheet_id: int) -> HttpResponse:
    """Keeps what is chosen so far."""
    found = get_object_or_404(Sheet.objects.select_related("contest__project"), pk=sheet_id, user=request.user)
    project_for(request.user, found.contest.project_id, Role.EVALUATOR)
    arena.choose(found, request.POST, final=False)
    return JsonResponse({"kept": True})


@login_required
def download(request: HttpRequest, contest_id: int) -> HttpResponse:
    """The finished sheets as JSON Lines, for `coig-writer compare`."""
    contest, _ = _contest(request, contest_id, Role.MANAGER)
    response = StreamingHttpResponse(
        (f"{dumps(row)}\n" for row in results.export(contest)), content_type="application/x-ndjson"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{contest.kind}s-{contest.pk}.jsonl"'
    return response


@login_required
@require_POST
def close(request: HttpRequest, contest_id: int) -> HttpResponse:
    """No new sheets are given out; those begun may be finished."""
    contest, _ = _contest(request, contest_id, Role.MANAGER)
    contest.open = not contest.open
    contest.save(update_fields=["open"])
    return redirect("arena", contest.project_id)
