"""A row as it was read: the columns that every reader fills, whatever the file was."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

_SURROGATE = re.compile("[\ud800-\udfff]")
PREVIEW = 2000
"""Characters of an unreadable record that are kept, so that somebody can see what it was."""


@dataclass(slots=True)
class Stamp:
    """A date that a source gives for its text, as it is written there."""

    origin: str
    """Such as `column 发布时间`, `page`, `text`, `url`."""
    value: str


@dataclass(slots=True)
class Row:
    """One text with what its source says of it, or the reason why there is none (`problem`)."""

    source: str
    """`FILE:LINE`, `FILE:ROW`, or `FILE` where a file is one text."""
    text: str | None = None
    title: str | None = None
    author: str | None = None
    url: str | None = None
    platform: str | None = None
    genre: str | None = None
    licence: str | None = None
    likes: int | None = None
    shares: int | None = None
    comments: int | None = None
    stamps: list[Stamp] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What the reader noticed, such as a second encoding."""
    problem: str | None = None
    """A code of `reasons.REASONS`; `text` is then a preview."""
    detail: str | None = None


RAW = pa.schema(
    [
        ("key", pa.large_string()),
        ("source", pa.large_string()),
        ("text", pa.large_string()),
        ("title", pa.large_string()),
        ("author", pa.large_string()),
        ("url", pa.large_string()),
        ("platform", pa.large_string()),
        ("genre", pa.large_string()),
        ("licence", pa.large_string()),
        ("likes", pa.int64()),
        ("shares", pa.int64()),
        ("comments", pa.int64()),
        ("stamps", pa.large_list(pa.struct([("origin", pa.large_string()), ("value", pa.large_string())]))),
        ("notes", pa.large_list(pa.large_string())),
        ("problem", pa.large_string()),
        ("detail", pa.large_string()),
    ]
)
"""`Row` as a table; `key` is unique and sorts rows as their files were named and written."""


def unreadable(source: str, problem: str, detail: str, preview: str | bytes = "") -> Row:
    """A row for something that could not be read."""
    if isinstance(preview, bytes):
        preview = preview[: 4 * PREVIEW].decode("utf-8", "backslashreplace")
    return Row(source, text=preview[:PREVIEW] or None, problem=problem, detail=detail)


def noted(row: Row, note: str | None) -> Row:
    """`row`, with a further note if there is one."""
    if note:
        row.notes.append(note)
    return row


def key(file_number: int, row_number: int) -> str:
    """The key of a row; keys sort as the numbers do."""
    return f"{file_number:07d}-{row_number:010d}"


def to_table(rows: list[tuple[str, Row]]) -> pa.Table:
    """Rows with their keys, as a table of schema `RAW`."""
    columns: dict[str, list[Any]] = {"key": [key for key, _ in rows]}
    for name in RAW.names[1:]:
        columns[name] = [_storable(getattr(row, name)) for _, row in rows]
    return pa.table(columns, schema=RAW)


def _storable(value: Any) -> Any:
    """`value` with lone surrogates, which UTF-8 cannot hold, replaced by U+FFFD."""
    if isinstance(value, str):
        return value if value.isascii() or not _SURROGATE.search(value) else _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, Stamp):
        return {"origin": _storable(value.origin), "value": _storable(value.value)}
    return value
