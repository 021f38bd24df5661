"""The model of a finished run, whole or absent, with its tokenizer and card."""

from __future__ import annotations

import shutil
from typing import Any

import torch

from coig_writer.train.folder import RunFolder
from coig_writer.train.prepare import Prepared


def save_model(trainer: Any, prepared: Prepared, folder: RunFolder) -> None:
    """Writes weights (or the adapter), tokenizer and generation settings to `folder.model`; all processes call it."""
    accelerator = trainer.accelerator
    state = accelerator.get_state_dict(trainer.model_wrapped, unwrap=True)
    if not accelerator.is_main_process:
        accelerator.wait_for_everyone()
        return
    model = accelerator.unwrap_model(trainer.model_wrapped)
    dtype = torch.bfloat16 if prepared.mixed else torch.float32
    state = {name: value.to(dtype) if value.is_floating_point() else value for name, value in state.items()}
    aside = folder.path / ".model.part"
    shutil.rmtree(aside, ignore_errors=True)
    model.config.dtype = dtype
    learn_to_stop(model.generation_config, prepared.format.end)
    if prepared.base.kind in ("gguf", "tiny"):
        # These have no settings of their own, and `transformers serve` would then take the likeliest token whatever
        # temperature it is asked for.
        model.generation_config.do_sample = True
    model.save_pretrained(aside, state_dict=state)
    if prepared.settings.lora:
        model.generation_config.save_pretrained(aside)
    prepared.tokenizer.save_pretrained(aside)
    if folder.model.exists():
        shutil.rmtree(folder.model)
    aside.rename(folder.model)
    accelerator.wait_for_everyone()


def learn_to_stop(generation: Any, end: int) -> None:
    """Adds the token that ends a turn to those at which generation stops, which a base model's settings lack."""
    known = generation.eos_token_id
    ids = [] if known is None else [known] if isinstance(known, int) else list(known)
    if end not in ids:
        generation.eos_token_id = [end, *ids]
