"""The folder of a run: what it was told to do, how far it got, and what came of it."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coig_writer.errors import SettingError, StorageError
from coig_writer.files import LOCK, alone_in, storage_errors, write_json

FORMAT = "coig-writer training run"
_WHOLE = "complete.json"


@dataclass(frozen=True)
class RunFolder:
    """Where a run keeps its files.

    `run.json` says what it is, `log.jsonl` has a line a step, `long.jsonl` names samples that did not fit,
    `checkpoints/` is for going on after a kill, and `model/` appears, whole, at the end.
    """

    path: Path

    @property
    def record(self) -> Path:
        return self.path / "run.json"

    @property
    def log(self) -> Path:
        return self.path / "log.jsonl"

    @property
    def long(self) -> Path:
        return self.path / "long.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        return self.path / "model"

    def read(self) -> dict[str, Any] | None:
        """What `run.json` holds; None when there is no run here yet.

        Raises:
            StorageError: the folder holds something else.
        """
        if not self.record.exists():
            foreign = [each.name for each in self.path.iterdir()] if self.path.is_dir() else []
            if self.path.is_file() or set(foreign) - {self.long.name, LOCK}:
                raise StorageError("something else stands here", where=str(self.path), remedy="Choose another --out.")
            return None
        try:
            value = json.loads(self.record.read_bytes())
            if value["format"] == FORMAT:
                return value
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError(f"not the record of a run: {error}", where=str(self.record)) from error
        raise StorageError("not the record of a run", where=str(self.record), remedy="Choose another --out.")

    def check_same(self, identity: dict[str, Any]) -> dict[str, Any] | None:
        """What `run.json` holds, after making sure that it is of a run with this identity; None without one.

        Raises:
            SettingError: another run stands here; names what differs.
        """
        found = self.read()
        if found is None or found["identity"] == identity:
            return found
        flat, before = _flat(identity), _flat(found["identity"])
        differing = [
            f"{name} {before.get(name)} then, {flat.get(name)} now"
            for name in sorted({*flat, *before})
            if flat.get(name) != before.get(name)
        ]
        raise SettingError(
            f"another run stands here: {'; '.join(differing[:5])}",
            where=str(self.path),
            remedy="Choose another --out, or say --fresh to do away with it.",
        )

    def clear(self) -> None:
        """Removes an earlier run.

        Raises:
            StorageError: the folder holds something else, or cannot be removed.
        """
        if self.read() is not None:
            with self.alone(), storage_errors(self.path):
                shutil.rmtree(self.path)

    def alone(self) -> AbstractContextManager[None]:
        """Makes the folder, and keeps other runs out of it within the block.

        Raises:
            StorageError: another process trains here, or the folder cannot be written.
        """
        return alone_in(self.path, "another process trains here", "Wait for it, or choose another --out.")

    def mark_whole(self, step: int) -> None:
        """Says of the checkpoint of `step` that all of it is on the disk."""
        folder = self.checkpoints / f"checkpoint-{step}"
        for path in folder.rglob("*"):
            if path.is_file():
                _flush(path)
        write_json(folder / _WHOLE, {"step": step})

    def last_checkpoint(self, *, clean: bool = True) -> Path | None:
        """The latest checkpoint that is whole.

        Args:
            clean: removes those that a kill has torn.
        """
        found: list[tuple[int, Path]] = []
        for path in self.checkpoints.glob("checkpoint-*"):
            if (path / _WHOLE).is_file():
                found.append((int(path.name.rpartition("-")[2]), path))
            elif clean:
                shutil.rmtree(path)
        return max(found)[1] if found else None


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _flat(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    """`{"settings": {"seed": 1}}` as `{"settings.seed": 1}`."""
    flat: dict[str, Any] = {}
    for name, each in value.items():
        flat |= _flat(each, f"{before}{name}.") if isinstance(each, dict) else {f"{before}{name}": each}
    return flat
