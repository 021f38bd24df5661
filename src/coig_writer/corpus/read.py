"""Files to rows, whatever their kind and encoding; what cannot be read becomes a row that says why."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from coig_writer.corpus import encodings, json_stream, streams
from coig_writer.corpus.fields import row_from_record
from coig_writer.corpus.inventory import File
from coig_writer.corpus.pages import declared_encoding, row_from_page
from coig_writer.corpus.plain import row_from_plain
from coig_writer.corpus.read_csv import read_csv
from coig_writer.corpus.read_parquet import read_parquet
from coig_writer.corpus.rows import Row, noted, unreadable
from coig_writer.corpus.settings import CorpusSettings

_SAMPLE = 1 << 18


def read_file(file: File, settings: CorpusSettings) -> Iterator[Row]:
    """The rows of one file, read as a stream.

    A file that breaks off (a damaged archive, a failing disk, something that a reader cannot take) yields the rows
    before the break and then one with the problem `unreadable-file`. Nothing is raised for what a file holds, so that
    one odd file does not cost the others; every file yields at least one row.
    """
    found = False
    try:
        with streams.open_unpacked(file.path, file.packing) as stream:
            for row in _rows(file, stream, settings):
                found = True
                yield row
        if not found:
            yield unreadable(file.name, "empty-file", "nothing in it")
    except MemoryError:
        raise
    except Exception as error:
        yield unreadable(file.name, "unreadable-file", _why(error))


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}".strip(": ")


def _rows(file: File, stream: BinaryIO, settings: CorpusSettings) -> Iterator[Row]:
    head = stream.read(_SAMPLE)
    if not head.strip():
        return
    kind = _sniffed(head) if file.kind == "unknown" else file.kind
    if kind == "parquet":
        yield from read_parquet(file, stream, head, settings)
        return
    encoding = _encoding(head, kind)
    if encoding is None:
        yield unreadable(file.name, "binary-file", "not text in any encoding known", head[:200])
        return
    pieces = streams.chunks(stream, head)
    if encoding.startswith("utf-16"):
        pieces, encoding = streams.as_utf8(pieces, encoding), "utf-8"
    reader = {"json": _json, "csv": read_csv, "plain": _plain, "page": _page}[kind]
    yield from reader(file, streams.with_newlines(pieces), encoding, settings)


def _sniffed(head: bytes) -> str:
    """The kind of a file whose name does not tell it."""
    if head.startswith(b"PAR1"):
        return "parquet"
    start = head[:400].decode(encodings.detect(head) or "latin-1", "replace").lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html")):
        return "page"
    return "json" if start.startswith(("{", "[{")) else "plain"


def _encoding(head: bytes, kind: str) -> str | None:
    found = encodings.detect(head)
    marked = found in ("utf-8-sig", "utf-16")  # a mark at the beginning says more than what the page names
    if kind == "page" and not marked and (name := declared_encoding(head)):
        try:
            codecs.getincrementaldecoder(name)().decode(head)
            return None if head.startswith(encodings.BINARY_MAGIC) else name
        except (LookupError, UnicodeError):
            pass  # the page names an encoding that it does not have
    return found


def _plain(file: File, pieces: Iterator[bytes], encoding: str, settings: CorpusSettings) -> Iterator[Row]:
    yield from _whole(row_from_plain, file, pieces, encoding, settings)


def _page(file: File, pieces: Iterator[bytes], encoding: str, settings: CorpusSettings) -> Iterator[Row]:
    yield from _whole(row_from_page, file, pieces, encoding, settings)


def _whole(
    read: Callable[[str, str], Row], file: File, pieces: Iterator[bytes], encoding: str, settings: CorpusSettings
) -> Iterator[Row]:
    """A file that is one text."""
    raw = bytearray()
    for piece in pieces:
        raw += piece
        if len(raw) > settings.max_record_bytes:
            detail = f"more than {settings.max_record_bytes:,} bytes in one text"
            yield unreadable(file.name, "too-large", detail, bytes(raw[:8000]))
            return
    text, note = encodings.decode(bytes(raw), encoding)
    yield noted(read(text, file.name), note)


def _json(file: File, pieces: Iterator[bytes], encoding: str, settings: CorpusSettings) -> Iterator[Row]:
    """JSON Lines, or where the first line is no object by itself, an array or pretty-printed objects."""
    first = next(pieces)
    if _is_json_lines(first, settings.max_record_bytes):
        yield from _json_lines(file, itertools.chain((first,), pieces), encoding, settings)
    else:
        yield from _json_values(file, itertools.chain((first,), pieces), encoding, settings)


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
        source = f"{file.name}:{line.number}"
        if line.length > settings.max_record_bytes:
            detail = f"a line of {line.length:,} bytes; the limit is {settings.max_record_bytes:,} (max_record_bytes)"
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
            yield noted(row, note)


def _json_values(file: File, pieces: Iterator[bytes], encoding: str, settings: CorpusSettings) -> Iterator[Row]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for piece in json_stream.values((decoder.decode(piece) for piece in pieces), settings.max_record_bytes):
        source = f"{file.name}:{piece.line}#{piece.index}"
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
