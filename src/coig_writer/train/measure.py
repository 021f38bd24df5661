"""How fast a model trains here, measured on some rows of the data, before the whole run is begun."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from coig_writer.train.folder import RunFolder
from coig_writer.train.prepare import Prepared
from coig_writer.train.sft import build_trainer, out_of_memory, ran_out

ROWS = 3
"""Passes that are timed, over rows of about the mean length; one before them warms up, on the longest row."""


@dataclass(frozen=True)
class Speed:
    """What was measured on one device."""

    tokens_per_second: float
    """Forward and backward pass, of real tokens without padding."""
    hours: float
    """Of the whole run at this speed, the optimizer's own work left out."""
    peak_gib: float | None
    """Most memory of the GPU in use; None on a CPU."""


def measured(prepared: Prepared) -> Speed:
    """Loads the model, takes the longest row first, and times some of about the mean length.

    Raises:
        ModelError: memory ran out on the longest row; says what would lower the need.
    """
    sizes = [len(ids) for ids in prepared.rows["input_ids"]]
    mean = sum(sizes) / len(sizes)
    nearest = sorted(range(len(sizes)), key=lambda at: abs(sizes[at] - mean))
    longest = sizes.index(max(sizes))
    count = prepared.estimate.per_device
    with tempfile.TemporaryDirectory(prefix="coig-writer-measure-") as folder:
        trainer = build_trainer(replace(prepared, held={}), RunFolder(Path(folder)), [], 0)
        trainer.current_gradient_accumulation_steps = 1
        model: Any = trainer.model
        model.to(trainer.args.device).train()
        try:
            _pass(trainer, model, [longest] * count)
            began, tokens = _now(), 0
            for at in range(ROWS):
                chosen = [nearest[(at * count + each) % len(nearest)] for each in range(count)]
                _pass(trainer, model, chosen)
                tokens += sum(sizes[each] for each in chosen)
            seconds = _now() - began
        except RuntimeError as error:
            if ran_out(error):
                raise out_of_memory(prepared, error) from error
            raise
    peak = torch.cuda.max_memory_allocated() / (1 << 30) if torch.cuda.is_available() else None
    estimate = prepared.estimate
    per_step = estimate.accumulation * estimate.per_device * estimate.devices
    total = estimate.steps * per_step * estimate.tokens / estimate.rows
    return Speed(tokens / seconds, total * seconds / tokens / estimate.devices / 3600, peak)


def _pass(trainer: Any, model: Any, chosen: list[int]) -> None:
    batch = trainer.data_collator([trainer.train_dataset[at] for at in chosen])
    trainer.training_step(model, batch)
    model.zero_grad()


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.monotonic()
