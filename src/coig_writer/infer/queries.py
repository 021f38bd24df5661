"""Queries from any of the files that people have them in."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coig_writer.annotate.checks import chinese_share
from coig_writer.corpus.encodings import decode, detect
from coig_writer.errors import CoigError, InputError
from coig_writer.packaged import load
from coig_writer.schema import Query, Triplet
from coig_writer.taxonomy import resolve

FIELDS = ("query", "prompt", "reverse_inspiration_prompt", "instruction", "question", "问题", "写作要求")
"""Where a query is looked for: ours and the earlier record's, a triplet's, the published record's, others'."""
GENRE_FIELDS = ("genre", "query_type", "category", "体裁")
SAMPLE = 1 << 20
"""Bytes by which a file's encoding is told."""
SHOWN = 5
"""Faults that an error message lists."""


@dataclass(frozen=True, slots=True)
class Task:
    """A query to be answered."""

    id: str
    query: str
    genre: str | None
    """Slug; None when the record does not say, or says something that is no genre."""
    language: str
    """`zh` or `en`: the record's, or by the query's own letters."""


def read_tasks(source: str, *, field: str | None = None) -> list[Task]:
    """The queries of `source`, in its order.

    Args:
        source: a packaged set (`benchmark:zh`, `starter`), or a file: JSON Lines, a JSON array, CSV or XLSX, of
            our queries or triplets, of published or earlier dataset records, or of any records with `field`.
        field: the field that holds the query; by default the first of `FIELDS` that a record has.

    Raises:
        InputError: the file cannot be read or a record holds no query; names places and remedy. All or nothing:
            answers to half of a benchmark would pass for the whole.
        SettingError: there is no such packaged set.
    """
    if source.partition(":")[0] in ("benchmark", "starter", "exemplars") and not Path(source).exists():
        return [_packaged(record) for record in load(source)]
    path = Path(source)
    tasks, faults = [], []
    for place, record in _records(path):
        try:
            tasks.append(_task(record, field))
        except ValueError as error:
            faults.append(f"{place}: {error}")
    if faults:
        more = f" … and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise InputError(
            f"{len(faults)} records hold no query: {'; '.join(faults[:SHOWN])}{more}",
            where=str(path),
            remedy=f"Name the field with --field; without it, one of {', '.join(FIELDS)} is taken.",
        )
    if not tasks:
        raise InputError("no queries in it", where=str(path), remedy="Give a file with a query a line.")
    twice = [id for id, count in Counter(task.id for task in tasks).items() if count > 1]
    if twice:
        raise InputError(
            f"{len(twice)} ids occur more than once, the first is {twice[0]!r}",
            where=str(path),
            remedy="Give each query an id of its own, or remove the repeated ones.",
        )
    return tasks


def _packaged(record: Query | Triplet) -> Task:
    if isinstance(record, Query):
        return Task(record.id, record.query, record.genre, record.language)
    return Task(record.id, record.prompt, record.genre, record.article.language or "zh")


def _task(record: Any, field: str | None) -> Task:
    if not isinstance(record, dict):
        raise ValueError("not a record with fields")
    named = [field] if field else FIELDS
    query = next((record[name] for name in named if isinstance(record.get(name), str) and record[name].strip()), None)
    if query is None:
        raise ValueError(f"no text in {field}" if field else "no field with a query")
    id, language = record.get("id"), record.get("language")
    return Task(
        id=str(id) if id not in (None, "") else hashlib.blake2b(query.encode(), digest_size=8).hexdigest(),
        query=query,
        genre=_genre(record),
        language=language if language in ("zh", "en") else ("zh" if chinese_share(query) > 0.3 else "en"),
    )


def _genre(record: dict) -> str | None:
    for name in GENRE_FIELDS:
        if isinstance(record.get(name), str):
            try:
                return resolve(record[name]).slug
            except CoigError:  # a category, or a word of somebody's own: the query can do without
                continue
    return None


def _records(path: Path) -> Iterator[tuple[str, Any]]:
    """Each record with its place."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read: {error.strerror}", where=str(path), remedy="Check the path; benchmark:zh is packaged."
        ) from error
    kind = path.suffix.lower()
    if kind == ".xlsx":
        yield from _xlsx(path, raw)
        return
    encoding = detect(raw[:SAMPLE])
    if encoding is None:
        raise InputError("not a text file", where=str(path), remedy="Give JSON Lines, JSON, CSV or XLSX.")
    text = decode(raw, encoding)[0].removeprefix("\ufeff")
    if kind in (".csv", ".tsv"):
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if kind == ".tsv" else ",")
        yield from ((f"line {rows.line_num}", row) for row in rows)
    elif text.lstrip()[:1] == "[":
        try:
            records = json.loads(text)
        except ValueError as error:
            raise InputError(f"not JSON: {error}", where=str(path), remedy="Mend the file.") from error
        yield from ((f"record {number}", record) for number, record in enumerate(records, 1))
    else:
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                yield f"line {number}", json.loads(line)
            except ValueError as error:
                raise InputError(f"not JSON: {error}", where=f"{path}:{number}", remedy="Mend this line.") from error


def _xlsx(path: Path, raw: bytes) -> Iterator[tuple[str, Any]]:
    import openpyxl

    try:
        sheet = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True).worksheets[0]
    except Exception as error:  # a broken workbook fails in zip, XML or openpyxl itself
        raise InputError(f"not a workbook: {error}", where=str(path), remedy="Save it as .xlsx again.") from error
    rows = sheet.iter_rows(values_only=True)
    head = [str(cell) if cell is not None else "" for cell in next(rows, ())]
    for number, row in enumerate(rows, 2):
        if any(cell is not None for cell in row):
            yield f"row {number}", {name: cell for name, cell in zip(head, row, strict=False) if name}
