"""Steps that build on each other, each a command in a process of its own, done once and remembered."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from coig_writer.errors import UnfinishedError
from coig_writer.files import alone_in, storage_errors, write_json
from coig_writer.llm.registry import REGISTRY_VARIABLE

PYTHON = (sys.executable, "-m", "coig_writer")


class Status(StrEnum):
    """Where a step stands."""

    DONE = "done"
    STALE = "stale"
    """Done or begun, but with other settings or inputs; it will be done again."""
    OPEN = "open"
    FAILED = "failed"
    """It will be taken up again."""
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
    """Words to add when the step was done or begun before with other settings."""
    begins: str | None = None
    """A file that the command writes once it has cleared away what was there; what is killed after that goes on."""


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
        states: dict[str, State] = {}
        for step in self.steps:
            held_up = any(states[need].status in (Status.FAILED, Status.BLOCKED) for need in step.needs)
            states[step.id] = State(step, Status.BLOCKED) if held_up else self._state(step)
        return list(states.values())

    def run(self, show: Callable[[State], None] = lambda _: None) -> list[State]:
        """Does what is not done; after a failure, all that does not depend on it.

        Raises:
            UnfinishedError: a step failed; says where its words are.
            StorageError: the folder cannot be written, or the same is running in it already.
        """
        with alone_in(self.folder, "an experiment runs here already", "Wait for its end, or stop it."):
            return self._run(show)

    def _run(self, show: Callable[[State], None]) -> list[State]:
        states: dict[str, State] = {}
        for step in self.steps:
            if any(states[need].status is not Status.DONE for need in step.needs):
                states[step.id] = State(step, Status.BLOCKED)
            else:
                before = self._state(step)
                states[step.id] = before if before.status is Status.DONE else self._do(step, before, show)
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

    def words_of(self, step: Step) -> str:
        """The error that a step last ended with."""
        return _last_words(self.log(step))

    def _do(self, step: Step, before: State, show: Callable[[State], None]) -> State:
        show(State(step, Status.OPEN))
        clears = step.clears if self._to_clear(step, before) else ()
        words = (*step.launch, *step.words, *clears)
        began = time.monotonic()
        # What a killed step leaves has to be told from what other settings would have made.
        begun = {
            "fingerprint": self.fingerprints[step.id],
            "words": list(step.words),
            "clears": bool(clears),
            "began": time.time(),
        }
        write_json(self._record(step), begun | {"status": Status.OPEN, "seconds": None})
        log = self.log(step)
        with storage_errors(log):
            log.parent.mkdir(parents=True, exist_ok=True)
            with open(log, "w", encoding="utf-8") as file:
                file.write(" ".join(words) + "\n\n")
                file.flush()
                done = subprocess.run(
                    words,
                    cwd=self.folder,
                    env=_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    check=False,
                )
        missing = [name for name in step.makes if not (self.folder / name).exists()]
        seconds = time.monotonic() - began
        status = Status.FAILED if done.returncode or missing else Status.DONE
        write_json(self._record(step), begun | {"status": status, "seconds": round(seconds, 1)})
        return State(step, status, seconds)

    def _state(self, step: Step) -> State:
        try:
            record: Mapping[str, Any] = json.loads(self._record(step).read_bytes())
        except FileNotFoundError:
            return State(step, Status.OPEN)
        status = Status(record.get("status", Status.DONE))
        missing = status is Status.DONE and not all((self.folder / name).exists() for name in step.makes)
        if missing or record["fingerprint"] != self.fingerprints[step.id]:
            status = Status.STALE
        return State(step, status, record["seconds"])

    def _to_clear(self, step: Step, before: State) -> bool:
        """Whether what is there is of other settings: also when the command that was to clear it did not get to it."""
        if before.status is Status.STALE:
            return True
        record = self._record(step)
        found = json.loads(record.read_bytes()) if record.is_file() else {}
        if not found.get("clears"):
            return False
        begins = self.folder / (step.begins or "")
        return not begins.is_file() or begins.stat().st_mtime < found["began"]

    def _record(self, step: Step) -> Path:
        return self.folder / "steps" / f"{step.id}.json"

    def _fingerprints(self) -> dict[str, str]:
        """Step → hash of its words, of the files it reads, and of the same of all that it needs."""
        found: dict[str, str] = {}
        for step in self.steps:
            parts = [*step.words, *(found[need] for need in step.needs), *map(_stamp, step.reads)]
            found[step.id] = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return found


def _environment() -> dict[str, str]:
    """That of this process; a registry that it names counts from here, not from where the steps run."""
    named = os.environ.get(REGISTRY_VARIABLE)
    return dict(os.environ) | ({REGISTRY_VARIABLE: str(Path(named).expanduser().resolve())} if named else {})


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
    """The error that a command ended with, and where, as it stands in its log."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [at for at, line in enumerate(lines) if line.startswith("Error")]
    if not errors:
        return (lines or ["it said nothing"])[-1].rstrip(".")
    said = lines[errors[-1]].removeprefix("Error: ").rstrip(".")
    after = lines[errors[-1] + 1 : errors[-1] + 2]
    return f"{said} ({after[0].removeprefix('where: ')})" if after and after[0].startswith("where: ") else said
