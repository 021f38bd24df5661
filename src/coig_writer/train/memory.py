"""What to do when memory runs out, with the numbers of this very run."""

from __future__ import annotations

import ctypes

from coig_writer.train.estimate import GIB, Estimate, Shape, memory_of
from coig_writer.train.settings import TrainSettings


def available_gib() -> float:
    """Memory of the first GPU, or what this machine could still give where there is none."""
    import psutil  # which accelerate brings
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_properties(0).total_memory / GIB
    return psutil.virtual_memory().available / GIB


_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Names of options of glibc's `mallopt`."""


def keep_freed_memory() -> bool:
    """Without a GPU, lets this process use freed memory again instead of giving it back to the system, where it can.

    The scores of a step over the vocabulary take gigabytes, which glibc otherwise asks for anew each time; every page
    is then cleared once more, which can take longer than the computing itself.

    Returns:
        whether it is so from now on; other C libraries have no such option.
    """
    import torch

    if torch.cuda.is_available():
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, -1))


def advice(
    shape: Shape, settings: TrainSettings, estimate: Estimate, *, mixed: bool, checkpointing: bool, shards: int = 1
) -> list[str]:
    """What would lower the need, each with what it would then be, in the order in which to try."""

    def need(*, tokens: int, checkpointing: bool = checkpointing, over: int = shards) -> str:
        lora = settings.lora is not None
        found = memory_of(shape, tokens, mixed=mixed, lora=lora, checkpointing=checkpointing, shards=over)
        return f"about {found.total:.1f} GiB"

    tokens = estimate.longest * estimate.per_device
    said = [f"As it is, one device needs {need(tokens=tokens)} by estimate."]
    if estimate.per_device > 1:
        half = estimate.per_device // 2
        said.append(f"--per-device {half}: {need(tokens=estimate.longest * half)}; the batch stays {settings.batch}.")
    if not checkpointing:
        said.append(f"--gradient-checkpointing: {need(tokens=tokens, checkpointing=True)}, a quarter slower.")
    if settings.lora is None:
        adapters = shape.parameters // 100
        frozen = Shape(**{**shape.__dict__, "trained": adapters})
        found = memory_of(frozen, tokens, mixed=mixed, lora=True, checkpointing=checkpointing, shards=shards)
        said.append(f"--lora: about {found.total:.1f} GiB.")
    if estimate.longest > 2048:
        half = estimate.longest // 2
        said.append(f"--context {half} --on-long drop: {need(tokens=half * estimate.per_device)}; long samples go.")
    more = max(8, shards * 2)
    said.append(
        f"Spread over {more} devices with FSDP (coig-writer train config fsdp): {need(tokens=tokens, over=more)}."
    )
    return said
