"""What was taken down: the list that a release keeps and that later builds honour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from pydantic import Field, model_validator

from coig_writer.corpus.sources import locate
from coig_writer.files import read_jsonl
from coig_writer.schema import Draft, Record, Triplet

RETRACTED = "retracted.jsonl"
"""The file of a release with its tombstones, where there are any."""


class Tombstone(Record):
    """One take-down. It says what must not come back, and nothing of its text."""

    id: str | None = None
    """Of the record or of its article."""
    url: str | None = None
    """Where the article stands."""
    reason: str = Field(min_length=1)
    at: date | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Tombstone:
        if not self.id and not self.url:
            raise ValueError("a take-down names an id, an address or both")
        return self


class Tombstones:
    """Some take-downs, asked whether a record falls under one of them."""

    def __init__(self, stones: Iterable[Tombstone]) -> None:
        self._by_id: dict[str, Tombstone] = {}
        self._by_url: dict[str, Tombstone] = {}
        for stone in stones:
            if stone.id:
                self._by_id.setdefault(stone.id, stone)
            if stone.url:
                self._by_url.setdefault(_key(stone.url), stone)

    def over(self, record: Draft | Triplet) -> Tombstone | None:
        """The take-down of this record, by its id, its article's id, or the address in any of its spellings."""
        return self._by_id.get(record.id) or self.of(record.article.id, record.article.url)

    def of(self, name: str, url: str | None) -> Tombstone | None:
        """The take-down of an id or an address."""
        return self._by_id.get(name) or (self._by_url.get(_key(url)) if url and self._by_url else None)


def _key(url: str) -> str:
    """What two spellings of one address have in common; a front page or no address at all is taken as it stands."""
    return locate(url, None).key or url.strip()


def read_tombstones(path: Path) -> list[Tombstone]:
    """The take-downs of a list, or of the folder of a release; none where a release has no list.

    Raises:
        InputError: the list is missing or a line is no take-down; names file, line and field.
    """
    if path.is_dir():
        path = path / RETRACTED
        if not path.is_file():
            return []
    return list(read_jsonl(path, Tombstone))


def united(*lists: Sequence[Tombstone]) -> tuple[Tombstone, ...]:
    """All take-downs in order, each id and address once."""
    chosen: dict[tuple[str | None, str | None], Tombstone] = {}
    for stone in (stone for stones in lists for stone in stones):
        chosen.setdefault((stone.id, stone.url), stone)
    return tuple(chosen.values())
