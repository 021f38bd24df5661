"""The records in a file, as JSON or table cells gave them, with their places: nothing here knows what they mean."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pydantic_core import from_json

from coig_writer.corpus import encodings, json_stream, streams
from coig_writer.corpus.read_parquet import readable
from coig_writer.errors import InputError

LIMIT = 16_000_000
"""A record longer than this many characters (bytes, on a line) is refused."""
_SAMPLE = 1 << 16
_KINDS = "JSON Lines, a JSON array, Parquet, CSV and XLSX can be read."


@dataclass(frozen=True, slots=True)
class Found:
    """One record, or why there is none at this place."""

    where: str
    value: Any = None
    line: bytes | None = None
    """The JSON that is still to be parsed."""
    error: str | None = None

    def parsed(self) -> Any:
        """The record; the strict and fast parser first, then one that lets control characters pass.

        Raises:
            ValueError: the line is no JSON.
        """
        if self.line is None:
            return self.value
        try:
            return from_json(self.line)
        except ValueError:
            return json_stream.parse_line(self.line.decode("utf-8"))


def records_of(path: Path) -> Iterator[Found]:
    """The records of a file, in order.

    Raises:
        InputError: there is no such file, it cannot be unpacked, or it is of no known kind.
    """
    packing = path.suffix.lower() if path.suffix.lower() in (".gz", ".zst") else ""
    name = path.name
    try:
        with streams.open_unpacked(str(path), packing) as stream:
            head = stream.read(_SAMPLE)
            yield from _records(path.with_suffix("") if packing else path, name, stream, head)
    except IsADirectoryError as error:
        raise InputError("a folder, not a file", where=str(path), remedy="Name a file in it.") from error
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot read: {reason}", where=str(path), remedy="Check the path.") from error


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
    return _is_lines(head) and (encodings.detect(head) or "").startswith("utf-8")


def _records(path: Path, name: str, stream: BinaryIO, head: bytes) -> Iterator[Found]:
    suffix = path.suffix.lower()
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        return
    if head.startswith(b"PAR1"):
        yield from _parquet(name, stream, head)
    elif head.startswith(b"PK\x03\x04"):
        yield from _sheet(path, name, stream, head)
    elif (encoding := encodings.detect(head)) is None:
        raise InputError("neither text nor a table", where=str(path), remedy=_KINDS)
    elif suffix in (".csv", ".tsv") and not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[{")):
        yield from _csv(path, name, _text(stream, head, encoding))
    elif _is_json_lines(head):
        yield from _lines_of(name, streams.chunks(stream, head.removeprefix(codecs.BOM_UTF8)))
    elif _looks_like_json(head, encoding):
        text = _text(stream, head, encoding)
        pieces = iter(lambda: text.read(streams.CHUNK), "")
        for piece in json_stream.values(pieces, LIMIT):
            yield Found(f"{name}:{piece.line}, record {piece.index}", piece.value, error=piece.error)
    else:
        raise InputError("not a file of records", where=str(path), remedy=_KINDS)


def _is_lines(head: bytes) -> bool:
    """Whether the first line is a whole JSON object, or is at least no array and not the beginning of a printed one."""
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
    return io.TextIOWrapper(io.BufferedReader(_Joined(head, stream)), name, "surrogateescape", newline="")


def _csv(path: Path, name: str, text: io.TextIOWrapper) -> Iterator[Found]:
    csv.field_size_limit(LIMIT)
    first = text.readline()
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(itertools.chain([first], text), delimiter=delimiter, strict=True)
    header: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Found(f"{name}:{line}", error=_explained(error, line, reader.line_num))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = [cell.strip() for cell in cells]
        elif len(cells) > len(header):
            yield Found(f"{name}:{line}", error=f"{len(cells)} cells under {len(header)} columns")
        else:
            yield Found(f"{name}:{line}", {column: cell or None for column, cell in zip(header, cells, strict=False)})


def _explained(error: csv.Error, first: int, last: int) -> str:
    if "unexpected end" in str(error) or "field larger" in str(error):
        return f"a quote opened in line {first} is not closed; it swallows all up to line {last}. Close or double it"
    return f"not valid CSV: {error} (line {last}); a quote inside a cell is written twice"


LARGEST_WORKBOOK = 2**30
"""Bytes of a workbook when unpacked; more is not read, since it would have to fit in memory."""
_NO_WORKBOOK = (KeyError, ValueError, IndexError, TypeError, AttributeError, SyntaxError, EOFError, RuntimeError)
"""What openpyxl raises on broken ones: XML errors are syntax errors, odd packing and passwords runtime errors."""


def _sheet(path: Path, name: str, stream: BinaryIO, head: bytes) -> Iterator[Found]:
    """Rows of the first sheet."""
    import zlib
    from zipfile import BadZipFile, ZipFile

    import openpyxl
    from openpyxl.utils.escape import unescape

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
        rows = book.worksheets[0].iter_rows(values_only=True)
        header: list[str] = []
        for number, cells in enumerate(rows, 1):
            if not any(cell not in (None, "") for cell in cells):
                continue
            values = [unescape(cell) if isinstance(cell, str) else cell for cell in cells]
            if not header:
                header = [str(value or "").strip() for value in values]
            elif any(
                cell not in (None, "") for cell, column in itertools.zip_longest(values, header) if not column
            ):  # a cell that no column names would be lost
                yield Found(f"{name}:{number}", error=f"a cell beside the {sum(map(bool, header))} named columns")
            else:
                cells_by_name = dict(zip(header, values, strict=False))
                yield Found(f"{name}:{number}", {column: value for column, value in cells_by_name.items() if column})
        book.close()
    except (*_NO_WORKBOOK, BadZipFile, zlib.error) as error:
        raise InputError(f"not a workbook: {error}", where=str(path), remedy="Save it as XLSX or CSV.") from error


def _parquet(name: str, stream: BinaryIO, head: bytes) -> Iterator[Found]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    source: Any = stream if stream.seekable() else io.BytesIO(head + stream.read())
    source.seek(0)
    try:
        number = 0
        for batch in pq.ParquetFile(source).iter_batches(batch_size=512):
            plain = pa.schema([field.with_type(readable(field.type)) for field in batch.schema])
            for record in pa.Table.from_batches([batch]).cast(plain).to_pylist():
                number += 1
                yield Found(f"{name}:{number}", record)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise InputError(f"not a Parquet file: {error}", where=name, remedy="Write the file again.") from error
