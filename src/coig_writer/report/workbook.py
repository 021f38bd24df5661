"""Tables as an XLSX workbook that a spreadsheet opens safely: text stays text, even `=1+1`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from coig_writer.files import whole_file

LONGEST_CELL = 32_767
LONGEST_NAME = 31
"""Limits of the format, in characters of UTF-16, of which an emoji takes two."""
WIDEST = 60
"""Characters of the widest column; longer text is wrapped."""
TALLEST = 5
"""Lines of the highest row; longer text is cut by the eye, not in the cell."""
LINE = 15
"""Points."""
PAGE = 180
"""Characters that a printed page takes in its width and can still be read; wider sheets take several pages."""
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
        formats = _Formats.of(book)
        for name, (header, rows) in zip(sheet_names(sheets), sheets.values(), strict=True):
            _fill(book.add_worksheet(name), [str(each) for each in header], rows, formats)
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


@dataclass(frozen=True)
class _Formats:
    """How cells of one workbook look."""

    header: Any
    header_of_numbers: Any
    plain: Any
    wrapped: Any
    whole: Any
    """A whole number."""
    number: Mapping[bool, Any]
    """By whether the number is small."""

    @classmethod
    def of(cls, book: Any) -> _Formats:
        top = {"valign": "top"}
        right = {"align": "right", "indent": 1}  # clear of the filter's button and of the next column
        header = {"bold": True, "bottom": 1, "text_wrap": True, **top}
        return cls(
            book.add_format(header),
            book.add_format(header | right),
            book.add_format(top),
            book.add_format(top | {"text_wrap": True}),
            book.add_format(top | right),
            {small: book.add_format(top | right | {"num_format": form}) for small, form in _NUMBERS.items()},
        )


def _fill(sheet: Any, header: Sequence[str], rows: Sequence[Sequence[Any]], formats: _Formats) -> None:
    columns = [[row[at] for row in rows if at < len(row)] for at in range(len(header))]
    for at, (name, values) in enumerate(zip(header, columns, strict=True)):
        sheet.write_string(0, at, name, formats.header_of_numbers if _numbers(values) else formats.header)
    for number, row in enumerate(rows, 1):
        lines = max((_lines(value) for value in row if isinstance(value, str)), default=1)
        if lines > 1:
            sheet.set_row(number, LINE * min(lines, TALLEST))
        for at, value in enumerate(row):
            _write(sheet, number, at, value, formats)
    widths = [_column_width(name, values) for name, values in zip(header, columns, strict=True)]
    for at, width in enumerate(widths):
        sheet.set_column(at, at, width)
    sheet.freeze_panes(1, 0)
    if header:
        sheet.autofilter(0, 0, len(rows), len(header) - 1)
    _set_page(sheet, sum(widths))


def _set_page(sheet: Any, width: float) -> None:
    """A4 across, as many pages side by side as keep it legible; each has the header and the first two columns."""
    across = max(1, math.ceil(width / PAGE))
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.set_margins(left=0.4, right=0.4)
    sheet.fit_to_pages(across, 0)
    sheet.repeat_rows(0)
    if across > 1:
        sheet.repeat_columns(0, 1)


def _numbers(values: Sequence[Any]) -> bool:
    """Whether a column holds numbers, and nothing else but empty cells."""
    kinds = {type(value) for value in values if value is not None}
    return bool(kinds) and kinds <= {int, float}


def _write(sheet: Any, row: int, column: int, value: Any, formats: _Formats) -> None:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value, formats.plain)
    elif isinstance(value, float) and not value.is_integer():
        sheet.write_number(row, column, value, formats.number[abs(value) < SMALL])
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value, formats.whole)
    else:
        text = _cut(str(value))
        sheet.write_string(row, column, text, formats.wrapped if _lines(text) > 1 else formats.plain)


def _cut(text: str) -> str:
    """The text as far as a cell can hold it; half a surrogate pair, which no file can hold, becomes U+FFFD."""
    if len(text) <= LONGEST_CELL // 2 and text.isascii():
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    whole = len(units) // 2 <= LONGEST_CELL
    kept = units if whole else units[: 2 * (LONGEST_CELL - 1)]
    return kept.decode("utf-16-le", "replace" if whole else "ignore") + ("" if whole else "…")


def _shown(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)


def _lines(value: str) -> int:
    """Lines that a text takes in the widest column, as far as they are shown."""
    if len(value) <= WIDEST // 2 and "\n" not in value:
        return 1
    found = 0
    for line in value.split("\n", TALLEST):
        found += max(1, math.ceil(_width(line, TALLEST * WIDEST) / WIDEST))
        if found >= TALLEST:
            break
    return min(found, TALLEST)


def _column_width(name: str, values: Sequence[Any]) -> int:
    widest = max((_width(line) for value in values for line in _shown(value)[: 2 * WIDEST].split("\n")), default=0)
    return (4 if _numbers(values) else 2) + min(WIDEST, max(widest, _width(name)))


def _width(text: str, most: int = WIDEST) -> int:
    """Columns that the text takes, as far as `most` characters; Chinese characters take two."""
    return sum(1 + (ord(character) > 0x2E7F) for character in text[:most])
