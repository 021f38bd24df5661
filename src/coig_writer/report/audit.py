"""The page of an audit: findings in plain words, worst first, then what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from coig_writer.dataset.audit import Audit
from coig_writer.dataset.findings import Severity, find
from coig_writer.dataset.inputs import Source
from coig_writer.files import write_json, write_text
from coig_writer.report.audit_words import ATTRIBUTES, NAMES, SEVERITIES, words
from coig_writer.report.page import render_page
from coig_writer.report.statistics import figure_text

LISTED = 40
"""Longer lists on the page stop here and say so; `audit.json` holds everything."""


def render_audit(audit: Audit, *, title: str, sources: Sequence[Source] = (), unread: int = 0) -> str:
    """The audit as one self-contained HTML page; the same audit gives the same page."""
    found = find(audit)
    return render_page(
        "audit.html",
        audit=audit,
        title=title,
        sources=sources,
        unread=unread,
        findings=[(finding, words(finding)) for finding in found],
        counts={SEVERITIES[each]: sum(finding.severity == each for finding in found) for each in reversed(Severity)},
        severities=SEVERITIES,
        names=NAMES,
        attributes=ATTRIBUTES,
        listed=LISTED,
        figure_text=figure_text,
    )


def audit_json(audit: Audit) -> dict[str, Any]:
    """The audit and its findings as JSON values; each finding with its English and Chinese words."""
    findings = [
        asdict(finding) | {"severity": finding.severity.name.lower(), "words": _words(finding)}
        for finding in find(audit)
    ]
    value = {
        "count": audit.count,
        "sampled": audit.sampled,
        "settings": audit.settings.model_dump(),
        "findings": findings,
        "categories": dict(audit.categories),
        "genres": [{"slug": slug, "count": count, "distance": distance} for slug, count, distance in audit.genres],
        "across_genres": audit.across,
        "spreads": {name: asdict(spread) for name, spread in audit.spreads.items()},
        "clusters": [asdict(cluster) for cluster in audit.clusters],
        "reasoning": {
            "shared_opening": audit.reasoning.shared_opening,
            "mean_repeated": audit.reasoning.mean_repeated,
            "openings": [asdict(each) for each in audit.reasoning.openings],
            "phrases": [asdict(each) for each in audit.reasoning.phrases],
        },
        "mentions": [
            {
                "attribute": m.attribute,
                "triplets": m.triplets,
                "derogatory": m.derogatory,
                "words": dict(sorted(m.words.items())),
            }
            for m in audit.mentions
        ],
    }
    return value


def _words(finding: Any) -> dict[str, Any]:
    return {name: label._asdict() for name, label in words(finding)._asdict().items()}


def write_audit(audit: Audit, out: Path, *, title: str, sources: Sequence[Source] = (), unread: int = 0) -> None:
    """Writes `audit.html` and `audit.json` into the folder `out`.

    Raises:
        StorageError: the folder cannot be written.
    """
    write_json(out / "audit.json", audit_json(audit))
    write_text(out / "audit.html", render_audit(audit, title=title, sources=sources, unread=unread))
