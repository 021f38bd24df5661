"""The results of an evaluation as files: summary, workbook, page."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from coig_writer.evaluate.evaluation import Evaluation
from coig_writer.files import write_json


def summary_json(done: Evaluation) -> dict[str, Any]:
    """The summary as JSON values."""
    return {
        **asdict(done.summary),
        "judges": done.judges,
        "costs": {name: asdict(cost) for name, cost in zip(done.judges, done.costs, strict=True)},
        "not_in_reference": done.unknown,
    }


def write_results(done: Evaluation, folder: Path, *, workbook: bool, document: bool) -> list[Path]:
    """Writes `summary.json` and `report.html`, and on demand `results.xlsx` and `results.json`; returns all files.

    Raises:
        StorageError: the folder cannot be written.
    """
    written = [*done.files.values(), folder / "ratings.jsonl", folder / "summary.json"]
    write_json(folder / "summary.json", summary_json(done))
    if document:
        rows = [row.model_dump(mode="json", exclude_none=True) for row in done.rows]
        write_json(folder / "results.json", {"summary": summary_json(done), "rows": rows})
        written.append(folder / "results.json")
    return written
