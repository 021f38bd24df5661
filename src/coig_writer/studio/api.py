"""The studio for programs: JSON over HTTP with a token, described by `/api/openapi.json`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Query, Schema
from ninja import Path as InPath
from ninja.security import HttpBearer
from pydantic import Field

from coig_writer import __version__
from coig_writer.errors import CoigError
from coig_writer.files import dumps
from coig_writer.schema import Verdict
from coig_writer.studio import arena, assign, entries, export, intake, results, reviewing, writing
from coig_writer.studio.models import Contest, Item, Project, Token, Version
from coig_writer.studio.permissions import LARGEST, LEADS, Access, item_for, project_for
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.workflow import Role, Status

PAGE = 100
CHUNK = 1 << 20
"""Bytes of a body read at once."""
Number = Annotated[int, InPath(ge=1, le=LARGEST)]
"""Of a row, in a path."""
Mark = Annotated[int, Field(ge=1, le=5)]


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


class Judged(Schema):
    """A reviewer's verdict. `version` is what they had before them; all but an accepting one say why."""

    version: int
    verdict: Verdict
    comment: str = ""
    semantic_consistency: Mark
    authenticity: Mark
    coherence: Mark
    diversity: Mark


class Inspected(Schema):
    """An inspector's verdict, which is final for the round."""

    version: int
    verdict: Verdict
    comment: str = ""


class State(Schema):
    status: Status
    round: int


class Imported(Schema):
    added: int
    known: int
    rejected: list[str]
    """`body:LINE, field: reason` of each record that was not taken."""
    lost: list[str]
    """The same of each field that was not kept, of a record that was taken."""


class ContestIn(Schema):
    """How answers are judged. Evaluators see the name, so it holds none of a model."""

    name: str = Field(min_length=1, max_length=120)
    kind: Literal["ranking", "rating"] = "ranking"
    size: int = Field(5, ge=arena.LEAST, le=arena.MOST)
    """Answers on a sheet; 2 for pairs."""
    raters: int = Field(3, ge=1, le=50)
    ties: bool = False


class ContestOut(Schema):
    id: int
    name: str
    kind: str
    size: int
    raters: int
    ties: bool
    open: bool
    sheets: int
    """Handed in."""
    wanted: int


class ContestMade(Schema):
    id: int
    models: list[str]
    answers: int
    left_out: dict[str, int]
    """Why an answer was not taken → how many."""
    naming: list[str]
    """`QUERY / MODEL` of answers that say the name of their own model, and so cannot be judged blindly."""


class Problem(Schema):
    error: str
    current: VersionOut | None = None


@api.exception_handler(Refusal)
def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return api.create_response(request, {"error": refusal.en}, status=refusal.status)


@api.exception_handler(writing.Conflict)
def _stale(request: HttpRequest, conflict: writing.Conflict) -> HttpResponse:
    return api.create_response(request, {"error": str(conflict), "current": _told(conflict.current)}, status=409)


def _told(version: Version) -> dict[str, Any]:
    return {
        "version": version.number,
        "prompt": version.prompt,
        "reasoning": version.reasoning,
        "scores": version.scores,
    }


def _project(request: Any, *needed: Role) -> Project:
    return project_for(request.auth.user, request.auth.project_id, *needed)[0]


def _item(request: Any, item_id: Number) -> tuple[Item, Access]:
    """The item, if it is of the token's project and open to the token's person, and what they may do with it."""
    found, access = item_for(request.auth.user, item_id)
    if found.project_id != request.auth.project_id:
        raise Refusal("没有这一篇。", "There is no such item.", status=404)
    return found, access


@contextmanager
def _body(request: HttpRequest) -> Iterator[Path]:
    """The body as a file of JSON Lines, for as long as the block lasts.

    Raises:
        Refusal: it is larger than a page may upload, or what reads it finds it of no known kind.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "body.jsonl"
        size = 0
        with open(path, "wb") as file:
            while chunk := request.read(CHUNK):
                size += len(chunk)
                if size > settings.UPLOAD_BYTES:
                    most = settings.UPLOAD_BYTES >> 20
                    raise Refusal(f"正文超过 {most} MB。", f"The body has more than {most} MB.", status=413)
                file.write(chunk)
        try:
            yield path
        except CoigError as error:
            raise Refusal("读不出。", f"body: {error.message}. {error.remedy or ''}".strip()) from error


def _lines(rows: Iterable[Any]) -> HttpResponse:
    return StreamingHttpResponse((f"{dumps(row)}\n" for row in rows), content_type="application/x-ndjson")  # type: ignore[return-value]


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
    with _body(request) as path:
        done = intake.import_file(project, path, actor=request.user, name="body")
    told = {"rejected": list(map(str, done.rejects)), "lost": list(map(str, done.lost))}
    return {"added": done.added, "known": done.known, **told}


@api.get("/items/{item_id}/versions/latest", response=VersionOut)
def latest(request: HttpRequest, item_id: Number):
    """The text as it stands; to a reviewer, as it was submitted."""
    item, access = _item(request, item_id)
    number = item.head if access.lead or access.author or access.write or not item.submitted else item.submitted
    content = writing.Content.of(item.versions.filter(number=number).first())
    return {
        "version": number,
        "prompt": content.prompt,
        "reasoning": content.reasoning,
        "scores": dict(content.scores),
    }


@api.get("/items/{item_id}/article")
def article(request: HttpRequest, item_id: Number):
    """The article as a record."""
    return _item(request, item_id)[0].article_json


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


@api.delete("/items/{item_id}/task", response={204: None})
def give_back(request: HttpRequest, item_id: Number):
    """Gives an item back to the queue; what was written stays."""
    item, access = _item(request, item_id)
    assign.release(item, request.user, Role.ANNOTATOR if access.write else Role.REVIEWER)


@api.put("/items/{item_id}/content", response={200: VersionOut, 409: Problem})
def save(request: HttpRequest, item_id: Number, content: Content):
    """Adds a version."""
    item, _ = _item(request, item_id)
    given = writing.content_from(content.model_dump())
    return _told(writing.save(item.pk, request.user, given, base=content.base, key=content.key))


@api.post("/items/{item_id}/submission", response={200: Submitted, 409: Problem})
def submit(request: HttpRequest, item_id: Number, content: Content):
    """Hands the item in; below the gate it comes back with what is short."""
    item, _ = _item(request, item_id)
    given = writing.content_from(content.model_dump())
    done = writing.submit(item, request.user, given, base=content.base, key=content.key)
    return {"status": done.status, "shortfalls": done.shortfalls}


@api.post("/items/{item_id}/review", response={200: State, 409: Problem})
def review(request: HttpRequest, item_id: Number, judged: Judged):
    """Stores the verdict of a reviewer who has taken the item; the last one needed settles the round."""
    item, _ = _item(request, item_id)
    judgement = reviewing.judgement_from(judged.model_dump(), with_marks=True)
    done = reviewing.review(item.pk, request.user, judgement, version=judged.version)
    return {"status": done.status, "round": done.round}


@api.post("/items/{item_id}/inspection", response={200: State, 409: Problem})
def inspect(request: HttpRequest, item_id: Number, inspected: Inspected):
    """Stores an inspector's verdict, which decides."""
    item, access = _item(request, item_id)
    if not access.inspect:
        raise Refusal("这一篇不归你质检。", "This item is not yours to inspect.", status=403)
    judgement = reviewing.judgement_from(inspected.model_dump(), with_marks=False)
    done = reviewing.inspect(item.pk, request.user, judgement, version=inspected.version)
    return {"status": done.status, "round": done.round}


@api.get("/contests", response=list[ContestOut])
def contests(request: HttpRequest):
    """The project's contests in the arena, and how far they are."""
    names = ("name", "kind", "size", "raters", "ties", "open")
    found = []
    for each in _project(request, Role.MANAGER).contests.order_by("pk"):
        done, wanted = results.counts(each)
        found.append({"id": each.pk, **{name: getattr(each, name) for name in names}, "sheets": done, "wanted": wanted})
    return found


@api.post("/contests", response=ContestMade)
def make_contest(request: HttpRequest, contest: Query[ContestIn]):
    """Takes JSON Lines of several models' answers as the body, as `coig-writer infer` writes them."""
    project = _project(request, Role.MANAGER)
    with _body(request) as path:
        taken = entries.take([path])
    made = arena.create(project, contest.name, taken, by=request.user, **contest.model_dump(exclude={"name"}))
    return {
        "id": made.pk,
        "models": taken.models,
        "answers": len(taken.entries),
        "left_out": {why.en: number for why, number in taken.left_out.items()},
        "naming": [f"{each.query} / {each.model}" for each in taken.entries if each.tells],
    }


@api.get("/contests/{contest_id}/results")
def contest_results(request: HttpRequest, contest_id: Number):
    """The finished sheets as JSON Lines, for `coig-writer compare`; raters as handles."""
    contest = Contest.objects.filter(project=_project(request, Role.MANAGER), pk=contest_id).first()
    if contest is None:
        raise Refusal("没有这场评测。", "There is no such contest.", status=404)
    return _lines(results.export(contest))


@api.get("/export/{name}")
def download(request: HttpRequest, name: str):
    """`triplets`, `decisions` or `history` as JSON Lines."""
    project = _project(request, Role.MANAGER)
    rows = export.EXPORTS.get(name)
    if rows is None:
        raise Refusal("没有这种导出。", "There is no such export.", status=404)
    return _lines(rows(project))
