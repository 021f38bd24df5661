"""Reading triplets, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coig_writer.files import read_jsonl
from coig_writer.schema import Triplet


@dataclass(frozen=True)
class Reject:
    """A record that could not be read."""

    where: str
    reason: str


def iter_triplets(path: Path) -> Iterator[Triplet | Reject]:
    """The triplets of a JSON Lines file."""
    return read_jsonl(path, Triplet)
