"""Low-rank adapters: what they are put on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coig_writer.train.settings import LoraSettings

if TYPE_CHECKING:
    from peft import LoraConfig


def adapter_config(settings: LoraSettings) -> LoraConfig:
    """Adapters on all linear layers but the head, of which TRL reads the weights directly and would train none."""
    from peft import LoraConfig

    return LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
