"""Reading triplets one by one from files of any common kind, however large, in whatever shape their records have.

JSON Lines, a JSON array, Parquet, CSV and XLSX; packed with gzip or Zstandard too. Tolerant of what published files
are like (a byte order mark, NaN, stray control characters, an array called `.jsonl`), strict about meaning: what is
not kept comes back as a `Reject` with its place and its field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from coig_writer.dataset.containers import Found, records_of
from coig_writer.dataset.shapes import NO_PLACE, Losses, in_taxonomy, triplet_of
from coig_writer.dataset.strict_json import says_each_once
from coig_writer.schema import Triplet

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONGEST = 500
"""Characters of a reason; it may repeat what the file says."""


@dataclass(frozen=True)
class Reject:
    """What could not be read or kept, in words that can be printed and written whatever the file holds."""

    where: str
    """`FILE:ROW`; of line-based files the row is the line."""
    reason: str
    field: str | None = None
    whole: bool = True
    """Whether the record is lost, or only this field of it."""

    def __post_init__(self) -> None:
        for name in ("where", "reason", "field"):
            if (said := getattr(self, name)) is not None:
                object.__setattr__(self, name, _printable(said))

    def __str__(self) -> str:
        return f"{self.where}{f', {self.field}' if self.field else ''}: {self.reason}"


def _printable(text: str) -> str:
    """Without characters that steer a terminal or that no file takes."""
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text.encode("utf-8", "backslashreplace").decode())


def iter_triplets(path: Path, genre: str | None = None) -> Iterator[Triplet | Reject]:
    """The triplets of a file, in order, without their places; see `placed_triplets`."""
    for _, found in placed_triplets(path, genre):
        yield found


def placed_triplets(path: Path, genre: str | None = None) -> Iterator[tuple[str, Triplet | Reject]]:
    """The triplets of a file with their places, in order; a lost field comes before the triplet that lost it.

    A column that a triplet has no place for is reported once a file, at the row where it first occurs.

    Args:
        path: the file; its content decides what it is, not its name.
        genre: for records that name none.

    Raises:
        InputError: there is no such file, or it is of no known kind.
    """
    yield from triplets_in(records_of(path), genre)


def triplets_in(records: Iterable[Found], genre: str | None = None) -> Iterator[tuple[str, Triplet | Reject]]:
    """As `placed_triplets`, of records that are at hand."""
    ours, columns = True, set[tuple[str, str]]()
    for found in records:
        if found.error:
            yield found.where, Reject(found.where, found.error, found.field)
            continue
        if ours and found.line is not None:
            try:
                triplet = Triplet.model_validate_json(found.line)
                if says_each_once(found.line, triplet):
                    yield found.where, in_taxonomy(triplet, genre)
                    continue
            except ValidationError:
                ours = False  # told in full below; until a record is ours again, others are not tried as such
        losses = Losses()
        try:
            record = found.parsed()
            triplet = triplet_of(record, losses, genre)
        except ValueError as error:
            yield found.where, Reject(found.where, str(error), getattr(error, "field", None))
            continue
        ours = isinstance(record.get("article"), dict)
        for field, reason in losses:
            if (field, reason) not in columns:
                yield found.where, Reject(found.where, reason, field, whole=False)
            if reason == NO_PLACE:
                columns.add((field, reason))
        yield found.where, triplet
