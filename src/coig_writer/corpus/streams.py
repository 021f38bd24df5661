"""Files as streams: unpacked on the way, cut into lines of bounded length."""

from __future__ import annotations

import codecs
import gzip
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end."""

    number: int
    raw: bytes
    """Its bytes, or the first of them."""
    length: int
    """How many bytes it has in the file."""


def open_unpacked(path: str, packing: str) -> BinaryIO:
    """The bytes of a file; `.gz` and `.zst` are unpacked while they are read.

    Raises:
        OSError: it cannot be opened.
    """
    if packing == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if packing == ".zst":
        import zstandard

        packed = open(path, "rb")  # noqa: SIM115 - closed with the reader
        raw = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True, closefd=True)
        return io.BufferedReader(raw)  # type: ignore[arg-type]
    return open(path, "rb")


def chunks(stream: BinaryIO, head: bytes) -> Iterator[bytes]:
    """`head`, which was read before, then the rest of `stream`, a megabyte at a time."""
    if head:
        yield head
    while chunk := stream.read(CHUNK):
        yield chunk


def as_utf8(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """UTF-16 pieces as UTF-8, so that lines can be found by their last byte; damaged places become U+FFFD."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def with_newlines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces with line feeds for carriage returns, if the first of them shows that those alone end the lines."""
    first = next(pieces, b"")
    alone = b"\r" in first and b"\n" not in first
    for piece in itertools.chain((first,), pieces):
        yield piece.replace(b"\r", b"\n") if alone else piece


def lines(pieces: Iterator[bytes], limit: int) -> Iterator[Line]:
    """The lines of a stream; of a line longer than `limit` bytes only the beginning is held."""
    number, held, length = 1, bytearray(), 0
    for piece in pieces:
        *whole, rest = piece.split(b"\n")
        for part in whole:
            held += part[: limit - len(held)]
            yield Line(number, bytes(held).removesuffix(b"\r"), length + len(part))
            number, length = number + 1, 0
            held.clear()
        held += rest[: limit - len(held)]
        length += len(rest)
    if length:
        yield Line(number, bytes(held).removesuffix(b"\r"), length)
