"""Cleaning that changes how a text is stored and not what it says: encoding faults, line ends, blanks, wrapping."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_MOJIBAKE = re.compile(
    "[\u0080-\u00b6\u00b8-\u024f\u02c6\u02dc\u0402-\u045f\u2020-\u2022\u2030\u20ac\u2122\ufb00-\ufb06]|&[a-zA-Z#]"
)
"""Characters that a text wrongly decoded by a one-byte table shows, HTML entities, ligatures."""
_UTF8_AS_GBK = re.compile("[锛銆鐨涓浣犲ソ鏄鍦鎴戜滑€绗璇粬]")
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufff9-\ufffb]"
)
_BLANKS = re.compile("[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_FENCE = re.compile(r"\A\s*```\w*[ \t]*\n(.*?)\n?[ \t]*```\s*\Z", re.S)
_MANY_BREAKS = re.compile(r"\n{3,}")
_LEADER = re.compile(r"\.{5,}|…{3,}|·{5,}")
"""Dots that lead to a page number: such a line is an entry of a list and no part of a paragraph."""
_WIDE = ("W", "F", "A")
_WRAP_WIDTH = 40
"""Lines are taken as wrapped by a machine from this width on, in half-width columns."""
_RAGGED = 8
_FEWEST_LINES = 4
_SENTENCE_END = tuple("。！？…”」』：；.!?")


def clean(text: str) -> str:
    """`text` in NFC with repaired mojibake, `\\n` line ends, plain blanks, no indentation, and paragraphs as lines.

    Lines that were wrapped at a fixed width are joined again; line breaks of verse and scripts are kept.
    Quotation marks and full-width punctuation are left as they are.
    """
    text = unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", repair(text)))
    text = _INVISIBLE.sub("", text)
    if fenced := _FENCE.match(text):
        text = fenced[1]
    lines = [_BLANKS.sub(" ", line).strip() for line in _unwrapped(text.expandtabs(4).split("\n"))]
    return _MANY_BREAKS.sub("\n\n", "\n".join(lines)).strip()


def clean_line(text: str | None) -> str | None:
    """A title or name: as `clean`, on one line; None when nothing is left."""
    return " ".join(clean(text).split()) or None if text else None


def repair(text: str) -> str:
    """`text` with wrongly decoded characters set right where that is possible beyond doubt."""
    if _UTF8_AS_GBK.search(text):
        text = _decoded_again(text)
    if not _MOJIBAKE.search(text):
        return text
    from ftfy import fix_text

    return fix_text(text, _ftfy_config())


@cache
def _ftfy_config():
    """ftfy repairs mojibake and entities only: curly quotes and full-width characters are Chinese typography."""
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        uncurl_quotes=False, fix_character_width=False, fix_line_breaks=False, normalization="NFC", explain=False
    )


def _decoded_again(text: str) -> str:
    """UTF-8 that was read as GB18030, read anew; `text` itself unless every character agrees."""
    try:
        return text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return text


def _unwrapped(lines: list[str]) -> list[str]:
    """Paragraphs of a text wrapped at a fixed width; the lines themselves when it is not."""
    if len(lines) < _FEWEST_LINES:
        return lines
    widths = [_width(line.rstrip()) for line in lines]
    full = _full_width(lines, widths)
    if full is None:
        return lines
    joined: list[str] = []
    indent = 0
    open_ended = False
    for line, width in zip(lines, widths, strict=True):
        here = _indent(line)
        if open_ended and line.strip() and (here == 0 or here < indent):
            joined[-1] = _joined(joined[-1], line.strip())
        else:
            joined.append(line)
            indent = here
        open_ended = width >= full - _RAGGED
    return joined


def _full_width(lines: list[str], widths: list[int]) -> int | None:
    """The width at which lines were wrapped, or None.

    A wrapped text has many lines of nearly one width, wider than verse is, most of which stop in mid-sentence.
    """
    long = sorted(width for width in widths if width >= _WRAP_WIDTH)
    if len(long) < _FEWEST_LINES:
        return None
    full = long[int(0.95 * (len(long) - 1))]
    followed = [
        (line.rstrip(), width)
        for line, after, width in zip(lines, lines[1:], widths, strict=False)
        if width >= _WRAP_WIDTH and after.strip() and _indent(after) == 0
    ]
    if not followed:
        return None
    at_edge = sum(full - _RAGGED <= width <= full + 4 for _, width in followed)
    running_on = sum(not line.endswith(_SENTENCE_END) and not _LEADER.search(line) for line, _ in followed)
    return full if at_edge >= 0.8 * len(followed) and running_on >= 0.5 * len(followed) else None


def _indent(line: str) -> int:
    return _width(line) - _width(line.lstrip())


def _width(line: str) -> int:
    """Width in columns; a character that may be wide counts as two, as it does in Chinese fonts."""
    return (
        len(line) if line.isascii() else sum(2 if unicodedata.east_asian_width(char) in _WIDE else 1 for char in line)
    )


def _joined(first: str, second: str) -> str:
    blank = " " if first[-1:].isascii() and second[:1].isascii() and first[-1:].isalnum() else ""
    return first.rstrip() + blank + second
