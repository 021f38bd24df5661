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

Row = dict[str, Any]
"""A record of some form, as JSON has it."""
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
    """Writes triplets in a form; see `write_records`."""
    check_target(path, form)
    return write_records(path, map(FORMATS[form], triplets), form)


def write_records(path: Path, records: Iterable[Row], form: str) -> int:
    """Writes records of a form and returns their number; the whole file or nothing, one batch held at a time.

    The same records give the same bytes, except in XLSX, which holds the time of its making.

    Raises:
        SettingError: see `check_target`.
        InputError: a text does not fit into a workbook's cell; names the triplet.
        StorageError: the place cannot be written.
    """
    check_target(path, form)
    with whole_file(path) as temporary:
        return _WRITERS[path.suffix.lower()](temporary, records, form)


def _lines(path: Path, records: Iterable[Row], form: str) -> int:
    count = 0
    with open(path, "wb") as file:
        for record in records:
            file.write(to_json(record) + b"\n")
            count += 1
    return count


def _array(path: Path, records: Iterable[Row], form: str) -> int:
    count = 0
    with open(path, "wb") as file:
        for record in records:
            file.write((b",\n" if count else b"[\n") + to_json(record))
            count += 1
        file.write(b"\n]\n" if count else b"[]\n")
    return count


def _parquet(path: Path, records: Iterable[Row], form: str) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, count = arrow_schema(form), 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(iter(records)):
            for row in batch:
                if said := row.get("metadata", {}).get("published"):
                    row["metadata"]["published"] = date.fromisoformat(said)
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
            count += len(batch)
    return count


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _csv(path: Path, records: Iterable[Row], form: str) -> int:
    """With a byte order mark, without which spreadsheet programs read Chinese wrongly."""
    columns, count = _columns(form), 0
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        for record in records:
            writer.writerow(_cells(record, columns))
            count += 1
    return count


def _xlsx(path: Path, records: Iterable[Row], form: str) -> int:
    """Text as text, so that one that begins with `=` is no formula; the header stays in view and filters."""
    import xlsxwriter

    columns, count = _columns(form), 0
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False})
    try:
        sheet = book.add_worksheet("triplets")
        bold = book.add_format({"bold": True})
        for at, column in enumerate(columns):
            sheet.write_string(0, at, column, bold)
        sheet.freeze_panes(1, 0)
        for count, record in enumerate(records, 1):
            if count >= ROWS:
                raise _does_not_fit(path, f"a sheet holds {ROWS - 1:,} records, and there are more")
            for at, cell in enumerate(_cells(record, columns)):
                if isinstance(cell, str) and len(cell) > CELL:
                    raise _does_not_fit(
                        path, f"{columns[at]} of {_id_of(record)} has {len(cell):,} characters; {CELL:,} fit"
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


def _id_of(record: Row) -> str:
    return record["id"] if "id" in record else record["metadata"]["id"]


def _columns(form: str) -> list[str]:
    """Columns of a table: those of a struct, such as `metadata`, are named `metadata.genre`."""
    return list(_flat_names(arrow_schema(form), ""))


def _flat_names(fields: Iterable[Any], before: str) -> Iterator[str]:
    for field in fields:
        if field.type.num_fields and not str(field.type).startswith("list"):
            yield from _flat_names(field.type, f"{before}{field.name}.")
        else:
            yield before + field.name


def _cells(record: Row, columns: list[str]) -> list[Any]:
    return [_cell(record, column.split(".")) for column in columns]


def _cell(record: Row, names: list[str]) -> Any:
    value: Any = record
    for name in names:
        value = value.get(name) if value else None
    return to_json(value).decode() if isinstance(value, list) else value


_WRITERS: dict[str, Callable[[Path, Iterable[Row], str], int]] = {
    ".jsonl": _lines,
    ".json": _array,
    ".parquet": _parquet,
    ".csv": _csv,
    ".xlsx": _xlsx,
}
