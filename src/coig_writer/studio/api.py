"""The studio for programs: JSON over HTTP with a token, described by `/api/openapi.json`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Schema
from ninja.security import HttpBearer

from coig_writer import __version__
from coig_writer.errors import CoigError
from coig_writer.files import dumps
from coig_writer.studio import assign, export, intake, writing
from coig_writer.studio.models import Item, Project, Token
from coig_writer.studio.permissions import LEADS, item_for, project_for
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.workflow import Role, Status

PAGE = 100


class Bearer(HttpBearer):
    """`Authorization: Bearer …`; the program may do what the token's person may do, in the token's project alone."""

    def authenticate(self, request: HttpRequest, token: str) -> Token | None:
        found = Token.objects.select_related("user", "project").filter(token_hash=Token.hash_of(token)).first()
        if found is None or not found.user.is_active:
            return None
        Token.objects.filter(pk=found.pk).update(used=timezone.now())
        request.user = found.user
        return found


api = NinjaAPI(
    title="coig-writer studio",
    version=__version__,
    auth=Bearer(),
    docs_url=None,  # the page of documentation would load scripts from elsewhere
    urls_namespace="api",
)


class ItemOut(Schema):
    id: int
    key: str
    title: str
    genre: str
    status: Status
    round: int
    length: int
    version: int


class Task(Schema):
    item: ItemOut
    role: Role
    due: str | None


class Content(Schema):
    """What an author writes. `base` is the version that it grew out of; a stale one is refused with 409."""

    base: int
    prompt: str
    reasoning: str
    article_quality: int | None = None
    article_creativity: int | None = None
    prompt_quality: int | None = None
    prompt_creativity: int | None = None
    reasoning_quality: int | None = None
    reasoning_creativity: int | None = None
    coherent: Literal["yes", "no"] | None = None
    key: str | None = None
    """Made by the caller for each save, so that one which is sent twice is stored once."""


class VersionOut(Schema):
    version: int
    prompt: str
    reasoning: str
    scores: dict[str, int]


class Submitted(Schema):
    status: Status
    shortfalls: list[str]


class Imported(Schema):
    added: int
    known: int
    rejected: list[str]


class Problem(Schema):
    error: str
    current: VersionOut | None = None


@api.exception_handler(Refusal)
def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return api.create_response(request, {"error": refusal.en}, status=refusal.status)


@api.exception_handler(writing.Conflict)
def _stale(request: HttpRequest, conflict: writing.Conflict) -> HttpResponse:
    current = conflict.current
    told = {
        "version": current.number,
        "prompt": current.prompt,
        "reasoning": current.reasoning,
        "scores": current.scores,
    }
    return api.create_response(request, {"error": str(conflict), "current": told}, status=409)


def _project(request: Any, *needed: Role) -> Project:
    return project_for(request.auth.user, request.auth.project_id, *needed)[0]


def _item(request: Any, item_id: int) -> Item:
    """The item, if it is of the token's project and open to the token's person."""
    found, _ = item_for(request.auth.user, item_id)
    if found.project_id != request.auth.project_id:
        raise Refusal("没有这一篇。", "There is no such item.", status=404)
    return found


def _out(item: Item) -> dict[str, Any]:
    names = ("key", "title", "genre", "status", "round", "length")
    return {"id": item.pk, "version": item.head, **{name: getattr(item, name) for name in names}}


@api.get("/items", response=list[ItemOut])
def items(request: HttpRequest, status: Status | None = None, after: int = 0):
    """A hundred items in the order of their ids, from the one after `after` on."""
    project, roles = project_for(request.auth.user, request.auth.project_id, Role.MANAGER, Role.INSPECTOR)
    found = project.items.filter(pk__gt=after)
    if roles & LEADS:  # an inspector who also reviews would know a known item by its absence
        found = found.filter(exercise__isnull=True)
    if status:
        found = found.filter(status=status)
    return [_out(each) for each in found.defer("article_json", "draft_json").order_by("pk")[:PAGE]]


@api.post("/items", response=Imported)
def import_records(request: HttpRequest):
    """Takes JSON Lines of articles, drafts or triplets as the body."""
    project = _project(request, Role.MANAGER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "body.jsonl"
        with open(path, "wb") as file:
            file.write(request.body)
        try:
            done = intake.import_file(project, path, actor=request.user, name="api")
        except CoigError as error:
            raise Refusal("读不出。", error.message) from error
    return {"added": done.added, "known": done.known, "rejected": [each.reason for each in done.rejects]}


@api.get("/items/{item_id}/versions/latest", response=VersionOut)
def latest(request: HttpRequest, item_id: int):
    """The text as it stands."""
    item = _item(request, item_id)
    version = item.versions.filter(number=item.head).first()
    content = writing.Content.of(version)
    return {
        "version": item.head,
        "prompt": content.prompt,
        "reasoning": content.reasoning,
        "scores": dict(content.scores),
    }


@api.get("/items/{item_id}/article")
def article(request: HttpRequest, item_id: int):
    """The article as a record."""
    return _item(request, item_id).article_json


@api.get("/tasks", response=list[Task])
def tasks(request: HttpRequest):
    """What the token's person has before them."""
    project = _project(request)
    found = request.user.assignments.filter(ended=None, item__project=project).select_related("item")
    return [
        {"item": _out(each.item), "role": each.role, "due": each.due.isoformat() if each.due else None}
        for each in found.order_by("due", "id")
    ]


@api.post("/tasks/{role}", response=ItemOut)
def claim(request: HttpRequest, role: Literal["annotator", "reviewer"]):
    """Takes the next item of the queue."""
    return _out(assign.claim(_project(request, Role(role)), request.user, Role(role)))


@api.put("/items/{item_id}/content", response={200: VersionOut, 409: Problem})
def save(request: HttpRequest, item_id: int, content: Content):
    """Adds a version."""
    item = _item(request, item_id)
    given = writing.content_from(content.model_dump())
    version = writing.save(item.pk, request.user, given, base=content.base, key=content.key)
    return {
        "version": version.number,
        "prompt": version.prompt,
        "reasoning": version.reasoning,
        "scores": version.scores,
    }


@api.post("/items/{item_id}/submission", response={200: Submitted, 409: Problem})
def submit(request: HttpRequest, item_id: int, content: Content):
    """Hands the item in; below the gate it comes back with what is short."""
    item = _item(request, item_id)
    given = writing.content_from(content.model_dump())
    done = writing.submit(item, request.user, given, base=content.base, key=content.key)
    return {"status": done.status, "shortfalls": done.shortfalls}


@api.get("/export/{name}")
def download(request: HttpRequest, name: str):
    """`triplets`, `decisions` or `history` as JSON Lines."""
    project = _project(request, Role.MANAGER)
    rows = export.EXPORTS.get(name)
    if rows is None:
        raise Refusal("没有这种导出。", "There is no such export.", status=404)
    lines = (f"{dumps(row)}\n" for row in rows(project))
    return StreamingHttpResponse(lines, content_type="application/x-ndjson")
