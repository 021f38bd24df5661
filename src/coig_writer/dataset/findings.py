"""Which of the things that an audit looked at are worth a finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from coig_writer.dataset.audit import Audit
from coig_writer.taxonomy import PARTS

EXAMPLES = 10


class Severity(IntEnum):
    """How much a finding matters; higher is worse."""

    NOTE = 1
    """To be known and looked at."""
    WEAK = 2
    """Makes the set weaker for what it claims."""
    SERIOUS = 3
    """Should be mended before a release."""


@dataclass(frozen=True)
class AuditFinding:
    """One thing that the audit noticed; `report.audit_words` puts it into words."""

    rule: str
    severity: Severity
    weight: float
    """Among equals the heavier comes first: mostly the share of the set that is concerned, 0–1."""
    figures: Mapping[str, Any]
    examples: tuple[str, ...] = ()
    """Ids or names to begin with."""


def find(audit: Audit) -> list[AuditFinding]:
    """What an audit found, worst first; nothing for an empty set."""
    found = _all(audit) if audit.count else ()
    return sorted(found, key=lambda each: (-each.severity, -each.weight, each.rule))


def _all(audit: Audit) -> Iterator[AuditFinding]:
    yield from _short(audit)
    yield from _spread(audit)
    yield from _variety(audit)
    yield from _copies(audit)
    yield from _reasoning(audit)
    yield from _sensitive(audit)


def _short(audit: Audit) -> Iterator[AuditFinding]:
    least = audit.settings.least
    for slug, count in audit.categories:
        if count < least:
            figures = {"category": slug, "count": count, "least": least, "missing": least - count}
            yield AuditFinding("category_short", Severity.SERIOUS, 1 - count / least, figures)
    short = [(slug, count) for slug, count, _ in audit.genres if count < least]
    if short:
        figures = {
            "genres": len(short),
            "absent": sum(count == 0 for _, count in short),
            "least": least,
            "missing": sum(least - count for _, count in short),
        }
        weight = len(short) / len(audit.genres)
        yield AuditFinding("genres_short", Severity.NOTE, weight, figures, tuple(slug for slug, _ in short))


def _spread(audit: Audit) -> Iterator[AuditFinding]:
    for name, spread in audit.spreads.items():
        if spread.unknown_share >= audit.settings.unknown_share:
            figures = {"of": name, "unknown": spread.unknown, "share": spread.unknown_share}
            yield AuditFinding("unrecorded", Severity.WEAK, spread.unknown_share, figures)
        limit = getattr(audit.settings, f"{name}_share")
        if spread.known > 1 and spread.largest_share > limit and spread.largest_count > 1:
            figures = {
                "of": name,
                "name": spread.largest,
                "count": spread.largest_count,
                "share": spread.largest_share,
                "limit": limit,
                "gini": spread.gini,
                "effective": spread.effective,
                "names": spread.names,
            }
            severity = Severity.SERIOUS if spread.largest_share > 2 * limit else Severity.WEAK
            yield AuditFinding("concentrated", severity, spread.largest_share, figures)


def _variety(audit: Audit) -> Iterator[AuditFinding]:
    if not audit.across:
        return
    for slug, count, distance in audit.genres:
        if distance is None or count < audit.settings.variety_least:
            continue
        if distance < audit.settings.variety * audit.across:
            figures = {"genre": slug, "count": count, "distance": distance, "across": audit.across}
            yield AuditFinding("uniform_genre", Severity.WEAK, 1 - distance / audit.across, figures)


def _copies(audit: Audit) -> Iterator[AuditFinding]:
    for part in PARTS:
        clusters = [each for each in audit.clusters if each.part == part]
        if clusters:
            concerned = sum(len(each.ids) for each in clusters)
            figures = {"part": part, "clusters": len(clusters), "triplets": concerned, "largest": len(clusters[0].ids)}
            yield AuditFinding(
                "near_copies", Severity.SERIOUS, concerned / audit.sampled, figures, clusters[0].ids[:EXAMPLES]
            )


def _reasoning(audit: Audit) -> Iterator[AuditFinding]:
    found, settings = audit.reasoning, audit.settings
    if found.shared_opening > settings.opening_share:
        figures = {"share": found.shared_opening, "openings": len(found.openings), "least": found.least}
        severity = Severity.SERIOUS if found.shared_opening > 3 * settings.opening_share else Severity.WEAK
        texts = tuple(f"{each.text}… × {each.count}" for each in found.openings[:EXAMPLES])
        yield AuditFinding("shared_openings", severity, found.shared_opening, figures, texts)
    if found.mean_repeated > settings.repeated_share:
        figures = {"share": found.mean_repeated, "least": found.least}
        severity = Severity.SERIOUS if found.mean_repeated > 4 * settings.repeated_share else Severity.WEAK
        texts = tuple(f"{each.text} × {each.count}" for each in found.phrases[:EXAMPLES])
        yield AuditFinding("repeated_wording", severity, found.mean_repeated, figures, texts)


def _sensitive(audit: Audit) -> Iterator[AuditFinding]:
    for each in audit.mentions:
        figures = {"attribute": each.attribute, "triplets": each.triplets, "derogatory": each.derogatory}
        if each.derogatory:
            yield AuditFinding(
                "derogatory", Severity.WEAK, each.derogatory / audit.count, figures, tuple(each.examples[:EXAMPLES])
            )
    mentioned = [each for each in audit.mentions if each.triplets]
    if mentioned:
        figures = {"attributes": len(mentioned), "most": mentioned[0].attribute, "triplets": mentioned[0].triplets}
        yield AuditFinding("sensitive", Severity.NOTE, mentioned[0].triplets / audit.count, figures)
