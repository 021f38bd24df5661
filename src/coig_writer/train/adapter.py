"""Low-rank adapters: putting them on a model."""

from __future__ import annotations

from typing import Any

from coig_writer.train.settings import LoraSettings


def with_adapter(model: Any, settings: LoraSettings | None) -> Any:
    """The model with adapters on all linear layers but the head, or as it is without `settings`.

    TRL reads the head's weights directly, so an adapter there would never be trained.
    """
    if settings is None:
        return model
    from peft import LoraConfig, get_peft_model

    return get_peft_model(
        model,
        LoraConfig(
            r=settings.rank,
            lora_alpha=settings.alpha,
            lora_dropout=settings.dropout,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        ),
    )
