"""Approved items as triplets, with every score, review and draft that belongs to them; people only as handles."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from django.db.models import Prefetch

from coig_writer.files import dumps, write_jsonl
from coig_writer.schema import DIMENSIONS, Provenance, Review, Triplet, Verdict
from coig_writer.studio.models import AuditEntry, Decision, Item, Project, Version
from coig_writer.studio.workflow import Status


def triplets(project: Project) -> Iterator[Triplet]:
    """The approved items in the order in which they came, as `dataset build` takes them."""
    items = project.items.filter(status=Status.APPROVED, exercise__isnull=True).order_by("id")
    reviewed = Prefetch("decisions", Decision.objects.order_by("id"))
    for item in items.prefetch_related(reviewed).iterator(chunk_size=100):
        yield triplet(project, item)


def triplet(project: Project, item: Item) -> Triplet:
    """One approved item.

    A verdict that an inspector overruled is left out of the reviews: the inspector's own stands there, and
    `decisions` has them all.
    """
    version = item.versions.get(number=item.submitted)
    assert version.author_id is not None  # only people submit
    author = project.handle(version.author_id)
    scores = version.scores_by(author)
    draft = item.draft
    return Triplet(
        id=item.key,
        prompt=version.prompt,
        reasoning=version.reasoning,
        article=item.article,
        genre=item.genre or "unknown",
        scores=[scores] if scores else [],
        reviews=[_review(project, each) for each in item.decisions.all() if not each.overruled],
        provenance=Provenance(
            drafted_by=f"llm:{draft.model}" if draft and draft.model else f"human:{author}",
            draft_prompt=draft.prompt if draft else None,
            draft_reasoning=draft.reasoning if draft else None,
            templates=draft.templates if draft else {},
        ),
    )


def _review(project: Project, decision: Decision) -> Review:
    return Review(
        by=f"human:{project.handle(decision.user_id)}",
        verdict=Verdict(decision.verdict),
        round=decision.round,
        semantic_consistency=decision.semantic_consistency,
        authenticity=decision.authenticity,
        coherence=decision.coherence,
        diversity=decision.diversity,
        comment=decision.comment,
        at=decision.at,
    )


def decisions(project: Project) -> Iterator[dict[str, Any]]:
    """Every verdict that was ever given, also those overruled."""
    found = (
        Decision.objects.filter(item__project=project, item__exercise__isnull=True)
        .select_related("item")
        .order_by("id")
    )
    for each in found.defer("item__article_json", "item__draft_json").iterator():
        yield {
            "id": each.item.key,
            "kind": each.kind,
            "overruled": each.overruled,
            **_review(project, each).model_dump(mode="json"),
        }


def history(project: Project) -> Iterator[dict[str, Any]]:
    """Every version of every item, without the texts: who, when, how long."""
    found = Version.objects.filter(item__project=project, item__exercise__isnull=True).select_related("item")
    found = found.order_by("item_id", "number")
    for each in found.defer("item__article_json", "item__draft_json").iterator():
        yield {
            "id": each.item.key,
            "version": each.number,
            "base": each.base,
            "by": f"human:{project.handle(each.author_id)}" if each.author_id else None,
            "origin": each.origin,
            "prompt_length": len(each.prompt),
            "reasoning_length": len(each.reasoning),
            "at": each.at.isoformat(),
        }


def audit(project: Project) -> Iterator[dict[str, Any]]:
    """Who did what, when, in the order in which it was done; people as handles, and no texts."""
    found = AuditEntry.objects.filter(project=project, item__exercise__isnull=True).select_related("item")
    for each in found.defer("item__article_json", "item__draft_json").order_by("id").iterator():
        detail = dict(each.detail)
        if "user" in detail:
            detail["user"] = f"human:{project.handle(detail['user'])}"
        yield {
            "at": each.at.isoformat(),
            "by": f"human:{project.handle(each.actor_id)}" if each.actor_id else None,
            "action": each.action,
            "id": each.item.key if each.item else None,
            "detail": detail,
        }


EXPORTS: dict[str, Callable[[Project], Iterator[Any]]] = {
    "triplets": triplets,
    "decisions": decisions,
    "history": history,
    "audit": audit,
}
"""What can be exported, by name."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(rows: Iterable[Triplet | dict[str, Any]]) -> Iterator[str]:
    """The rows as lines of a table that spreadsheets open with their Chinese intact; a triplet is one line.

    A text that a spreadsheet would run as a formula stands behind an apostrophe.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield "\ufeff"
    for number, row in enumerate(rows):
        flat = _flat(row) if isinstance(row, Triplet) else row
        if number == 0:
            writer.writerow(flat)
        writer.writerow([_cell(value) for value in flat.values()])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return dumps(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _flat(row: Triplet) -> dict[str, Any]:
    scores = row.scores[-1] if row.scores else None
    return {
        "id": row.id,
        "genre": row.genre,
        "title": row.article.title,
        "prompt": row.prompt,
        "reasoning": row.reasoning,
        "article": row.article.text,
        **{name: getattr(scores, name, None) for name in DIMENSIONS},
        "scored_by": scores.by if scores else None,
        "verdicts": " ".join(each.verdict for each in row.reviews),
        "drafted_by": row.provenance.drafted_by if row.provenance else None,
    }


def write_triplets(project: Project, path: Path) -> int:
    """Writes the approved triplets and returns their number; the whole file or nothing."""
    return write_jsonl(path, triplets(project))
