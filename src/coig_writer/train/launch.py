"""Configurations for `accelerate launch` that come along."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from coig_writer.errors import SettingError

CONFIGS = {
    "ddp": "a whole copy of the model on each GPU",
    "fsdp": "weights, gradients and optimizer spread over the GPUs (FSDP 2)",
    "zero2": "gradients and optimizer spread over the GPUs (DeepSpeed)",
    "zero3": "weights, gradients and optimizer spread over the GPUs (DeepSpeed)",
}


def launch_config(name: str) -> Path:
    """The YAML file of that name, with eight processes on one machine; options of `accelerate launch` override it.

    Raises:
        SettingError: there is none; names those there are.
    """
    if name not in CONFIGS:
        known = "; ".join(f"{each}: {what}" for each, what in CONFIGS.items())
        raise SettingError(f"no configuration of the name {name}", remedy=f"There are {known}.")
    return Path(str(files("coig_writer") / "data" / "accelerate" / f"{name}.yaml"))
