"""Steps that build on each other, each a command in a process of its own, done once and remembered."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from coig_writer.errors import UnfinishedError
from coig_writer.files import storage_errors, write_json

PYTHON = (sys.executable, "-m", "coig_writer")


class Status(StrEnum):
    """Where a step stands."""

    DONE = "done"
    STALE = "stale"
    """Done, but with other settings or inputs; it will be done again."""
    OPEN = "open"
    FAILED = "failed"
    BLOCKED = "blocked"
    """A step that it needs has failed."""


@dataclass(frozen=True)
class Step:
    """One command of `coig-writer`, run in the experiment's folder."""

    id: str
    words: tuple[str, ...]
    makes: tuple[str, ...]
    """Files or folders that are there when it is done, relative to the experiment's folder."""
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    """Files from outside the graph; a change of one makes the step stale."""
    launch: tuple[str, ...] = PYTHON
    clears: tuple[str, ...] = ("--fresh",)
    """Words to add when the step was done before with other settings."""


@dataclass(frozen=True)
class State:
    """A step, where it stands, and how long it took."""

    step: Step
    status: Status
    seconds: float | None = None


class Graph:
    """Steps in an order in which each comes after what it needs.

    Args:
        folder: where they run; `steps/` remembers what is done, `logs/` keeps what each said.
    """

    def __init__(self, folder: Path, steps: Sequence[Step]):
        self.folder = folder
        self.steps = list(steps)
        known: set[str] = set()
        for step in self.steps:
            if step.id in known or not set(step.needs) <= known:
                raise ValueError(f"{step.id} stands twice, or before what it needs")
            known.add(step.id)
        self.fingerprints = self._fingerprints()

    def states(self) -> list[State]:
        """Where every step stands, without running anything."""
        return [self._state(step) for step in self.steps]

    def run(self, show: Callable[[State], None] = lambda _: None) -> list[State]:
        """Does what is not done; after a failure, all that does not depend on it.

        Raises:
            UnfinishedError: a step failed; says where its words are.
        """
        states: dict[str, State] = {}
        for step in self.steps:
            if any(states[need].status is not Status.DONE for need in step.needs):
                states[step.id] = State(step, Status.BLOCKED)
            else:
                before = self._state(step)
                states[step.id] = before if before.status is Status.DONE else self._do(step, before.status, show)
            show(states[step.id])
        failed = [each for each in states.values() if each.status is Status.FAILED]
        if failed:
            log = self.log(failed[0].step)
            raise UnfinishedError(
                f"{len(failed)} of {len(self.steps)} steps failed, first {failed[0].step.id}: {_last_words(log)}",
                where=str(log),
                remedy="Mend what it says and run the same command again; what is done stays done.",
            )
        return list(states.values())

    def log(self, step: Step) -> Path:
        return self.folder / "logs" / f"{step.id}.log"

    def _do(self, step: Step, before: Status, show: Callable[[State], None]) -> State:
        show(State(step, Status.OPEN))
        words = (*step.launch, *step.words, *(step.clears if before is Status.STALE else ()))
        began = time.monotonic()
        log = self.log(step)
        with storage_errors(log):
            log.parent.mkdir(parents=True, exist_ok=True)
            with open(log, "w", encoding="utf-8") as file:
                file.write(" ".join(words) + "\n\n")
                file.flush()
                done = subprocess.run(
                    words, cwd=self.folder, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
                )
        missing = [name for name in step.makes if not (self.folder / name).exists()]
        seconds = time.monotonic() - began
        if done.returncode or missing:
            return State(step, Status.FAILED, seconds)
        record = {"fingerprint": self.fingerprints[step.id], "seconds": round(seconds, 1), "words": list(step.words)}
        write_json(self._record(step), record)
        return State(step, Status.DONE, seconds)

    def _state(self, step: Step) -> State:
        try:
            record: Mapping[str, Any] = json.loads(self._record(step).read_bytes())
        except FileNotFoundError:
            return State(step, Status.OPEN)
        whole = all((self.folder / name).exists() for name in step.makes)
        same = record["fingerprint"] == self.fingerprints[step.id]
        return State(step, Status.DONE if whole and same else Status.STALE, record["seconds"])

    def _record(self, step: Step) -> Path:
        return self.folder / "steps" / f"{step.id}.json"

    def _fingerprints(self) -> dict[str, str]:
        """Step → hash of its words, of the files it reads, and of the same of all that it needs."""
        found: dict[str, str] = {}
        for step in self.steps:
            parts = [*step.words, *(found[need] for need in step.needs), *map(_stamp, step.reads)]
            found[step.id] = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return found


def _stamp(name: str) -> str:
    """What tells a file's state from another: the hash of its bytes, of a folder that of the files in it."""
    path = Path(name)
    if path.is_dir():
        return "".join(_stamp(str(each)) for each in sorted(path.rglob("*")) if each.is_file())
    if not path.is_file():
        return name
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _last_words(log: Path) -> str:
    """The error that a command ended with, as it stands in its log."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("Error")]
    return (errors or lines[-1:] or ["it said nothing"])[-1].removeprefix("Error: ").rstrip(".")
