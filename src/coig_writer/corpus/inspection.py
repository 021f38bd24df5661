"""One row through the stages that need no other row: clean, mask, assess, date; as Arrow batch → Arrow batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import pyarrow as pa

from coig_writer.corpus.assess import DIMENSIONS, Assessment, assess
from coig_writer.corpus.clean import clean, clean_line
from coig_writer.corpus.dates import Dating, date_in_text, date_in_url, settle
from coig_writer.corpus.language import convert, identify, script_of
from coig_writer.corpus.personal import find_personal_data, mask
from coig_writer.corpus.rows import Stamp
from coig_writer.corpus.settings import CorpusSettings
from coig_writer.corpus.sources import Source, locate
from coig_writer.errors import SettingError
from coig_writer.schema import article_id

_TEXTS = ("source", "original", "id", "text", "title", "author", "url", "url_key", "platform", "language", "script")
INSPECTED = pa.schema(
    [
        ("key", pa.large_string()),
        *((name, pa.large_string()) for name in _TEXTS),
        *((name, pa.large_string()) for name in ("genre", "licence")),
        ("published", pa.date32()),
        *((name, pa.int64()) for name in ("likes", "shares", "comments")),
        *((name, pa.float64()) for name in DIMENSIONS),
        *((name, pa.large_string()) for name in ("evidence", "personal_data", "reason", "detail")),
    ]
)
"""A row after inspection: `original` as it was read, `text` cleaned, `reason` null where nothing refuses it."""


def inspect_batch(rows: pa.Array, settings: CorpusSettings) -> pa.Array:
    """Inspects a struct array of schema `raw.RAW`; returns one of schema `INSPECTED`, row for row."""
    return pa.array([inspect_row(row, settings) for row in rows.to_pylist()], pa.struct(list(INSPECTED)))


def inspect_row(row: Mapping[str, Any], settings: CorpusSettings) -> dict[str, Any]:
    """What the stages find out about one row, with the first reason against it."""
    found = {"key": row["key"], "source": row["source"], "original": row["text"], "title": row["title"]}
    if row["problem"]:
        return found | {"reason": row["problem"], "detail": row["detail"]}
    text = clean(row["text"])
    said = {"text": text, "title": clean_line(row["title"]) or "", "author": clean_line(row["author"]) or ""}
    language, script = identify(text), script_of(text)
    if settings.script != "keep" and language == "zh":
        said = {name: convert(value, settings.script, context=script) for name, value in said.items()}
        script = settings.script
    said, places = _without_personal_data(said, settings)
    text = said["text"]
    source = locate(row["url"], row["platform"])
    found |= {
        "text": text,
        "title": said["title"] or None,
        "author": said["author"] or None,
        "url": source.url,
        "url_key": source.key,
        "platform": clean_line(source.platform),
        "language": language,
        "script": script if language == "zh" else None,
        "genre": _genre(row["genre"]),
        **{name: row[name] for name in ("licence", "likes", "shares", "comments")},
    }
    if refused := _unusable(text, language, settings):
        return found | {"reason": refused[0], "detail": refused[1]}
    assessment = assess(text, settings, found["genre"], row["notes"])
    stamps = _stamps(row, source, text)
    dating = settle(stamps, settings)
    reason, detail = _verdict(assessment, dating, [place["kind"] for place in places], settings)
    return found | {
        "id": article_id(text),
        "published": dating.published,
        **assessment.scores,
        "evidence": _evidence(assessment, row, source, stamps),
        "personal_data": _as_json(places) if places else None,
        "reason": reason,
        "detail": detail,
    }


def _without_personal_data(
    said: dict[str, str], settings: CorpusSettings
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Texts by column, masked if that is set, and the places of personal data in them.

    All that is quoted later is quoted from these texts, so that no finding repeats what was masked.
    """
    spots = {name: find_personal_data(value) for name, value in said.items()}
    places = [{"column": name} | asdict(spot) for name in said for spot in spots[name]]
    if settings.personal_data == "mask":
        said = {name: mask(value, spots[name]) for name, value in said.items()}
    return said, places


def _unusable(text: str, language: str | None, settings: CorpusSettings) -> tuple[str, str] | None:
    if not text:
        return "no-text", "nothing is left after cleaning"
    if len(text) < settings.min_characters:
        return "too-short", f"{len(text)} characters; at least {settings.min_characters} are asked"
    if len(text) > settings.max_characters:
        return "too-long", f"{len(text):,} characters; at most {settings.max_characters:,} are allowed"
    if settings.language not in ("any", language):
        return "language", f"{language or 'no language'}; {settings.language} is asked"
    return None


def _stamps(row: Mapping[str, Any], source: Source, text: str) -> list[Stamp]:
    """Every date that data, page, text and URL give."""
    stamps = [Stamp(**stamp) for stamp in row["stamps"] or []]
    if written := date_in_text(row["text"]):
        stamps.append(Stamp("text", written))
    if source.url and (day := date_in_url(source.url)):
        stamps.append(Stamp("url", day.isoformat()))
    return stamps


def _verdict(
    assessment: Assessment, dating: Dating, personal: list[str], settings: CorpusSettings
) -> tuple[str | None, str | None]:
    """The first reason against a text, in the order of the stages."""
    if finding := assessment.refused_by:
        return finding.rule, finding.detail + (f": {finding.quote}" if finding.quote else "")
    if dating.reason:
        return dating.reason, dating.detail
    if personal and settings.personal_data == "reject":
        return "personal-data", f"{len(personal)} places: {', '.join(sorted(set(personal)))}"
    return None, None


def _evidence(assessment: Assessment, row: Mapping[str, Any], source: Source, stamps: list[Stamp]) -> str:
    """All findings and what else was seen, as JSON."""
    seen: dict[str, Any] = {
        name: [asdict(finding) for finding in findings] for name, findings in assessment.findings.items()
    }
    seen["dates"] = [asdict(stamp) for stamp in stamps]
    if row["genre"]:
        seen["genre"] = row["genre"]
    if source.note:
        seen["url"] = source.note
    return _as_json(seen)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=4096)
def _genre(name: str | None) -> str | None:
    """The slug of the genre that the source names, None where the taxonomy does not know it."""
    if not name:
        return None
    from coig_writer.taxonomy import resolve

    try:
        return resolve(name).slug
    except SettingError:
        return None
