"""Fourteen drafts as `annotate run` leaves them, written for these tests, and releases made from such records."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from coig_writer.dataset.inputs import Item, Source
from coig_writer.dataset.release import Release, Rules, sort_out
from coig_writer.schema import DIMENSIONS, Draft, Review, Scores, Triplet

DRAFTS = Path(__file__).parents[1] / "dataset" / "drafts.jsonl"
"""Seven passed, three need refinement, two are screened out, one is held, one met an error."""
MODEL = "llm:toy@0123456789ab"


@cache
def drafts() -> tuple[Draft, ...]:
    return tuple(Draft.model_validate_json(line) for line in DRAFTS.read_text(encoding="utf-8").splitlines())


def triplet(*reviews: Review, **changed) -> Triplet:
    """The first draft as a triplet with these reviews and whatever else is changed."""
    return drafts()[0].to_triplet().model_copy(update={"reviews": list(reviews), **changed})


def review(verdict: str, by: str = "human:lin", **more) -> Review:
    return Review(by=by, verdict=verdict, **more)


def scores(*values: int, by: str = MODEL) -> Scores:
    return Scores(**dict(zip(DIMENSIONS, values, strict=True)), by=by)


def items(*records: Draft | Triplet) -> list[Item]:
    return [Item(record, f"some.jsonl:{number}") for number, record in enumerate(records, 1)]


def release_of(
    records: Sequence[Draft | Triplet], title: str = "灯下集", rules: Rules | None = None, **more
) -> Release:
    rules = rules or Rules(include_unreviewed=True)
    read = items(*records)
    released, withheld = sort_out(read, rules)
    return Release(
        title=title,
        licence=more.pop("licence", None),
        rules=rules,
        sources=(Source("some.jsonl", "0" * 64, len(read)),),
        released=tuple(released),
        withheld=tuple(withheld),
        **more,
    )
