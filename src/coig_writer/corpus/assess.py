"""The first assessment: five scores from 0 to 1, each with the findings that explain it."""

from __future__ import annotations

from dataclasses import dataclass

from coig_writer.corpus.dimensions import completeness, creativity, errors, format, logic
from coig_writer.corpus.findings import Finding, Text, score
from coig_writer.corpus.settings import CorpusSettings

DIMENSIONS = ("completeness", "format", "errors", "logic", "creativity")


@dataclass(frozen=True, slots=True)
class Assessment:
    """Scores and findings by dimension, and the finding that refuses the text, if one does."""

    scores: dict[str, float]
    """1 means that nothing speaks against the text."""
    findings: dict[str, list[Finding]]
    refused_by: Finding | None
    """The heaviest finding of the first dimension below its threshold."""


def assess(text: str, settings: CorpusSettings, genre: str | None = None, notes: list[str] | None = None) -> Assessment:
    """Judges a cleaned text by cheap signals.

    Args:
        text: as `clean` returns it.
        settings: thresholds.
        genre: slug of the taxonomy where the source names it; advertising may advertise.
        notes: what the reader noticed about the encoding.
    """
    seen = Text(text, genre)
    found = {
        "completeness": list(completeness.findings(seen, settings)),
        "format": list(format.findings(seen, settings)),
        "errors": list(errors.findings(seen, settings, notes or [])),
        "logic": list(logic.findings(seen, settings)),
        "creativity": list(creativity.findings(seen, settings)),
    }
    scores = {dimension: score(found[dimension]) for dimension in DIMENSIONS}
    failed = [name for name in DIMENSIONS if scores[name] < getattr(settings, f"min_{name}")]
    refused_by = max(found[failed[0]], key=lambda finding: finding.penalty) if failed else None
    return Assessment(scores, found, refused_by)
