"""Statistics as plain values, for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from coig_writer.dataset.compare import ComparedGroup, compare, contradictions
from coig_writer.dataset.counts import Group
from coig_writer.dataset.statistics import Statistics


def statistics_json(found: Statistics, *, with_paper: bool = False, unread: int = 0) -> dict[str, Any]:
    """The statistics as JSON values; lengths in characters, shares 0–1."""
    value: dict[str, Any] = {
        "count": found.count,
        "unread": unread,
        "overall": _group(found.overall),
        "categories": [_group(group) for group in found.categories],
        "genres": [_group(group) | {"category": group.category.slug} for group in found.genres],
        "scores": {name: _sorted(counts) for name, counts in found.scores.items()},
        "raters": [asdict(rater) | {"mean_total": rater.mean_total} for rater in found.raters],
        "reviews": asdict(found.reviews) | {"first_pass": found.reviews.first_pass},
        "human_share": {
            each.part: {"count": each.count, "mean": each.mean, "median": each.median, "untouched": each.untouched}
            for each in found.human
        },
        "sources": {name: _named(counts) for name, counts in vars(found.sources).items()},
    }
    if with_paper:
        value["paper"] = {
            "groups": [_compared(each) for each in compare(found)],
            "contradictions": [asdict(each) for each in contradictions()],
        }
    return value


def _group(group: Group) -> dict[str, Any]:
    return {
        "slug": group.slug,
        "count": group.count,
        "share": group.share,
        "median_total": group.median_total,
        "lengths": {part: asdict(lengths) for part, lengths in group.lengths.items()},
    }


def _compared(group: ComparedGroup) -> dict[str, Any]:
    pairs = [{"figure": p.figure, "ours": p.ours, "published": p.published, "agrees": p.agrees} for p in group.pairs]
    return {"slug": group.slug, "level": group.level, "missing": group.missing, "figures": pairs}


def _sorted(counts: Mapping[int, int]) -> dict[str, int]:
    return {str(value): count for value, count in sorted(counts.items())}


def _named(counts: Mapping[str | None, int]) -> dict[str, int]:
    """Names with their counts, the most frequent first; what is not recorded under an empty name."""
    return {name or "": count for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0] or ""))}
