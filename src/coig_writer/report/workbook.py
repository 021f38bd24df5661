"""Tables as an XLSX workbook that a spreadsheet opens safely: text stays text, even `=1+1`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from coig_writer.files import whole_file

LONGEST_CELL = 32_767
LONGEST_NAME = 31
"""Limits of the format, in characters."""
WIDEST = 60
"""Characters of the widest column; longer text is cut by the eye, not in the cell."""
SMALL = 0.001
_NUMBERS = {False: "0.0###", True: "0.0E+00"}
"""How a number looks that is not whole, small ones such as p-values otherwise; the cell holds it in full."""
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


def write_workbook(path: Path, sheets: Mapping[str, tuple[Sequence[str], Sequence[Sequence[Any]]]]) -> Path:
    """Writes one sheet for each table, with its header frozen and filters on it, and returns `path`.

    Strings are written as strings, whatever they begin with; links are not made; None, NaN and infinity
    become empty cells. The same tables give the same bytes.

    Args:
        sheets: name → (header, rows); names are cut and made unique as the format asks.

    Raises:
        StorageError: the place cannot be written.
    """
    import xlsxwriter

    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with whole_file(path) as temporary, xlsxwriter.Workbook(str(temporary), safe) as book:
        book.set_properties({"created": datetime(2020, 1, 1)})
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        shown = {small: book.add_format({"num_format": form}) for small, form in _NUMBERS.items()}
        for name, (header, rows) in zip(sheet_names(sheets), sheets.values(), strict=True):
            _fill(book.add_worksheet(name), [str(each) for each in header], rows, bold, shown)
    return path


def sheet_names(wanted: Mapping[str, Any] | Sequence[str]) -> list[str]:
    """A valid, unique sheet name for each wanted one."""
    found: list[str] = []
    for each in wanted:
        bare = _FORBIDDEN.sub(" ", each).strip("' ") or "Sheet"
        name, copy = bare[:LONGEST_NAME].rstrip("' "), 2
        while name.lower() in {other.lower() for other in found} or name.lower() == "history":
            mark = f" ({copy})"
            name, copy = bare[: LONGEST_NAME - len(mark)] + mark, copy + 1
        found.append(name)
    return found


def _fill(
    sheet: Any, header: Sequence[str], rows: Sequence[Sequence[Any]], bold: Any, shown: Mapping[bool, Any]
) -> None:
    for column, name in enumerate(header):
        sheet.write_string(0, column, name, bold)
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            _write(sheet, number, column, value, shown)
    sheet.freeze_panes(1, 0)
    sheet.set_paper(9)  # A4
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    if header:
        sheet.autofilter(0, 0, len(rows), len(header) - 1)
    for column, name in enumerate(header):
        texts = [name, *(_shown(row[column]) for row in rows if column < len(row))]
        sheet.set_column(column, column, 2 + min(WIDEST, max(map(_width, texts))))


def _write(sheet: Any, row: int, column: int, value: Any, shown: Mapping[bool, Any]) -> None:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, float) and not value.is_integer():
        sheet.write_number(row, column, value, shown[abs(value) < SMALL])
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    else:
        text = str(value)
        sheet.write_string(row, column, text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…")


def _shown(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)


def _width(text: str) -> int:
    """Columns that the text takes; Chinese characters take two."""
    return sum(1 + (ord(character) > 0x2E7F) for character in text.partition("\n")[0][:WIDEST])
