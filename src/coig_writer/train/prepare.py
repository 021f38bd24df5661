"""Everything that is decided before the weights are loaded: samples, lengths, steps, memory."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coig_writer.dataset.sets import file_hash
from coig_writer.errors import SettingError
from coig_writer.train.base import Base, find_base
from coig_writer.train.data import hold_out, read_mixture
from coig_writer.train.estimate import Estimate, Shape, memory_of, shape_of, steps_of
from coig_writer.train.folder import RunFolder
from coig_writer.train.lengths import Lengths, TooLong, fit, lengths_of
from coig_writer.train.settings import TrainSettings, accumulation
from coig_writer.train.template import ChatFormat, Encoded

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True)
class Prepared:
    """A run that could start now."""

    data: Path
    base: Base
    settings: TrainSettings
    tokenizer: Any
    format: ChatFormat
    train: list[Encoded]
    held: dict[str, list[Encoded]]
    """By source."""
    rows: Dataset
    """What the trainer sees: a row a sample, or a row for several when they are packed."""
    lengths: Lengths
    """Of all samples, before anything was dropped or cut."""
    long: list[TooLong]
    context: int
    shape: Shape
    estimate: Estimate
    mixed: bool
    """Whether 16-bit arithmetic is used."""
    checkpointing: bool
    identity: dict[str, Any]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Samples and tokens that are trained on, by source."""
        samples = Counter(each.sample.source for each in self.train)
        tokens: Counter[str] = Counter()
        for each in self.train:
            tokens[each.sample.source] += len(each.ids)
        return {source: {"samples": samples[source], "tokens": tokens[source]} for source in samples}


def prepare(data: Path, model: str, out: Path, settings: TrainSettings, *, devices: int = 1) -> Prepared:
    """Reads, renders and counts; nothing but a list of samples that are too long is written.

    Args:
        out: the run's folder.
        devices: processes that train together.

    Raises:
        InputError: the data cannot be used, or samples are too long for the context and that is to be refused.
        SettingError: no such model; or a context, batch or option that cannot be.
    """
    base = find_base(model)
    tokenizer, config = base.tokenizer(), base.config()
    chat = ChatFormat(tokenizer, settings.system)
    kept, held = hold_out(read_mixture(data, settings.form), settings.held_out, settings.seed)
    encoded = [chat.encode(sample) for sample in kept]
    encoded_held = {source: [chat.encode(sample) for sample in samples] for source, samples in held.items()}
    shape = shape_of(config, settings)
    everything = [*encoded, *(each for found in encoded_held.values() for each in found)]
    lengths = lengths_of(everything)
    context = _context(settings, lengths, shape)
    _, long = fit(everything, context, settings.on_long, RunFolder(out).long)
    encoded, _ = fit(encoded, context, settings.on_long, RunFolder(out).long) if long else (encoded, [])
    encoded_held = {
        source: [each for each in found if len(each.ids) <= context] for source, found in encoded_held.items()
    }
    rows = dataset_of(encoded, settings, context)
    mixed = mixed_precision(settings)
    checkpointing = settings.gradient_checkpointing
    if checkpointing is None:
        checkpointing = _has_gpu()
    return Prepared(
        data=data,
        base=base,
        settings=settings,
        tokenizer=tokenizer,
        format=chat,
        train=encoded,
        held={source: found for source, found in encoded_held.items() if found},
        rows=rows,
        lengths=lengths,
        long=long,
        context=context,
        shape=shape,
        estimate=_estimate(encoded, rows, shape, settings, devices, mixed=mixed, checkpointing=checkpointing),
        mixed=mixed,
        checkpointing=checkpointing,
        identity={
            "data": file_hash(data),
            "base": {"name": base.name, "fingerprint": base.fingerprint},
            "settings": settings.identity,
        },
    )


def _context(settings: TrainSettings, lengths: Lengths, shape: Shape) -> int:
    if settings.context is None:
        return min(lengths.needed, shape.context)
    if settings.context > shape.context:
        raise SettingError(
            f"the model was made for {shape.context:,} tokens, fewer than {settings.context:,}",
            where="--context",
            remedy=f"The data needs {lengths.needed:,}; leave --context out, or give at most {shape.context:,}.",
        )
    return settings.context


def dataset_of(encoded: Sequence[Encoded], settings: TrainSettings, context: int) -> Dataset:
    """The samples as TRL takes them when they are rendered already, in their order, or packed by best fit."""
    from datasets import Dataset

    rows = Dataset.from_dict({"input_ids": [each.ids for each in encoded], "labels": [each.labels for each in encoded]})
    if not settings.packing:
        return rows
    from trl import pack_dataset

    return pack_dataset(rows, context, "bfd")


def _estimate(
    encoded: Sequence[Encoded],
    rows: Dataset,
    shape: Shape,
    settings: TrainSettings,
    devices: int,
    *,
    mixed: bool,
    checkpointing: bool,
) -> Estimate:
    batch = settings.batch
    if settings.packing:  # a row holds several samples; a step should still hold `batch` of them, about
        at_once = settings.per_device * devices
        batch = max(1, round(batch * len(rows) / len(encoded) / at_once)) * at_once
    tokens = sum(len(each.ids) for each in encoded)
    accumulated = accumulation(batch, settings.per_device, devices)
    steps = steps_of(len(rows), settings, settings.per_device, devices, accumulated)
    longest = max(map(len, rows["input_ids"]))
    epochs = steps * accumulated * settings.per_device * devices / len(rows) if settings.steps else settings.epochs
    flops = sum(len(each.ids) * shape.flops_per_token(len(each.ids)) for each in encoded) * epochs
    return Estimate(
        samples=len(encoded),
        rows=len(rows),
        tokens=tokens,
        steps=steps,
        accumulation=accumulated,
        per_device=settings.per_device,
        devices=devices,
        longest=longest,
        parameters=shape.parameters,
        trained=shape.trained,
        memory=memory_of(
            shape,
            longest * settings.per_device,
            mixed=mixed,
            lora=settings.lora is not None,
            checkpointing=checkpointing,
            shards=shards(devices),
        ),
        flops=flops,
    )


def shards(devices: int) -> int:
    """Devices over which `accelerate launch` was told to spread the weights (FSDP, ZeRO-3); 1 if each has them all."""
    spread = os.environ.get("ACCELERATE_USE_FSDP") == "true" or os.environ.get("ACCELERATE_DEEPSPEED_ZERO_STAGE") == "3"
    return devices if spread else 1


def mixed_precision(settings: TrainSettings) -> bool:
    """Whether to compute in bfloat16: by default where a GPU has it."""
    import torch

    if settings.precision == "auto":
        return _has_gpu() and torch.cuda.is_bf16_supported()
    return settings.precision == "bf16"


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()
