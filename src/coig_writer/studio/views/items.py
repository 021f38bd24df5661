"""The project's items as a list, and how texts come in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from coig_writer.corpus.reasons import REASONS
from coig_writer.errors import CoigError
from coig_writer.studio import assign, fetching, intake, told
from coig_writer.studio.models import Item, Project
from coig_writer.studio.models.audit import record
from coig_writer.studio.permissions import LEADS, item_for, project_for
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.workflow import Role, Status
from coig_writer.taxonomy import categories, genres

PAGE = 30
LONGEST = 200_000
"""Characters of a proposed text."""


@login_required
def listing(request: HttpRequest, project_id: int) -> HttpResponse:
    """Items by status, category and words of the title, thirty a page."""
    project, roles = project_for(request.user, project_id, Role.MANAGER, Role.INSPECTOR)
    chosen = {name: request.GET.get(name, "") for name in ("status", "category", "words", "doubt")}
    lead = bool(roles & LEADS)
    items = project.items.select_related("author")
    if lead:  # an inspector who also reviews would know a known item by its absence
        items = items.filter(exercise__isnull=True)
    if chosen["status"] in set(Status):
        items = items.filter(status=chosen["status"])
    if chosen["category"]:
        items = items.filter(category=chosen["category"])
    if chosen["words"]:
        items = items.filter(title__icontains=chosen["words"][:100])
    if chosen["doubt"]:
        items = items.filter(doubt__gt="")
    page = Paginator(items.defer("article_json", "draft_json").order_by("-id"), PAGE).get_page(request.GET.get("page"))
    if lead:
        _look_at_unseen(project, page.object_list)
    context = {
        "project": project,
        "roles": roles,
        "page": page,
        "chosen": chosen,
        "statuses": list(Status),
        "categories": list(categories()),
        "lead": lead,
    }
    return render(request, "studio/items.html", context)


def _look_at_unseen(project: Project, shown: Iterable[Item]) -> None:
    """Makes up for what an import had no time to look at."""
    unseen = {item.pk: item for item in shown if item.doubt is None}
    found = list(project.items.filter(pk__in=unseen))
    intake.look_at(found)
    for each in found:
        unseen[each.pk].doubt, unseen[each.pk].doubt_detail = each.doubt, each.doubt_detail


@login_required
@require_POST
def set_aside(request: HttpRequest, item_id: int) -> HttpResponse:
    """Takes an item out of the queue, or puts it back."""
    item, access = item_for(request.user, item_id)
    if not access.lead:
        raise Refusal("只有项目经理能改。", "Only managers change this.", status=403)
    if item.status == Status.REMOVED:
        assign.take_up(item, by=request.user)
    else:
        assign.set_aside(item, by=request.user)
    return redirect("review", item.pk)


@login_required
def import_file(request: HttpRequest, project_id: int) -> HttpResponse:
    """Takes a file of candidates, drafts or triplets."""
    project, roles = project_for(request.user, project_id, Role.MANAGER)
    context = {"project": project, "roles": roles, "most": settings.UPLOAD_BYTES // 2**20}
    if request.method == "POST":
        given = request.FILES.get("file")
        if given is None:
            raise Refusal("请选一个文件。", "Choose a file.")
        if given.size is None or given.size > settings.UPLOAD_BYTES:
            raise Refusal(
                f"文件超过 {context['most']} MB；更大的请在服务器上用 coig-writer studio import。",
                f"The file is larger than {context['most']} MB; "
                "bring larger ones in with `coig-writer studio import` on the server.",
                status=413,
            )
        with tempfile.TemporaryDirectory() as folder:
            ending = Path(given.name or "").suffix.lower()
            path = Path(folder) / f"upload{ending if ending in ENDINGS else '.jsonl'}"
            with open(path, "wb") as file:
                for chunk in given.chunks():
                    file.write(chunk)
            try:
                context["done"] = intake.import_file(project, path, actor=request.user, name=given.name)
            except CoigError as error:
                context["wrong"] = told.of_error(error, given.name)
    return render(request, "studio/import.html", context, status=400 if context.get("wrong") else 200)


ENDINGS = {".jsonl", ".json", ".parquet", ".csv", ".tsv", ".xlsx"}


@login_required
def propose(request: HttpRequest, project_id: int) -> HttpResponse:
    """Looks at a text that somebody proposes; takes it in when they then say so."""
    project, roles = project_for(request.user, project_id, Role.ANNOTATOR, Role.MANAGER)
    given = {name: request.POST.get(name, "").strip() for name in ("title", "url", "published", "genre")}
    text = request.POST.get("text", "")[: LONGEST + 1]
    context = {"project": project, "roles": roles, "given": given, "text": text, "genres": genres().values()}
    context["fetch"] = settings.FETCH
    if request.method == "POST" and request.POST.get("fetch"):
        if not settings.FETCH:
            raise Refusal(
                "这台服务器不取网页，请贴上正文。", "This server fetches no pages; paste the text.", status=403
            )
        page = fetching.fetch(given["url"])
        record("fetch", actor=request.user, project=project, host=urlsplit(page.url).hostname)
        context |= {"text": page.text[:LONGEST]}
        context["given"] = given | {"url": page.url, "title": page.title, "published": page.published}
    elif request.method == "POST":
        if len(text) > LONGEST:
            raise Refusal(f"最多 {LONGEST:,} 字。", f"At most {LONGEST:,} characters.", status=413)
        if not text.strip():
            raise Refusal("请贴上正文。", "Paste the text.")
        found = intake.assess(project, text, **given)
        context |= {"found": found, "reason": REASONS.get(found.reason or "")}
        if request.POST.get("take") and found.article and found.alike is None:
            intake.add(project, [intake.Incoming(found.article)])
            item = project.items.get(key=found.article.id)
            item.doubt, item.doubt_detail = found.reason or "", (found.detail or "")[:300]
            item.save(update_fields=["doubt", "doubt_detail"])
            record("propose", actor=request.user, item=item, against=found.reason)
            context |= {"taken": item, "text": "", "given": {}}
    return render(request, "studio/propose.html", context)
