"""What a build did, in figures that add up, and the fingerprint by which the next run knows whether to do it again."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import date
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from platform import python_version
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from coig_writer import __version__
from coig_writer.corpus.inventory import Inventory
from coig_writer.corpus.reasons import REASONS, STAGES, UNREADABLE, stage_of
from coig_writer.corpus.settings import CorpusSettings

_LIBRARIES = (
    *("charset-normalizer", "courlan", "daft", "ftfy", "htmldate", "lxml", "opencc"),
    *("py3langid", "pyarrow", "trafilatura"),
)
"""Libraries whose version may change what a build yields."""
_OWN_FILES = ("schema.py", "taxonomy.py", "data/taxonomy.toml")
"""What decides about ids and genres, beside the room's own modules."""


class Stage(BaseModel):
    """Rows that entered and left a stage."""

    model_config = ConfigDict(frozen=True)

    stage: str
    rows_in: int
    rows_out: int


class Summary(BaseModel):
    """The content of `summary.json`."""

    model_config = ConfigDict(frozen=True)

    read: int
    """Rows read, unreadable ones included."""
    kept: int
    rejected: dict[str, int]
    """Reason code → rows, in the order of the stages."""
    stages: list[Stage]
    masked: int
    """Kept texts in which personal data was masked or flagged."""
    passed_over: list[str]
    """What the folders given hold besides texts: other files, hidden ones, linked folders, the output itself."""
    fingerprint: str
    built_on: date | None = None
    """Day (UTC) on which texts were judged, which decides what lies in the future; None in old summaries."""
    settings: dict[str, Any]
    inputs: list[dict[str, Any]]
    outputs: dict[str, str]
    """File name → hash of its content."""

    @property
    def unreadable(self) -> dict[str, int]:
        """The reasons that mean that the input needs mending."""
        return {reason: count for reason, count in self.rejected.items() if reason in UNREADABLE}


def tally(read: int, kept: int, reasons: Counter[str]) -> tuple[dict[str, int], list[Stage]]:
    """The rejected rows by reason and the stages' figures.

    Raises:
        RuntimeError: the counts do not add up, which would mean that a row was lost or doubled.
    """
    if read != kept + reasons.total():
        raise RuntimeError(f"{read} rows read, but {kept} kept and {reasons.total()} rejected")
    rejected = {reason: reasons[reason] for reason in REASONS if reasons[reason]}
    stages, left = [], read
    for stage in STAGES:
        out = left - sum(count for reason, count in rejected.items() if stage_of(reason) == stage)
        stages.append(Stage(stage=stage, rows_in=left, rows_out=out))
        left = out
    if left != kept:
        raise RuntimeError(f"{left} rows leave the last stage, but {kept} are kept")
    return rejected, stages


def fingerprint(inventory: Inventory, settings: CorpusSettings) -> str:
    """A hash over all that decides the result: input files, settings, and this software with its libraries."""
    facts = {
        "inputs": [[file.name, file.kind, file.packing, file.size, file.digest] for file in inventory.files],
        "settings": settings.model_dump(mode="json"),
        "software": _software(),
    }
    return hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=16).hexdigest()


@cache
def _software() -> list[str]:
    """Versions, and the hash of the room's own code, so that a change in it is noticed before it is released."""
    own = hashlib.blake2b(digest_size=16)
    package = files("coig_writer")
    for folder in (package / "corpus", package / "corpus" / "dimensions"):
        for module in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if module.name.endswith(".py"):
                own.update(module.read_bytes())
    for name in _OWN_FILES:
        own.update((package / name).read_bytes())
    libraries = (f"{name} {version(name)}" for name in _LIBRARIES)
    return [__version__, own.hexdigest(), f"python {python_version()}", *libraries]


def file_hash(path: Path) -> str:
    """BLAKE2b of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def finished_before(folder: Path, wanted: str, today: date) -> Summary | None:
    """The summary in `folder` if its build need not be repeated.

    It has the fingerprint `wanted`, its files are as that build left them, and no text was refused for a date that may
    have come since.
    """
    try:
        summary = Summary.model_validate_json((folder / "summary.json").read_bytes())
        whole = all(file_hash(folder / name) == digest for name, digest in summary.outputs.items())
    except (OSError, ValidationError):
        return None
    waited = "future-date" in summary.rejected and summary.built_on != today
    return summary if whole and summary.fingerprint == wanted and not waited else None
