"""The records in a file, as JSON or table cells gave them, with their places: nothing here knows what they mean."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from coig_writer.corpus import encodings, json_stream, streams
from coig_writer.dataset.strict_json import Keys, doubled, parse
from coig_writer.errors import InputError, first_line

LIMIT = 16_000_000
"""A record longer than this many characters (bytes, on a line) is refused."""
_SAMPLE = 1 << 16
_KINDS = "JSON Lines, a JSON array, Parquet, CSV and XLSX can be read."
_TABLE = f"{_KINDS} A table has to be called .csv or .tsv."
_PACKINGS = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}


@dataclass(frozen=True, slots=True)
class Found:
    """One record, or why there is none at this place."""

    where: str
    value: Any = None
    line: bytes | None = None
    """The JSON that is still to be parsed."""
    error: str | None = None
    field: str | None = None
    """The field that the error is about, if it is about one."""

    def parsed(self) -> Any:
        """The record.

        Raises:
            ValueError: the line is no JSON, or says one thing twice.
        """
        return self.value if self.line is None else parse(self.line)


def records_of(path: Path) -> Iterator[Found]:
    """The records of a file, in order.

    Raises:
        InputError: there is no such file, it cannot be unpacked, or it is of no known kind.
    """
    named = path.with_suffix("") if path.suffix.lower() in (".gz", ".zst") else path
    try:
        with open(path, "rb") as file:
            packing = next((kind for magic, kind in _PACKINGS.items() if file.peek(4).startswith(magic)), "")
        with streams.open_unpacked(str(path), packing) as stream:
            head = stream.read(_SAMPLE)
            yield from _records(named, path.name, stream, head)
    except IsADirectoryError as error:
        raise InputError("a folder, not a file", where=str(path), remedy="Name a file in it.") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None)
        remedy = "Check the path." if reason else "The file is damaged or cut off: fetch it, or pack it, again."
        raise InputError(f"cannot read: {reason or error}", where=str(path), remedy=remedy) from error


@dataclass(frozen=True, slots=True)
class Part:
    """Whole lines of a JSON Lines file, which another process can read by itself."""

    path: Path
    start: int
    """Bytes before it."""
    size: int
    line: int
    """Number of its first line."""


def parts_of(path: Path, size: int) -> Iterator[Part]:
    """A plain JSON Lines file in parts of about so many bytes; nothing where the file is something else.

    Raises:
        InputError: there is no such file.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(_SAMPLE)
            if path.suffix.lower() in (".gz", ".zst", ".csv", ".tsv") or not _is_json_lines(head):
                return
            start, line = file.seek(0), 1
            while block := file.read(size):
                block += file.readline()
                yield Part(path, start, len(block), line)
                start, line = start + len(block), line + block.count(b"\n")
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", where=str(path), remedy="Check the path.") from error


def records_in(part: Part) -> Iterator[Found]:
    """The records of a part; the same that `records_of` finds there."""
    with open(part.path, "rb") as file:
        file.seek(part.start)
        block = file.read(part.size)
    yield from _lines_of(part.path.name, [block.removeprefix(codecs.BOM_UTF8)], part.line)


def _is_json_lines(head: bytes) -> bool:
    return _is_lines(head) and (_encoding(head) or "").startswith("utf-8")


def _records(path: Path, name: str, stream: BinaryIO, head: bytes) -> Iterator[Found]:
    suffix = path.suffix.lower()
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        return
    if head.startswith(b"PAR1"):
        yield from _parquet(path, name, stream, head)
    elif head.startswith(b"PK\x03\x04"):
        yield from _sheet(path, name, stream, head)
    elif (encoding := _encoding(head)) is None:
        raise InputError("neither text nor a table", where=str(path), remedy=_KINDS)
    elif suffix in (".csv", ".tsv") and not _JSON.match(head):
        yield from _csv(path, name, _text(stream, head, encoding))
    elif _is_json_lines(head):
        yield from _lines_of(name, streams.chunks(stream, head.removeprefix(codecs.BOM_UTF8)))
    elif _looks_like_json(head, encoding):
        text = _text(stream, head, encoding)
        pieces, keys = iter(lambda: text.read(streams.CHUNK), ""), Keys()
        for piece in json_stream.values(pieces, LIMIT, keys):
            where = f"{name}:{piece.line}, record {piece.index}"
            if keys and not piece.error:
                yield Found(where, error=doubled(keys[0]), field=keys[0])
            else:
                yield Found(where, piece.value, error=piece.error)
            keys.clear()
    else:
        raise InputError("not a file of records", where=str(path), remedy=_TABLE)


_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{|\[\s*\{)")
"""How a file of objects begins."""


def _encoding(head: bytes) -> str | None:
    """As for any text, but stray control characters or a few damaged lines do not make JSON in UTF-8 something else."""
    found = encodings.detect(head)
    if found is None and _JSON.match(head):
        lines = head.split(b"\n")
        return "utf-8" if 2 * sum(map(_is_utf8, lines)) >= len(lines) else None
    return found


def _is_utf8(line: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(line)
    except UnicodeDecodeError:
        return False
    return True


def _is_lines(head: bytes) -> bool:
    """Whether the first line is a whole JSON object, or is at least no array and not the beginning of a printed one."""
    if b"\n" not in head and b"}\r" in head:
        return False  # lines that end as they did on old computers: objects in a row
    first, _, rest = head.removeprefix(codecs.BOM_UTF8).lstrip().partition(b"\n")
    first = first.strip()
    if not first.startswith(b"{"):
        return False
    return first.endswith(b"}") or (first != b"{" and (not rest or rest.lstrip().startswith(b"{")))


def _looks_like_json(head: bytes, encoding: str) -> bool:
    return head.decode(encoding, "replace").lstrip("\ufeff \t\r\n").startswith(("{", "["))


def _lines_of(name: str, pieces: Iterable[bytes], first: int = 1) -> Iterator[Found]:
    """The lines of pieces of a file, the first of them by this number."""
    for line in streams.lines(iter(pieces), LIMIT):
        bare, number = line.raw.strip(), line.number + first - 1
        if line.length > LIMIT:
            yield Found(f"{name}:{number}", error=f"longer than {LIMIT:,} bytes")
        elif bare and bare not in (b"[", b"]", b","):
            yield Found(f"{name}:{number}", line=bare.rstrip(b",") if bare.endswith(b"},") else bare)


class _Joined(io.RawIOBase):
    """The bytes that were read to tell the kind, then the rest."""

    def __init__(self, head: bytes, stream: BinaryIO):
        self._pieces = itertools.chain(streams.chunks(stream, head))
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._held = self._held or next(self._pieces, b"")
        taken, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def _text(stream: BinaryIO, head: bytes, encoding: str) -> io.TextIOWrapper:
    """Text in which bytes that are none become lone surrogates, which no triplet takes: the record is then refused."""
    name = "utf-8-sig" if encoding == "utf-8" else encoding
    return io.TextIOWrapper(io.BufferedReader(_Joined(head, stream)), name, _AS_SURROGATES, newline="")


def _as_surrogates(error: UnicodeError) -> tuple[str, int]:
    """As `surrogateescape`, which knows no bytes below 128 and so fails where UTF-16 is cut off."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


_AS_SURROGATES = "coig_writer.surrogates"
codecs.register_error(_AS_SURROGATES, _as_surrogates)


def _csv(path: Path, name: str, text: io.TextIOWrapper) -> Iterator[Found]:
    csv.field_size_limit(LIMIT)
    first, before = text.readline(), 0
    if told := re.fullmatch(r"sep=(.)[\r\n]*", first, re.IGNORECASE):  # a spreadsheet program's way to name it
        first, before, delimiter = text.readline(), 1, told[1]
    else:
        delimiter = max(",\t;", key=first.count)
    reader = csv.reader(itertools.chain([first], text), delimiter=delimiter, strict=True)
    header: list[str] = []
    while True:
        line = reader.line_num + 1 + before
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            last = reader.line_num + before
            where = f"{name}:{line}" if last <= line else f"{name}:{line}-{last}"
            if not header:
                raise InputError(
                    f"no line with the names of the columns: {_explained(error, line, last)}",
                    where=f"{path}:{line}",
                    remedy="Mend it; the first line names the columns.",
                ) from error
            yield Found(where, error=_explained(error, line, last))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = _header(cells, f"{path}:{line}")
        else:
            yield _row(f"{name}:{line}", header, [cell or None for cell in cells])


def _header(cells: Sequence[Any], where: str) -> list[str]:
    """The names of the columns.

    Raises:
        InputError: a name stands twice, so that nobody could say which of two cells is meant.
    """
    names = [str(cell).strip() if cell is not None else "" for cell in cells]
    for at, column in enumerate(names):
        if column and column in names[:at]:
            raise InputError(
                f"two columns are called {column!r}: number {names.index(column) + 1} and number {at + 1}",
                where=where,
                remedy="Rename or delete one of them.",
            )
    return names


def _row(where: str, header: Sequence[str], cells: Sequence[Any]) -> Found:
    """A row as a record; one with a cell that no column names is refused, since the cell would be lost."""
    pairs = list(itertools.zip_longest(cells, header))
    if any(cell not in (None, "") for cell, column in pairs if not column):
        return Found(where, error=f"a cell beside the {sum(map(bool, header))} named columns")
    return Found(where, {column: cell for cell, column in pairs if column})


def _explained(error: csv.Error, first: int, last: int) -> str:
    if "unexpected end" in str(error) or "field larger" in str(error):
        return f"a quote opened in line {first} is not closed; it swallows all up to line {last}. Close or double it"
    return f"not valid CSV: {error} (line {last}); a quote inside a cell is written twice"


LARGEST_WORKBOOK = 2**30
"""Bytes of a workbook when unpacked; more is not read, since it would have to fit in memory."""
_ROWS = 1_048_576
"""Rows that a sheet can have."""
_NO_WORKBOOK = (LookupError, ValueError, TypeError, AttributeError, SyntaxError, EOFError, OSError, RuntimeError)
"""What openpyxl raises on broken ones: XML errors are syntax errors, odd packing and passwords runtime errors."""


def _sheet(path: Path, name: str, stream: BinaryIO, head: bytes) -> Iterator[Found]:
    """Rows of the first sheet; others that hold something are told."""
    from zipfile import BadZipFile, ZipFile

    import openpyxl

    whole = io.BytesIO(head + stream.read())
    try:
        with ZipFile(whole) as packed:
            unpacked = sum(member.file_size for member in packed.infolist())
        if unpacked > LARGEST_WORKBOOK:
            raise InputError(
                f"a workbook of {unpacked / 2**30:.1f} GiB when unpacked, and they are read in memory",
                where=str(path),
                remedy="Save it as CSV, Parquet or JSON Lines.",
            )
        book = openpyxl.load_workbook(whole, read_only=True, data_only=True)
        first, *others = book.worksheets
        header: list[str] = []
        for number, values in _filled(first, path):
            if header:
                yield _row(f"{name}:{number}", header, values)
            else:
                header = _header(values, f"{path}:{number}")
        for sheet in others:
            if next(_filled(sheet, path), None):
                yield Found(
                    f"{name}, sheet {sheet.title}", error="only the first sheet is read; save this one by itself"
                )
        book.close()
    except (*_NO_WORKBOOK, BadZipFile, zlib.error) as error:
        raise InputError(f"not a workbook: {error}", where=str(path), remedy="Save it as XLSX or CSV.") from error


def _filled(sheet: Any, path: Path) -> Iterator[tuple[int, list[Any]]]:
    """Rows of a sheet that hold something, by their numbers. What the sheet says of its own size may be wrong."""
    from openpyxl.utils.escape import unescape

    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > _ROWS:
            raise InputError(f"more than {_ROWS:,} rows", where=str(path), remedy="Save it as XLSX or CSV.")
        if any(cell not in (None, "") for cell in cells):
            yield number, [unescape(cell) if isinstance(cell, str) else cell for cell in cells]


def _parquet(path: Path, name: str, stream: BinaryIO, head: bytes) -> Iterator[Found]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from coig_writer.corpus.read_parquet import readable

    source: Any = stream if stream.seekable() else io.BytesIO(head + stream.read())
    source.seek(0)
    number = -1
    try:
        file = pq.ParquetFile(source)
        number = 0
        _header(file.schema_arrow.names, str(path))
        for batch in file.iter_batches(batch_size=512):
            plain = pa.schema([field.with_type(readable(field.type)) for field in batch.schema])
            for record in pa.Table.from_batches([batch]).cast(plain).to_pylist():
                number += 1
                yield Found(f"{name}:{number}", record)
    except (pa.ArrowException, ValueError, OverflowError, OSError) as error:
        what = "not a Parquet file" if number < 0 else f"damaged after record {number:,}"
        raise InputError(f"{what}: {first_line(error)}", where=str(path), remedy="Write the file again.") from error
