"""Files to rows, whatever their kind and encoding; what cannot be read becomes a row that says why."""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from coig_writer.corpus import encodings, json_stream, streams
from coig_writer.corpus.fields import row_from_record
from coig_writer.corpus.inventory import File
from coig_writer.corpus.pages import declared_encoding, row_from_page
from coig_writer.corpus.plain import row_from_plain
from coig_writer.corpus.rows import Row, unreadable
from coig_writer.corpus.settings import CorpusSettings

_SAMPLE = 1 << 18
_DELIMITERS = ",\t;|"


def read_file(file: File, settings: CorpusSettings) -> Iterator[Row]:
    """The rows of one file, read as a stream.

    A file that breaks off (a damaged archive, a failing disk) yields the rows before the break and then one with
    the problem `unreadable-file`. Nothing is raised for what a file holds, and every file yields at least one row.
    """
    found = False
    try:
        with streams.open_unpacked(file.path, file.packing) as stream:
            for row in _rows(file, stream, settings):
                found = True
                yield row
        if not found:
            yield unreadable(file.path, "empty-file", "nothing in it")
    except (OSError, EOFError, zlib.error) as error:
        yield unreadable(file.path, "unreadable-file", _why(error))
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("zstandard", "zstd", "pyarrow"):
            raise
        yield unreadable(file.path, "unreadable-file", _why(error))


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()


def _rows(file: File, stream: BinaryIO, settings: CorpusSettings) -> Iterator[Row]:
    head = stream.read(_SAMPLE)
    if not head.strip():
        return
    kind = _sniffed(head) if file.kind == "unknown" else file.kind
    if kind == "parquet":
        yield from _parquet(file, stream, head, settings)
        return
    encoding = _encoding(head, kind)
    if encoding is None:
        yield unreadable(file.path, "binary-file", "not text in any encoding known", head[:200])
        return
    pieces = streams.chunks(stream, head)
    if encoding.startswith("utf-16"):
        pieces, encoding = streams.as_utf8(pieces, encoding), "utf-8"
    reader = {"json": _json, "csv": _csv, "plain": _whole, "page": _whole}[kind]
    yield from reader(file, pieces, encoding, settings)


def _sniffed(head: bytes) -> str:
    if head.startswith(b"PAR1"):
        return "parquet"
    start = head.lstrip(codecs.BOM_UTF8 + b" \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "page"
    return "json" if start.startswith((b"{", b"[{")) else "plain"


def _encoding(head: bytes, kind: str) -> str | None:
    if kind == "page" and (name := declared_encoding(head)) and not head.startswith(encodings.BINARY_MAGIC):
        try:
            codecs.getincrementaldecoder(name)().decode(head)
            return name
        except (LookupError, UnicodeDecodeError):
            pass  # the page names an encoding that it does not have
    return encodings.detect(head)


def _whole(file: File, pieces: Iterator[bytes], encoding: str, settings: CorpusSettings) -> Iterator[Row]:
    """A file that is one text."""
    raw = bytearray()
    for piece in pieces:
        raw += piece
        if len(raw) > settings.max_record_bytes:
            detail = f"more than {settings.max_record_bytes:,} bytes in one text"
            yield unreadable(file.path, "too-large", detail, bytes(raw[:8000]))
            return
    text, note = encodings.decode(bytes(raw), encoding)
    row = (row_from_page if _is_page(file, text) else row_from_plain)(text, file.path)
    yield _noted(row, note)


def _is_page(file: File, text: str) -> bool:
    return file.kind == "page" or (
        file.kind == "unknown" and text.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))
    )


def _json(file: File, pieces: Iterator[bytes], encoding: str, settings: CorpusSettings) -> Iterator[Row]:
    """JSON Lines, or where the first line is no object by itself, an array or pretty-printed objects."""
    first = next(pieces)
    if _is_json_lines(first, settings.max_record_bytes):
        yield from _json_lines(file, _chain(first, pieces), encoding, settings)
    else:
        yield from _json_values(file, _chain(first, pieces), encoding, settings)


def _chain(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _is_json_lines(head: bytes, limit: int) -> bool:
    """Whether the first line looks like a whole object: it begins and ends as one, or a second object follows it."""
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not start.startswith((b"{", b"[")):
        return True  # not JSON at all: each line is then reported by itself
    if start.startswith(b"["):
        return False
    first, _, rest = start.partition(b"\n")
    return first.rstrip().endswith(b"}") or len(first) > limit or rest.lstrip().startswith(b"{") or not rest


def _json_lines(file: File, pieces: Iterator[bytes], encoding: str, settings: CorpusSettings) -> Iterator[Row]:
    for line in streams.lines(pieces, settings.max_record_bytes):
        source = f"{file.path}:{line.number}"
        if line.length > settings.max_record_bytes:
            detail = f"a line of {line.length:,} bytes; the limit is {settings.max_record_bytes:,}"
            yield unreadable(source, "too-large", detail, line.raw[:8000])
            continue
        text, note = encodings.decode(line.raw, encoding)
        if not text.strip("\ufeff \t\r\n"):
            continue
        try:
            value = json_stream.parse_line(text.strip("\ufeff"))
        except ValueError as error:
            yield unreadable(source, "broken-record", str(error), text)
            continue
        for row in _records(value, source, settings):
            yield _noted(row, note)


def _json_values(file: File, pieces: Iterator[bytes], encoding: str, settings: CorpusSettings) -> Iterator[Row]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for piece in json_stream.values((decoder.decode(piece) for piece in pieces), settings.max_record_bytes):
        source = f"{file.path}:{piece.line}#{piece.index}"
        if piece.error:
            problem = "too-large" if piece.too_large else "broken-record"
            yield unreadable(source, problem, piece.error, piece.raw)
        else:
            yield from _records(piece.value, source, settings)


def _records(value: Any, source: str, settings: CorpusSettings) -> Iterator[Row]:
    """The row of a record, or the rows inside an object such as `{"data": [...]}` that is no record itself."""
    if not isinstance(value, dict):
        yield unreadable(source, "broken-record", f"an object is expected, not {type(value).__name__}", str(value))
        return
    row = row_from_record(value, source, settings.columns)
    lists = [item for item in value.values() if isinstance(item, list) and item and isinstance(item[0], dict)]
    if row.problem == "no-text-column" and len(lists) == 1:
        for number, record in enumerate(lists[0], 1):
            yield from _records(record, f"{source}.{number}", settings)
    else:
        yield row


def _noted(row: Row, note: str | None) -> Row:
    if note:
        row.notes.append(note)
    return row


def _csv(file: File, pieces: Iterator[bytes], encoding: str, settings: CorpusSettings) -> Iterator[Row]:
    """A table whose first line names the columns; the separator is the one that occurs most in it."""
    csv.field_size_limit(settings.max_record_bytes)
    source = _CsvSource(pieces, encoding, settings.max_record_bytes)
    header_line = next(source, "")
    delimiter = max(_DELIMITERS, key=header_line.count)
    header = next(csv.reader([header_line], delimiter=delimiter), [])
    reader = csv.reader(source, delimiter=delimiter)
    while True:
        place = f"{file.path}:{reader.line_num + 2}"
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield unreadable(place, "broken-record", f"not valid CSV: {error}")
            cells = []
        if source.too_large:
            yield unreadable(place, "too-large", source.too_large, source.preview)
        elif cells:
            yield _noted(_csv_row(header, cells, place, settings), "; ".join(source.notes))
        source.forget()


class _CsvSource(Iterator[str]):
    """Decoded lines with their ends for the CSV reader, and what there is to say of those it took since `forget`."""

    def __init__(self, pieces: Iterator[bytes], encoding: str, limit: int):
        self._lines = streams.lines(pieces, limit)
        self._encoding = encoding
        self._limit = limit
        self.forget()

    def forget(self) -> None:
        self.notes: list[str] = []
        self.too_large = ""
        self.preview = b""

    def __next__(self) -> str:
        line = next(self._lines)
        if line.length > self._limit:
            self.too_large = f"a line of {line.length:,} bytes; the limit is {self._limit:,}"
            self.preview = line.raw[:8000]
            return "\n"
        text, note = encodings.decode(line.raw, self._encoding)
        if note:
            self.notes.append(note)
        return text.removeprefix("\ufeff") + "\n"


def _csv_row(header: list[str], cells: list[str], source: str, settings: CorpusSettings) -> Row:
    if len(cells) > len(header):
        detail = f"{len(cells)} cells under {len(header)} columns; a comma or quote is not escaped"
        return unreadable(source, "broken-record", detail, str(cells))
    return row_from_record(dict(zip(header, cells, strict=False)), source, settings.columns)


def _parquet(file: File, stream: BinaryIO, head: bytes, settings: CorpusSettings) -> Iterator[Row]:
    """A Parquet file, batch by batch; a packed one is unpacked into a temporary file, as it is read from its end."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def _readable(schema: pa.Schema) -> pa.Schema:
        """Time stamps as text: Python's own type cannot hold nanoseconds."""
        return pa.schema([(f.name, pa.string() if pa.types.is_timestamp(f.type) else f.type) for f in schema])

    with tempfile.TemporaryFile() as unpacked:
        seekable: Any = stream
        if file.packing:
            for piece in streams.chunks(stream, head):
                unpacked.write(piece)
            seekable = unpacked
        seekable.seek(0, io.SEEK_SET)
        number = 0
        for batch in pq.ParquetFile(seekable).iter_batches(batch_size=256):
            for record in pa.Table.from_batches([batch]).cast(_readable(batch.schema)).to_pylist():
                number += 1
                yield row_from_record(record, f"{file.path}:{number}", settings.columns)
