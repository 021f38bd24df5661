"""CSV to rows, as a stream; a quote that is never closed costs its own line and not the rest of the file."""

from __future__ import annotations

import csv
import itertools
from collections import deque
from collections.abc import Iterator

from coig_writer.corpus import encodings, streams
from coig_writer.corpus.fields import row_from_record
from coig_writer.corpus.inventory import File
from coig_writer.corpus.rows import Row, noted, unreadable
from coig_writer.corpus.settings import CorpusSettings

_DELIMITERS = ",\t;|"
_REREAD = 4
"""All rereading after open quotes together covers this many records of the largest size; later ones are one line."""


def read_csv(file: File, pieces: Iterator[bytes], encoding: str, settings: CorpusSettings) -> Iterator[Row]:
    """The rows of a table whose first line names the columns; the separator is the one that occurs most in it.

    A record that is not valid is reported, and reading goes on at the line after the one where it begins. What comes
    next may be the inside of the broken one, so it is reported too, until a line is a whole record again.
    """
    csv.field_size_limit(settings.max_record_bytes)
    lines = _Lines(pieces, encoding, settings.max_record_bytes)
    header_line = next(lines, "")
    if lines.too_large:
        yield unreadable(f"{file.name}:1", "too-large", lines.too_large, lines.taken[0])
        return
    delimiter = max(_DELIMITERS, key=header_line.count)
    try:
        header = next(csv.reader([header_line], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        detail = f"the columns are not known: line 1 is not valid CSV by itself ({error})"
        for number, line in enumerate(itertools.chain([header_line], lines), 1):
            yield unreadable(f"{file.name}:{number}", "broken-record", detail, line[:8000])
            lines.begin_record()
        return
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            place = f"{file.name}:{lines.first}"
            yield unreadable(place, "broken-record", lines.explain(error), lines.taken[0][:8000])
            lines.go_back()
            continue
        place = f"{file.name}:{lines.first}"
        if lines.too_large:
            yield unreadable(place, "too-large", lines.too_large, lines.taken[0])
        elif cells:
            problem = _problem(header, cells, lines)
            lines.opened = lines.opened if problem else 0
            yield (
                unreadable(place, "broken-record", problem, str(cells))
                if problem
                else noted(row_from_record(dict(zip(header, cells, strict=False)), place, settings.columns), lines.note)
            )


def _problem(header: list[str], cells: list[str], lines: _Lines) -> str | None:
    if len(cells) > len(header):
        return f"{len(cells)} cells under {len(header)} columns; a comma or quote is not escaped"
    if lines.opened and (len(cells) < len(header) or "".join(lines.taken).count('"') % 2):
        return f"not a whole record, after the broken one in line {lines.opened}"
    return None


class _Lines(Iterator[str]):
    """Decoded lines for the CSV reader, those of the present record at hand, with a way back to its second.

    It ends early, which the reader takes for the end of the file, where a record grows larger than the limit.
    """

    def __init__(self, pieces: Iterator[bytes], encoding: str, limit: int):
        self._lines = streams.lines(pieces, limit)
        self._encoding = encoding
        self._limit = limit
        self._spare = _REREAD * limit
        self._again: deque[streams.Line] = deque()
        self.opened = 0
        """The line of the broken record that the present one may be a part of; 0 for none."""
        self.begin_record()

    def begin_record(self) -> None:
        self._record: list[streams.Line] = []
        self._size = 0
        self.taken: list[str] = []
        self.note = ""
        self.too_large = ""

    @property
    def first(self) -> int:
        return self._record[0].number

    def __next__(self) -> str:
        if self._record and (self._size > self._limit or self._spare <= 0):
            raise StopIteration
        line = self._again.popleft() if self._again else next(self._lines)
        if line.length > self._limit and self._record:
            self._again.appendleft(line)
            raise StopIteration
        self._record.append(line)
        self._size += line.length + 1
        text, note = encodings.decode(line.raw[:8000] if line.length > self._limit else line.raw, self._encoding)
        self.taken.append(text.removeprefix("\ufeff") + "\n")
        if line.length > self._limit:
            self.too_large = f"a line of {line.length:,} bytes; the limit is {self._limit:,} (max_record_bytes)"
            return "\n"
        self.note = note or self.note
        return self.taken[-1]

    def explain(self, error: csv.Error) -> str:
        """What is wrong with the record at hand, with the lines that were looked through."""
        last = self._record[-1].number
        where = f"line {last}" if last == self.first else f"lines {self.first}–{last}"
        if "unexpected end" in str(error) or "field larger" in str(error):
            return f"not valid CSV: a quote opened in line {self.first} is not closed ({where}); close it or double it"
        return f"not valid CSV: {error} ({where}); a quote inside a cell is written twice"

    def go_back(self) -> None:
        """Gives all lines of the record at hand but its first once more."""
        self.opened = self.first
        self._spare -= self._size - self._record[0].length if len(self._record) > 1 else 0
        self._again.extendleft(reversed(self._record[1:]))
