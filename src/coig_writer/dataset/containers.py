"""The records in a file, as JSON or table cells gave them, with their places: nothing here knows what they mean."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections.abc import Iterator
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
    elif encoding.startswith("utf-8") and _is_lines(head):
        yield from _json_lines(name, stream, head)
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


def _json_lines(name: str, stream: BinaryIO, head: bytes) -> Iterator[Found]:
    lines = streams.lines(streams.chunks(stream, head.removeprefix(codecs.BOM_UTF8)), LIMIT)
    for line in lines:
        bare = line.raw.strip()
        if line.length > LIMIT:
            yield Found(f"{name}:{line.number}", error=f"longer than {LIMIT:,} bytes")
        elif bare and bare not in (b"[", b"]", b","):
            yield Found(f"{name}:{line.number}", line=bare.rstrip(b",") if bare.endswith(b"},") else bare)


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


def _sheet(path: Path, name: str, stream: BinaryIO, head: bytes) -> Iterator[Found]:
    """Rows of the first sheet."""
    from zipfile import BadZipFile

    import openpyxl
    from openpyxl.utils.escape import unescape

    whole = io.BytesIO(head + stream.read())
    try:
        book = openpyxl.load_workbook(whole, read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(values_only=True)
        header: list[str] = []
        for number, cells in enumerate(rows, 1):
            if not any(cell not in (None, "") for cell in cells):
                continue
            values = [unescape(cell) if isinstance(cell, str) else cell for cell in cells]
            if not header:
                header = [str(value or "").strip() for value in values]
            else:
                cells_by_name = dict(zip(header, values, strict=False))
                yield Found(f"{name}:{number}", {column: value for column, value in cells_by_name.items() if column})
        book.close()
    except (BadZipFile, KeyError, ValueError, IndexError, TypeError) as error:
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
