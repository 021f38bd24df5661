"""Some files of triplets taken together as one set that can be read more than once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from coig_writer.dataset.inputs import Source, distinct
from coig_writer.dataset.read import Reject, iter_triplets
from coig_writer.errors import InputError
from coig_writer.schema import Triplet

FULL = "full.jsonl"
"""The file of a release that holds all that is known of its triplets."""


class TripletSet:
    """The triplets of some files, one by one; nothing is kept but what could not be read.

    Args:
        paths: files in any form that `coig_writer.dataset.read` knows, or folders of releases.

    Raises:
        InputError: a folder is no release.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = [data_file(path) for path in paths]
        self.rejects: list[Reject] = []
        """What the latest pass could not read."""
        self._records: dict[Path, int] = {}

    def __iter__(self) -> Iterator[Triplet]:
        self.rejects = []
        for path in self.paths:
            self._records[path] = 0
            for found in iter_triplets(path):
                self._records[path] += 1
                if isinstance(found, Reject):
                    self.rejects.append(found)
                else:
                    yield found

    def sources(self) -> list[Source]:
        """A line about each file after a pass: its name, its hash, how many records were read or refused."""
        names = distinct([path.name for path in self.paths])
        return [
            Source(name, file_hash(path), self._records.get(path, 0))
            for name, path in zip(names, self.paths, strict=True)
        ]


def data_file(path: Path) -> Path:
    """`path`, or the file with the triplets if it is the folder of a release.

    Raises:
        InputError: it is another folder.
    """
    if not path.is_dir():
        return path
    if (path / FULL).is_file():
        return path / FULL
    raise InputError("not the folder of a release", where=str(path), remedy=f"Give a folder with {FULL}, or a file.")


def file_hash(path: Path) -> str:
    """SHA-256 of a file, read in pieces.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", where=str(path), remedy="Check the path.") from error
