"""The memory of a run: an append-only file of every answer that was paid for.

While a run works on `OUT.jsonl`, its ledger is `OUT.jsonl.tmp`; when all rows are written it rests
as `OUT.calls.jsonl`, and the next run on the same output takes it up again.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from coig_writer.errors import InputError, StorageError
from coig_writer.files import dumps, read_journal, storage_errors

Key = tuple[str, str, str]
"""Record id, step, request fingerprint."""


class Ledger:
    """Appends answered calls and finds them again; a context manager that holds the run's lock.

    Each line is one JSON object with `id`, `step` and `fingerprint`. A line with `failed` closes a
    call without a usable answer and makes it be asked anew, but not with the seeds that were used.
    Only the place of each line stays in memory.

    Args:
        out: the run's output file, `….jsonl`.
        fresh: start with an empty ledger; the old one is kept under another name.

    Raises:
        StorageError: another run holds the lock, the folder cannot be written, or `out` exists and
            no run of this software made it.
        InputError: the ledger is damaged in its middle.
    """

    def __init__(self, out: Path, *, fresh: bool = False):
        self.out = out
        self.path = out.with_name(out.name + ".tmp")
        self.rest = out.with_name(out.stem + ".calls.jsonl")
        self._lock = FileLock(out.with_name(f".{out.name}.lock"), timeout=0)
        self._fresh = fresh
        self._places: dict[Key, tuple[int, int, int]] = {}
        self._models: set[str] = set()
        self._usable: set[str] = set()
        self._descriptor = -1
        self._size = 0
        self._synced = 0

    def __enter__(self) -> Ledger:
        with storage_errors(self.out):
            self.out.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout as error:
                raise StorageError(
                    "another run is writing this output",
                    where=str(self.out),
                    remedy="Wait for it to end, or choose another output.",
                ) from error
        try:
            with storage_errors(self.path):
                self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
        finally:
            self._lock.release()

    def answered_by(self, model: str) -> bool:
        """Whether a line holds an answer of this model."""
        return model in self._models

    def usable_from(self, model: str) -> bool:
        """Whether a line holds an answer of this model that could be used."""
        return model in self._usable

    def find(self, key: Key) -> tuple[dict[str, Any], int] | None:
        """The last line for `key`, and how many answers, usable or not, there were; None if there is none."""
        place = self._places.get(key)
        if place is None:
            return None
        start, end, answers = place
        return json.loads(os.pread(self._descriptor, end - start, start)), answers

    def append(self, row: dict[str, Any]) -> None:
        """Adds a line; it is in the kernel's hands when this returns, so a killed process loses nothing.

        Raises:
            StorageError: no space is left or the disk fails; the lines before are unharmed.
        """
        data = (dumps(row) + "\n").encode("utf-8", "replace")
        with storage_errors(self.path):
            try:
                if os.write(self._descriptor, data) < len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                os.ftruncate(self._descriptor, self._size)  # a part of the line must not precede another
                raise
        self._remember(row, self._size + len(data))

    def sync(self) -> None:
        """Puts on the disk what was appended, so that a power cut loses nothing either."""
        size = self._size  # lines may come in while a thread waits for the disk
        if self._synced < size:
            with storage_errors(self.path):
                os.fsync(self._descriptor)
            self._synced = size

    def finish(self) -> None:
        """Lays the ledger to rest beside the finished output."""
        self.sync()
        with storage_errors(self.rest):
            os.replace(self.path, self.rest)

    def _open(self) -> None:
        if self._fresh:
            for path in (self.path, self.rest):
                _set_aside(path, self.rest)
        elif self.rest.exists() and self.path.exists():
            raise StorageError(
                f"two ledgers for one output: {self.path.name} and {self.rest.name}",
                where=str(self.out),
                remedy="Keep the one that belongs to it and move the other away.",
            )
        elif self.rest.exists():
            os.replace(self.rest, self.path)
        elif self.out.exists() and not self.path.exists():
            raise StorageError(
                "this file is there already and was not made by a run that can be continued",
                where=str(self.out),
                remedy="Choose another output, or start over with --fresh.",
            )
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        for row, end in read_journal(self.path):
            if not {"id", "step", "fingerprint"} <= row.keys():
                raise InputError(
                    "not a ledger of answered calls", where=str(self.path), remedy="Move this file away and run again."
                )
            self._remember(row, end)
        os.ftruncate(self._descriptor, self._size)

    def _remember(self, row: dict[str, Any], end: int) -> None:
        key = (row["id"], row["step"], row["fingerprint"])
        answers = self._places[key][2] if key in self._places else 0
        if "failed" not in row:
            answers += 1
            self._models.add(row.get("model", ""))
            if "unusable" not in row:
                self._usable.add(row.get("model", ""))
        self._places[key] = (self._size, end, answers)
        self._size = end


def _set_aside(path: Path, rest: Path) -> None:
    """Renames an old ledger to the first free `….calls.N.jsonl`."""
    if not path.exists():
        return
    stem = rest.name.removesuffix(".jsonl")
    number = 1
    while (aside := rest.with_name(f"{stem}.{number}.jsonl")).exists():
        number += 1
    os.replace(path, aside)
