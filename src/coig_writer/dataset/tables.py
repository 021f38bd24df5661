"""Triplets to files: JSON Lines, a JSON array, Parquet, CSV or XLSX, told by the name of the file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from coig_writer.dataset.formats import FORMATS, arrow_schema
from coig_writer.errors import InputError, SettingError
from coig_writer.files import whole_file
from coig_writer.schema import Triplet

BATCH = 1_000
CELL = 32_767
"""Characters that a cell of a workbook holds."""
ROWS = 1_048_576
"""Rows that a sheet holds, the header among them."""


def check_target(path: Path, form: str) -> None:
    """Refuses what could not be written in the end, before anything is read.

    Raises:
        SettingError: no such form, a suffix that is not known, or a form that does not fit into a table.
    """
    if form not in FORMATS:
        raise SettingError(f"no form is called {form!r}", remedy=f"Choose one of {', '.join(FORMATS)}.")
    if path.suffix.lower() not in _WRITERS:
        raise SettingError(
            f"{path.suffix or 'no suffix'} does not say what kind of file to write",
            where=str(path),
            remedy=f"Name it {', '.join(_WRITERS)}.",
        )
    if path.suffix.lower() not in (".jsonl", ".json"):
        arrow_schema(form)


def write_triplets(path: Path, triplets: Iterable[Triplet], form: str) -> int:
    """Writes triplets in a form and returns their number; the whole file or nothing, one batch held at a time.

    The same triplets give the same bytes, except in XLSX, which holds the time of its making.

    Raises:
        SettingError: see `check_target`.
        InputError: a text does not fit into a workbook's cell; names the triplet.
        StorageError: the place cannot be written.
    """
    check_target(path, form)
    with whole_file(path) as temporary:
        return _WRITERS[path.suffix.lower()](temporary, triplets, form)


def _lines(path: Path, triplets: Iterable[Triplet], form: str) -> int:
    record, count = FORMATS[form], 0
    with open(path, "wb") as file:
        for triplet in triplets:
            file.write(to_json(record(triplet)) + b"\n")
            count += 1
    return count


def _array(path: Path, triplets: Iterable[Triplet], form: str) -> int:
    record, count = FORMATS[form], 0
    with open(path, "wb") as file:
        for triplet in triplets:
            file.write((b",\n" if count else b"[\n") + to_json(record(triplet)))
            count += 1
        file.write(b"\n]\n" if count else b"[]\n")
    return count


def _parquet(path: Path, triplets: Iterable[Triplet], form: str) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    record, schema, count = FORMATS[form], arrow_schema(form), 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(map(record, triplets)):
            for row in batch:
                if said := row.get("metadata", {}).get("published"):
                    row["metadata"]["published"] = date.fromisoformat(said)
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
            count += len(batch)
    return count


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _csv(path: Path, triplets: Iterable[Triplet], form: str) -> int:
    """With a byte order mark, without which spreadsheet programs read Chinese wrongly."""
    columns, record, count = _columns(form), FORMATS[form], 0
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        for triplet in triplets:
            writer.writerow(_cells(record(triplet), columns))
            count += 1
    return count


def _xlsx(path: Path, triplets: Iterable[Triplet], form: str) -> int:
    """Text as text, so that one that begins with `=` is no formula; the header stays in view and filters."""
    import xlsxwriter

    columns, record, count = _columns(form), FORMATS[form], 0
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False})
    try:
        sheet = book.add_worksheet("triplets")
        bold = book.add_format({"bold": True})
        for at, column in enumerate(columns):
            sheet.write_string(0, at, column, bold)
        sheet.freeze_panes(1, 0)
        for count, triplet in enumerate(triplets, 1):
            if count >= ROWS:
                raise _does_not_fit(path, f"a sheet holds {ROWS - 1:,} records, and there are more")
            for at, cell in enumerate(_cells(record(triplet), columns)):
                if isinstance(cell, str) and len(cell) > CELL:
                    raise _does_not_fit(
                        path, f"{columns[at]} of {triplet.id} has {len(cell):,} characters; {CELL:,} fit"
                    )
                if isinstance(cell, str):
                    sheet.write_string(count, at, cell)
                elif cell is not None:
                    sheet.write(count, at, cell)
        sheet.autofilter(0, 0, max(count, 1), len(columns) - 1)
    finally:
        book.close()
    return count


def _does_not_fit(path: Path, message: str) -> InputError:
    return InputError(message, where=path.name, remedy="Write .csv, .parquet or .jsonl instead of a workbook.")


def _columns(form: str) -> list[str]:
    """Columns of a table: those of a struct, such as `metadata`, are named `metadata.genre`."""
    return list(_flat_names(arrow_schema(form), ""))


def _flat_names(fields: Iterable[Any], before: str) -> Iterator[str]:
    for field in fields:
        if field.type.num_fields and not str(field.type).startswith("list"):
            yield from _flat_names(field.type, f"{before}{field.name}.")
        else:
            yield before + field.name


def _cells(record: dict[str, Any], columns: list[str]) -> list[Any]:
    return [_cell(record, column.split(".")) for column in columns]


def _cell(record: dict[str, Any], names: list[str]) -> Any:
    value: Any = record
    for name in names:
        value = value.get(name) if value else None
    return to_json(value).decode() if isinstance(value, list) else value


_WRITERS: dict[str, Callable[[Path, Iterable[Triplet], str], int]] = {
    ".jsonl": _lines,
    ".json": _array,
    ".parquet": _parquet,
    ".csv": _csv,
    ".xlsx": _xlsx,
}
