"""The workbench: an article on the left, the three steps on the right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from coig_writer.corpus.findings import Text
from coig_writer.dataset.statistics import human_share
from coig_writer.schema import DIMENSIONS, Article
from coig_writer.studio import drafting, live, writing
from coig_writer.studio.models import Item, Version
from coig_writer.studio.permissions import Access, item_for
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.templatetags.words import pick
from coig_writer.studio.wording import difference, merge
from coig_writer.studio.words import BANDS
from coig_writer.studio.workflow import Status
from coig_writer.taxonomy import genres


@dataclass(frozen=True)
class Paragraph:
    """A line of an article that is not blank."""

    number: int
    start: int
    """Where its text begins in the article, in UTF-16 units."""
    text: str
    spaced: bool
    """Whether a blank line stands before it."""


def paragraphs(article: Article, verse: bool) -> Iterator[Paragraph]:
    """The article's lines; indents of prose are left out, since the page sets its own."""
    at = number = 0
    spaced = False
    for line in article.text.split("\n"):
        bare = line.rstrip() if verse else line.strip()
        if bare:
            number += 1
            skipped = line.index(bare[0]) if not verse else 0
            yield Paragraph(number, at + skipped, bare, spaced)
        spaced = not bare
        at += live.units(line, 0, len(line))[1] + 1


SCENE = re.compile(r"第.{1,4}[场幕]|场景|[内外]景|(?:INT|EXT)\b")


def outline(lines: list[Paragraph], verse: bool) -> list[Paragraph]:
    """The paragraphs that an outline leads to: a script's scenes, a poem's stanzas, or all."""
    scenes = [line for line in lines if SCENE.match(line.text)]
    if len(scenes) > 1:
        return scenes
    return [line for line in lines if not verse or line.spaced or line.number == 1]


def reading(item: Item) -> dict[str, Any]:
    """What every page that shows an item needs."""
    article = item.article
    verse = Text(article.text, article.genre).shape == "verse"
    genre = genres().get(item.genre)
    lines = list(paragraphs(article, verse))
    return {
        "item": item,
        "project": item.project,
        "article": article,
        "verse": verse,
        "paragraphs": lines,
        "outline": outline(lines, verse),
        "genre": genre,
        "asks": pick(genre.asks_zh, genre.asks_en) if genre else "",
        "yardsticks": live.yardsticks(item.genre),
    }


@login_required
@require_GET
def workbench(request: HttpRequest, item_id: int) -> HttpResponse:
    item, access = item_for(request.user, item_id)
    if not access.write:
        return redirect("review", item.pk)
    head = item.versions.filter(number=item.head).first()
    content = writing.Content.of(head)
    seen = item.first_submitted is not None  # before, nobody but the author has anything to say
    context = reading(item) | {
        "access": access,
        "head": head,
        "content": content,
        "dimensions": [(name, content.scores.get(name)) for name in DIMENSIONS],
        "scale": range(1, 11),
        "bands": BANDS,
        "shortfalls": live.shortfall_labels(item.shortfalls) if item.status == Status.REFINE else [],
        "decisions": past_decisions(item, access) if seen else [],
        "remarks": remarks_of(item, access) if seen else [],
        "shares": shares(item, content),
        "missing": content.missing(),
        "longest": writing.LONGEST,
        "model": drafting.model(),
    }
    return render(request, "studio/workbench.html", context)


def past_decisions(item: Item, access: Access) -> list[dict[str, Any]]:
    """Verdicts that this person may see, the latest first, with the name or handle of who gave them."""
    found = item.decisions.select_related("user").order_by("-round", "kind", "id")
    if not access.sees_decisions(item):
        found = found.exclude(round=item.round)
    return [{"decision": each, "who": who(each.user, item, access)} for each in found]


def remarks_of(item: Item, access: Access, user: Any = None) -> list[dict[str, Any]]:
    """Remarks with their answers; those of the round that is under way are seen by who made them alone."""
    found = item.comments.filter(answers=None).select_related("user").prefetch_related("replies__user").order_by("id")
    if not access.sees_decisions(item):
        mine = item.comments.filter(answers=None, user=user) if user else item.comments.none()
        found = (found.exclude(round=item.round) | found.filter(pk__in=mine)).distinct()
    return [
        {
            "remark": each,
            "who": who(each.user, item, access),
            "replies": [{"remark": reply, "who": who(reply.user, item, access)} for reply in each.replies.all()],
        }
        for each in found
    ]


def who(user: Any, item: Item, access: Access) -> str:
    """A person as this reader may know them; who made an item that checks reviewers is not to be known by it."""
    if item.exercise is not None and user.pk == item.author_id and not access.lead:
        return item.project.handle(-item.pk)
    return user.username if access.names else item.project.handle(user.pk)


def shares(item: Item, content: writing.Content) -> dict[str, float]:
    """Part → how much of its wording is the person's, 0–1, for parts that a model drafted."""
    draft = item.draft
    if draft is None:
        return {}
    pairs = {"prompt": (draft.prompt, content.prompt), "reasoning": (draft.reasoning, content.reasoning)}
    return {part: human_share(old, new) for part, (old, new) in pairs.items() if old and new}


@login_required
@require_POST
def save(request: HttpRequest, item_id: int) -> HttpResponse:
    """Stores what was written. A script gets JSON; a form gets the workbench, or the page with both versions."""
    item, _ = item_for(request.user, item_id)
    content = writing.content_from(request.POST)
    scripted = request.headers.get("Accept", "").startswith("application/json")
    origin = "merge" if request.POST.get("merged") else "person"
    try:
        version = writing.save(item.pk, request.user, content, base=_base(request), key=_key(request), origin=origin)
    except writing.Conflict as conflict:
        if scripted:
            return JsonResponse({"conflict": conflict.current.number}, status=409)
        return _conflict(request, item, content, conflict.current)
    if not scripted:
        return redirect("item", item.pk)
    at = timezone.localtime(version.at)
    share = {part: round(each, 4) for part, each in shares(item, content).items()}
    return JsonResponse({"version": version.number, "at": f"{at:%H:%M:%S}", "shares": share})


def _base(request: HttpRequest) -> int:
    text = request.POST.get("base", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refusal("缺少所依据的版本。", "The version that this grew out of is missing.")
    return int(text)


def _key(request: HttpRequest) -> str | None:
    return request.POST.get("key", "")[:40] or None


def _conflict(request: HttpRequest, item: Item, yours: writing.Content, current: Version) -> HttpResponse:
    """Both versions and a merge of them; nothing has been stored or lost."""
    base = writing.Content.of(item.versions.filter(number=_base(request)).first())
    theirs = writing.Content.of(current)
    parts = []
    for part in ("prompt", "reasoning"):
        old, mine, other = (getattr(each, part) for each in (base, yours, theirs))
        parts.append(
            {
                "part": part,
                "merged": merge(old, mine, other),
                "yours": difference(old, mine),
                "theirs": difference(old, other),
            }
        )
    scores = [
        (name, theirs.scores.get(name), yours.scores.get(name), yours.scores.get(name) or theirs.scores.get(name) or "")
        for name in DIMENSIONS
    ]
    coherent = yours.coherent if yours.coherent is not None else theirs.coherent
    context = {
        "item": item,
        "project": item.project,
        "current": current,
        "parts": parts,
        "scores": scores,
        "coherent": "" if coherent is None else "yes" if coherent else "no",
    }
    return render(request, "studio/conflict.html", context, status=409)


@login_required
@require_POST
def check(request: HttpRequest, item_id: int) -> HttpResponse:
    """What a program notices in the wording as it stands in the browser; nothing is stored."""
    item, _ = item_for(request.user, item_id)
    content = writing.content_from(request.POST)
    checked = live.check(item.article, content.prompt, content.reasoning)
    context = {"checked": checked, "yardsticks": live.yardsticks(item.genre), "content": content}
    return JsonResponse(
        {
            "html": render_to_string("studio/_findings.html", context, request),
            "marks": [asdict(mark) for mark in checked.marks],
        }
    )


@login_required
@require_POST
def submit(request: HttpRequest, item_id: int) -> HttpResponse:
    item, _ = item_for(request.user, item_id)
    content = writing.content_from(request.POST)
    try:
        done = writing.submit(item, request.user, content, base=_base(request), key=_key(request))
    except writing.Conflict as conflict:
        return _conflict(request, item, content, conflict.current)
    if done.status == Status.REFINE:
        return redirect("item", item.pk)
    return redirect("mine", item.project_id)


@login_required
@require_GET
def versions(request: HttpRequest, item_id: int) -> HttpResponse:
    """Every version, and what differs between two of them; version 0 is the model's draft."""
    item, access = item_for(request.user, item_id)
    found = list(item.versions.select_related("author").order_by("-number"))
    if not access.lead and not access.author and not access.write:
        found = [each for each in found if each.number == item.submitted]
    numbers = {each.number: each for each in found}
    if not numbers:
        raise Http404
    new = numbers.get(_number(request, "b"), found[0])
    fallback = 0 if item.draft else min((each.number for each in found), default=0)
    old = numbers.get(_number(request, "a", fallback))
    before = writing.Content.of(old)
    if old is None and item.draft:
        before = writing.Content(item.draft.prompt or "", item.draft.reasoning or "")
    after = writing.Content.of(new)
    context = {
        "item": item,
        "project": item.project,
        "versions": [{"version": each, "who": who(each.author, item, access) if each.author else ""} for each in found],
        "old": old.number if old else 0,
        "new": new.number,
        "drafted": item.draft is not None,
        "parts": [(part, difference(getattr(before, part), getattr(after, part))) for part in ("prompt", "reasoning")],
    }
    return render(request, "studio/versions.html", context)


def _number(request: HttpRequest, name: str, otherwise: int = -1) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise
