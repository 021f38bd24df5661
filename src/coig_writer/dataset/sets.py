"""Some files of triplets taken together as one set that can be read more than once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from coig_writer.dataset.containers import Found, Part, parts_of, records_in, records_of
from coig_writer.dataset.hub import Address, fetch
from coig_writer.dataset.inputs import Source, distinct
from coig_writer.dataset.parallel import in_order, no_collection, processes_for
from coig_writer.dataset.read import Reject, placed_triplets, triplets_in
from coig_writer.dataset.shapes import NO_PLACE
from coig_writer.errors import InputError
from coig_writer.schema import Triplet

R = TypeVar("R")
BLOCK = 2_000
"""Records that are worked on together, and sent to another process together."""
PART = 4 << 20
"""Bytes of JSON Lines that are worked on together."""
FULL = "full.jsonl"
"""The file of a release that holds all that is known of its triplets."""


class TripletSet:
    """The triplets of some files, one by one; nothing is kept but what could not be read.

    Args:
        paths: files in any form that `coig_writer.dataset.read` knows, or folders of releases.
        genre: for records that name none.

    Raises:
        InputError: a folder is no release.
    """

    def __init__(self, paths: Sequence[Path], genre: str | None = None) -> None:
        self.paths = [data_file(path) for path in paths]
        self.genre = genre
        self.told: list[Reject] = []
        """What the latest pass could not read or keep, in order; whoever writes it elsewhere may empty the list."""
        self._records: dict[Path, int] = {}

    @property
    def rejects(self) -> list[Reject]:
        """Records that the latest pass could not read."""
        return [reject for reject in self.told if reject.whole]

    @property
    def losses(self) -> list[Reject]:
        """Fields that it could not keep, of records that it did."""
        return [reject for reject in self.told if not reject.whole]

    def __iter__(self) -> Iterator[Triplet]:
        self.told = []
        for path in self.paths:
            self._records[path] = 0
            for _, found in placed_triplets(path, self.genre):
                if isinstance(found, Triplet):
                    self._records[path] += 1
                    yield found
                else:
                    self._records[path] += found.whole
                    self.told.append(found)

    def in_blocks(self, work: Callable[[list[tuple[str, Triplet]]], R]) -> Iterator[R]:
        """What `work` makes of each block of triplets with their places, in order; large files in several processes.

        Args:
            work: a function of a module, or a partial one of such, as it has to be sent to other processes.
        """
        self.told = []
        self._records = dict.fromkeys(self.paths, 0)
        columns: set[tuple[Path, str | None]] = set()
        size = sum(path.stat().st_size for path in self.paths if path.is_file())
        step = partial(_read_block, work=work, genre=self.genre)
        for path, read, rejects, result in in_order(self._blocks(), step, processes_for(size)):
            self._records[path] += read
            for reject in rejects:
                column = path, reject.field
                if reject.reason != NO_PLACE or column not in columns:  # blocks know nothing of one another
                    self.told.append(reject)
                    columns.update([column] if reject.reason == NO_PLACE else [])
            yield result

    def _blocks(self) -> Iterator[tuple[Path, Part | list[Found]]]:
        """What a process works on at a time: lines that it reads itself, or records that were read here."""
        for path in self.paths:
            whole = True
            for part in parts_of(path, PART):
                whole = False
                yield path, part
            if whole:
                records = records_of(path)
                while block := list(islice(records, BLOCK)):
                    yield path, block

    def sources(self) -> list[Source]:
        """A line about each file after a pass: its name, its hash, how many records were read or refused."""
        names = distinct([path.name for path in self.paths])
        return [
            Source(name, file_hash(path), self._records.get(path, 0))
            for name, path in zip(names, self.paths, strict=True)
        ]


def _read_block(
    block: tuple[Path, Part | list[Found]], work: Callable[[list[tuple[str, Triplet]]], R], genre: str | None
) -> tuple[Path, int, list[Reject], R]:
    """The file of a block, how many records it has, what could not be read or kept, and the result."""
    path, part = block
    records = records_in(part) if isinstance(part, Part) else part
    triplets, rejects = [], []
    with no_collection():
        for where, found in triplets_in(records, genre):
            if isinstance(found, Reject):
                rejects.append(found)
            else:
                triplets.append((where, found))
        result = work(triplets)
    return path, len(triplets) + sum(reject.whole for reject in rejects), rejects, result


def load(source: str | Path, *, genre: str | None = None) -> TripletSet:
    """The triplets of a file, a release folder or a data set on the Hub, to be gone through as often as you like.

    Args:
        source: a path; or `owner/name`, `hf:owner/name@revision/file`, of which a path that exists goes first.
        genre: for records that name none.

    Raises:
        InputError: there is no such path and no such data set, or the Hub cannot be reached. Files are opened when the
            set is gone through: that raises it for a file of no known kind, and what cannot be read is in `rejects`.
    """
    return TripletSet(source_files(source), genre)


def source_files(source: str | Path) -> list[Path]:
    """The files that a path or an address on the Hub stands for; see `load`."""
    path = Path(source)
    if path.exists():
        return [path]
    named = isinstance(source, str) and (source.startswith("hf:") or not path.suffix)
    if named and (address := Address.of(str(source))):
        return fetch(address)
    if isinstance(source, str) and source.startswith("hf:"):
        raise InputError("not an address on the Hub", where=source, remedy="Give hf:OWNER/NAME or hf:OWNER/NAME/FILE.")
    raise InputError("no such file", where=str(source), remedy="Check the path; on the Hub, hf:OWNER/NAME.")


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
