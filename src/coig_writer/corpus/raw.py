"""Rows as an Arrow table, as one step of a build hands them to the next. Apart from `rows`, which loads at once."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa

from coig_writer.corpus.rows import Row, Stamp

_SURROGATE = re.compile("[\ud800-\udfff]")
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
