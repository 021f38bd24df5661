"""Texts in .txt and .md files: one a file, with what their first lines say about them."""

from __future__ import annotations

import re

from coig_writer.corpus.fields import ALIASES, row_from_record
from coig_writer.corpus.rows import Row, unreadable

_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---\s*\n", re.S)
_HEADER = re.compile(r"^[#>*\s]*([^\s:：*]{1,12})\s*\**\s*[:：]\s*(\S.*)$")
_HEADING = re.compile(r"^#{1,2}\s+(\S.*)$")
_NAMES = {name for names in ALIASES.values() for name in names} - set(ALIASES["text"])
_HEADER_LINES = 8
_TITLE_LENGTH = 40
_ENDS_SENTENCE = tuple("。！？，、；：…”」』.!?,;:")


def row_from_plain(text: str, source: str) -> Row:
    """The row of a plain text.

    A front matter block (`---`), header lines such as `作者：…` or `日期：…` among the first lines, and a heading
    (`# …`, or a short first line followed by a blank one) become columns and leave the text.
    """
    record: dict[str, str] = {}
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    if match := _FRONT_MATTER.match(text):
        record |= dict(filter(None, map(_header, match[1].split("\n"))))
        text = text[match.end() :]
    text = _take_head(text, record)
    if not text.strip():
        return unreadable(source, "no-text", "the file holds a title or header lines and no text", str(record))
    return row_from_record(record | {"text": text}, source, {})


def _take_head(text: str, record: dict[str, str]) -> str:
    """Moves title and header lines from the head of `text` into `record`; returns the rest."""
    lines = text.split("\n")
    used = 0
    for number, line in enumerate(lines[:_HEADER_LINES]):
        if header := _header(line):
            record.setdefault(*header)
        elif heading := _HEADING.match(line.strip()):
            record.setdefault("title", heading[1].strip())
        elif _is_title(lines, number) and "title" not in record and not any(map(str.strip, lines[used:number])):
            record["title"] = line.strip().strip("《》")
        elif line.strip():
            break
        used = number + 1
    return "\n".join(lines[used:])


def _header(line: str) -> tuple[str, str] | None:
    match = _HEADER.match(line)
    if not match:
        return None
    name = match[1].strip().lower()
    return (name, match[2].strip().strip("\"'")) if name in _NAMES else None


def _is_title(lines: list[str], number: int) -> bool:
    """A short line without final punctuation, with a blank line or a header after it and a longer text to follow."""
    line = lines[number].strip()
    if not 0 < len(line) <= _TITLE_LENGTH or line.endswith(_ENDS_SENTENCE):
        return False
    after = lines[number + 1 :]
    stands_alone = bool(after) and (not after[0].strip() or _header(after[0]) is not None)
    return stands_alone and sum(map(len, after)) >= 3 * len(line)
