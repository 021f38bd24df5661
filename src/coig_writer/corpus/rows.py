"""A row as it was read: the columns that every reader fills, whatever the file was."""

from __future__ import annotations

from dataclasses import dataclass, field

PREVIEW = 2000
"""Characters of an unreadable record that are kept, so that somebody can see what it was."""


@dataclass(slots=True)
class Stamp:
    """A date that a source gives for its text, as it is written there."""

    origin: str
    """Such as `column 发布时间`, `page`, `text`, `url`."""
    value: str


@dataclass(slots=True)
class Row:
    """One text with what its source says of it, or the reason why there is none (`problem`)."""

    source: str
    """`FILE:LINE`, `FILE:ROW`, or `FILE` where a file is one text."""
    text: str | None = None
    title: str | None = None
    author: str | None = None
    url: str | None = None
    platform: str | None = None
    genre: str | None = None
    licence: str | None = None
    likes: int | None = None
    shares: int | None = None
    comments: int | None = None
    stamps: list[Stamp] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What the reader noticed, such as a second encoding."""
    problem: str | None = None
    """A code of `reasons.REASONS`; `text` is then a preview."""
    detail: str | None = None


def unreadable(source: str, problem: str, detail: str, preview: str | bytes = "") -> Row:
    """A row for something that could not be read."""
    if isinstance(preview, bytes):
        preview = preview[: 4 * PREVIEW].decode("utf-8", "backslashreplace")
    return Row(source, text=preview[:PREVIEW] or None, problem=problem, detail=detail)


def noted(row: Row, note: str | None) -> Row:
    """`row`, with a further note if there is one."""
    if note:
        row.notes.append(note)
    return row


def key(file_number: int, row_number: int) -> str:
    """The key of a row; keys sort as the numbers do."""
    return f"{file_number:07d}-{row_number:010d}"
