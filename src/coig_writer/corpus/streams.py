"""Files as streams: unpacked on the way, cut into lines of bounded length."""

from __future__ import annotations

import codecs
import gzip
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

CHUNK = 1 << 20
_PACKED = 1 << 14
"""Packed bytes that are unpacked at a time: they may become very many."""


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
        return io.BufferedReader(_Zstandard(path))
    return open(path, "rb")


class _Zstandard(io.RawIOBase):
    """A packed file; unlike the reader of its library it tells a file that was cut off from one that ends.

    Reading raises EOFError in the first case, and OSError where the packed bytes are damaged.
    """

    def __init__(self, path: str):
        import zstandard

        self._damaged = zstandard.ZstdError
        self._start = zstandard.ZstdDecompressor().decompressobj
        self._packed = open(path, "rb")  # noqa: SIM115 - closed with this
        self._frame = self._start()
        self._begun = False
        """Whether the frame has had any of its bytes."""
        self._rest = b""
        self._held = io.BytesIO()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not (taken := self._held.readinto(buffer)):
            piece = self._rest or self._packed.read(_PACKED)
            self._rest = b""
            if not piece:
                if self._begun:
                    raise EOFError("the packed file ends in its middle")
                return 0
            try:
                self._held = io.BytesIO(self._frame.decompress(piece))
            except self._damaged as error:
                raise OSError(f"the packed bytes are damaged: {error}") from error
            self._begun = True
            if self._frame.eof:
                self._rest, self._begun = self._frame.unused_data, False
                self._frame = self._start()
        return taken

    def close(self) -> None:
        self._packed.close()
        super().close()


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
