"""What a run tells while it works: a line of JSON a step, and words for the terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from coig_writer.files import dumps, storage_errors, write_jsonl

KEPT = ("loss", "learning_rate", "grad_norm", "epoch", "mean_token_accuracy")


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    step: int
    steps: int
    figures: dict[str, float]
    """Such as `loss`, `grad_norm`, `held_out_creative`."""
    seconds_left: float | None


class RunLog(TrainerCallback):
    """Appends a line to `log.jsonl` for each logged step and each measurement; tells `show` of it."""

    def __init__(self, path: Path, resumed: int, show: Callable[[Progress], None]):
        self.path = path
        self.show = show
        self.began = time.monotonic()
        self.first = resumed
        self.before = trim(path, resumed)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **rest: Any) -> None:
        if not state.is_world_process_zero or not logs:
            return
        figures = _figures(logs)
        if not figures:
            return
        elapsed = time.monotonic() - self.began
        row = {"step": state.global_step, **figures, "seconds": round(self.before + elapsed, 3)}
        if memory := _peak_memory():
            row["peak_memory_gib"] = memory
        with storage_errors(self.path), open(self.path, "a", encoding="utf-8") as file:
            file.write(dumps(row) + "\n")
        done = state.global_step - self.first
        left = elapsed / done * (state.max_steps - state.global_step) if done else None
        self.show(Progress(state.global_step, state.max_steps, figures, left))


def _figures(logs: dict[str, Any]) -> dict[str, float]:
    """What of the Trainer's figures is worth a line; `eval_creative_loss` becomes `held_out_creative`."""
    figures = {name: float(logs[name]) for name in KEPT if name in logs and "loss" in logs}
    for name, value in logs.items():
        if name.startswith("eval_") and name.endswith("_loss"):
            figures[f"held_out_{name.removeprefix('eval_').removesuffix('_loss')}"] = float(value)
    return {name: round(value, 10) for name, value in figures.items()}


def trim(path: Path, step: int) -> float:
    """Takes out of a log what came after `step`, and returns the seconds that the rest took."""
    kept = [row for row in read_log(path) if row["step"] <= step and step] if path.exists() else []
    write_jsonl(path, kept)
    return kept[-1]["seconds"] if kept else 0.0


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a log; a last line that a kill has torn is left out."""
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)


def _peak_memory() -> float | None:
    import torch

    return round(torch.cuda.max_memory_allocated() / (1 << 30), 3) if torch.cuda.is_available() else None
