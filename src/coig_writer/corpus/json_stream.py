"""JSON values one by one from a stream of any size: an array, objects in a row, or pretty-printed ones.

Tolerant where published data sets need it: NaN, control characters inside strings, trailing commas.
A broken value is reported with its line, and reading goes on at what looks like the next object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Pairs = Callable[[list[tuple[str, Any]]], Any]
_DECODER = json.JSONDecoder(strict=False)
_BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")
_SEPARATED = re.compile(r"(?<![\s,])[\s,]*+\{")
_RAW = 8000
_OVERLAP = 4096
"""What separates two objects may be cut by the end of what was read so far; no more than this is looked at again."""
_END_SLACK = 16
"""An error this close to the end of what was read so far may only mean that more is to come."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A value, or the text that could not be read as one with the `error` that says why."""

    line: int
    index: int
    """Its place among the values, from 1."""
    value: Any = None
    raw: str = ""
    error: str | None = None
    too_large: bool = False


def parse_line(text: str, pairs: Pairs | None = None) -> Any:
    """The JSON value on one line; `pairs` makes what stands for an object, a dictionary if it is left out.

    Raises:
        ValueError: it is none; the message says why and where.
    """
    try:
        return json.loads(text, strict=False, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise ValueError(_reason(error)) from error


def values(texts: Iterator[str], limit: int, pairs: Pairs | None = None) -> Iterator[Piece]:
    """The values in a stream of text; one longer than `limit` characters is reported as an error.

    Args:
        pairs: as for `parse_line`; it may see the objects of a value more than once, as more of the text is read.
    """
    reader = _Reader(texts, json.JSONDecoder(strict=False, object_pairs_hook=pairs) if pairs is not None else _DECODER)
    index = 0
    while reader.skip_to_value():
        index += 1
        yield reader.take(index, limit)


class _Reader:
    """A window on the stream: what was read and not yet used, and the line on which it begins."""

    def __init__(self, texts: Iterator[str], decoder: json.JSONDecoder):
        self._texts = texts
        self._decoder = decoder
        self._held = ""
        self._at = 0
        self._line = 1
        self._ended = False

    def skip_to_value(self) -> bool:
        """Moves to the next value; False at the end."""
        while True:
            self._advance(_BETWEEN.match(self._held, self._at).end())  # type: ignore[union-attr]
            if self._at < len(self._held):
                return True
            if not self._more():
                return False

    def take(self, index: int, limit: int) -> Piece:
        """The value that begins here, with as much of the stream as it needs."""
        line = self._line
        while True:
            try:
                value, end = self._decoder.raw_decode(self._held, self._at)
            except (ValueError, RecursionError) as error:
                if len(self._held) - self._at > limit:
                    return self._broken(line, index, f"longer than {limit:,} characters", too_large=True)
                if self._may_go_on(error) and self._more():
                    continue
                return self._broken(line, index, _reason(error, self._at))
            self._advance(end)
            return Piece(line, index, value)

    def _may_go_on(self, error: Exception) -> bool:
        unfinished = "Unterminated string" in str(error)
        return unfinished or getattr(error, "pos", 0) >= len(self._held) - _END_SLACK

    def _broken(self, line: int, index: int, error: str, too_large: bool = False) -> Piece:
        """The broken value up to what looks like the next object."""
        raw = self._held[self._at : self._at + 1]
        self._advance(self._at + 1)
        found = False
        while not found:
            start = self._at
            found = self._to_next_object()
            raw += self._held[start : self._at][: _RAW - len(raw)]
            if not found and not self._more():
                self._advance(len(self._held))
                break
        return Piece(line, index, raw=raw.rstrip(", \n"), error=error, too_large=too_large)

    def _to_next_object(self) -> bool:
        """Moves to a `{` after a comma or line end; without one to where a separator may begin that is not all read."""
        for match in _SEPARATED.finditer(self._held, self._at):
            if "\n" in match[0] or "," in match[0]:
                self._advance(match.end() - 1)
                return True
        bare = len(self._held.rstrip(" \t\r\n,"))
        self._advance(max(self._at, bare, len(self._held) - _OVERLAP))
        return False

    def _advance(self, end: int) -> None:
        self._line += self._held.count("\n", self._at, end)
        self._at = end

    def _more(self) -> bool:
        """Reads on; False when the stream has ended."""
        text = next(self._texts, None)
        if text is None:
            return False
        self._held, self._at = self._held[self._at :] + text, 0
        return True


def _reason(error: Exception, start: int = 0) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON: {error.msg.removesuffix(' starting at')} at character {error.pos - start + 1:,}"
    return "nested too deeply" if isinstance(error, RecursionError) else f"not valid JSON: {error}"
