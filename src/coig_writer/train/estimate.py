"""What a run will take, said before it starts: steps, tokens, memory, and hours at a measured speed."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from coig_writer.train.settings import TrainSettings

GIB = 1 << 30
_AROUND = 1.0
"""GiB for what is there besides: the device's context, tiles of logits, fragments."""


@dataclass(frozen=True)
class Shape:
    """What of a model decides about memory and work."""

    parameters: int
    trained: int
    """Parameters with gradients."""
    multiplied: int
    """Parameters of matrix products: all but an embedding that is only looked up."""
    layers: int
    hidden: int
    intermediate: int
    context: int
    """Tokens that the model was made for."""

    def flops_per_token(self, length: float) -> float:
        """Floating-point operations of a forward and backward pass for each token of a causal text.

        4 for each multiplied parameter (forward, and backward to what came in), 2 more for one that is trained
        (backward to itself), so 6 · N for a whole model and about 4 · N under LoRA; and 6 · layers · length · hidden
        for attention (Kaplan et al. 2020, arXiv 2001.08361, with half the square that a causal mask leaves).
        Recomputation is not counted.
        """
        products = 4.0 * self.multiplied + 2.0 * min(self.trained, self.multiplied)
        return products + 6.0 * self.layers * length * self.hidden


@dataclass(frozen=True)
class Memory:
    """GiB on one device, by estimate."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    """Of the longest batch."""

    @property
    def total(self) -> float:
        return self.weights + self.gradients + self.optimizer + self.activations + _AROUND


@dataclass(frozen=True)
class Estimate:
    """What is known before training starts."""

    samples: int
    rows: int
    """Sequences that the model sees an epoch; fewer than samples when several are packed into one."""
    tokens: int
    """Of one epoch, without padding."""
    steps: int
    accumulation: int
    per_device: int
    devices: int
    longest: int
    """Tokens of the longest row."""
    parameters: int
    trained: int
    memory: Memory
    flops: float
    """Of the whole run, recomputation not counted."""

    @property
    def value(self) -> dict[str, Any]:
        return asdict(self) | {"memory_total_gib": round(self.memory.total, 2)}


def shape_of(config: Any, settings: TrainSettings) -> Shape:
    """The shape of the model that a configuration describes; its weights are not needed."""
    import torch
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM

    from coig_writer.train.adapter import adapter_config

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
        if settings.lora:
            model = get_peft_model(model, adapter_config(settings.lora))
    parameters = sum(each.numel() for each in model.parameters())
    text = config.get_text_config()
    looked_up = 0 if config.tie_word_embeddings else text.vocab_size * text.hidden_size
    return Shape(
        parameters=parameters,
        trained=sum(each.numel() for each in model.parameters() if each.requires_grad),
        multiplied=parameters - looked_up,
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        intermediate=getattr(text, "intermediate_size", 4 * text.hidden_size),
        context=getattr(text, "max_position_embeddings", None) or 1 << 30,
    )


def memory_of(shape: Shape, tokens: int, *, mixed: bool, lora: bool, checkpointing: bool, shards: int = 1) -> Memory:
    """What one device holds with `tokens` in a batch.

    Trained weights, their gradients and AdamW's two moments are kept in 32 bits. With `mixed` precision, a frozen
    base is kept in 16 bits and trained weights have a 16-bit copy; activations are in 16 bits.

    Args:
        shards: devices over which weights, gradients and optimizer are spread (FSDP, ZeRO-3).
    """
    wide, narrow = 4, 2 if mixed else 4
    frozen = shape.parameters - shape.trained
    weights = frozen * narrow + shape.trained * (wide + (narrow if mixed and not lora else 0))
    kept = 2 * shape.hidden if checkpointing else 14 * shape.hidden + 4 * shape.intermediate
    one_layer = 14 * shape.hidden + 4 * shape.intermediate
    activations = tokens * narrow * (shape.layers * kept + (one_layer if checkpointing else 0))
    return Memory(
        weights=weights / shards / GIB,
        gradients=shape.trained * wide / shards / GIB,
        optimizer=shape.trained * 2 * wide / shards / GIB,
        activations=activations / GIB,
    )


def steps_of(rows: int, settings: TrainSettings, per_device: int, devices: int, accumulation: int) -> int:
    """Optimizer steps of a run, as the Trainer counts them: the last batch of an epoch may be smaller."""
    if settings.steps:
        return settings.steps
    batches = math.ceil(math.ceil(rows / devices) / per_device)
    return math.ceil(settings.epochs * max(1, math.ceil(batches / accumulation)))
