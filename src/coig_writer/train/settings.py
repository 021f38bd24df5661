"""Every setting of a training run; the defaults are the paper's (section 3.1) where it names one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from coig_writer.errors import SettingError

Form = Literal["think", "article", "plain", "plan"]
FORMS: dict[Form, str] = {
    "think": "the reasoning in <think>, then the article",
    "article": "the article alone",
    "plain": "the reasoning as plain text, then the article",
    "plan": "the article; the reasoning is given in the prompt",
}
"""What a creative completion may hold."""
OnLong = Literal["refuse", "drop", "cut"]
Precision = Literal["auto", "bf16", "fp32"]


class LoraSettings(BaseModel):
    """Low-rank adapters on all linear layers but the head (Hu et al. 2021, arXiv 2106.09685)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rank: int = Field(16, ge=1)
    alpha: int = Field(32, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)


class TrainSettings(BaseModel):
    """How a model is trained; equal settings, data and base give an equal run on one kind of device."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    form: Form = "think"
    system: str | None = None
    """A system message for samples that have none; None leaves that to the chat template."""
    epochs: float = Field(3, gt=0)
    steps: int | None = Field(None, ge=1)
    """Optimizer steps instead of epochs."""
    learning_rate: float = Field(2e-5, gt=0)
    batch: int = Field(32, ge=1)
    """Samples of one optimizer step, over all devices; reached by accumulation."""
    warmup: float = Field(0.1, ge=0, lt=1)
    """Share of the steps over which the learning rate rises linearly."""
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "linear"
    """What it does then; the paper does not say."""
    weight_decay: float = Field(0.0, ge=0)
    gradient_norm: float = Field(1.0, gt=0)
    """Gradients are clipped to it."""
    seed: int = 42
    context: int | None = Field(None, ge=16)
    """Most tokens of a sample; None: as many as the longest has, up to what the model was made for."""
    on_long: OnLong = "refuse"
    """What happens to samples that are longer."""
    lora: LoraSettings | None = None
    held_out: float = Field(0.0, ge=0, lt=1)
    """Share of each source that is kept out of training and measured, before, during and after it."""
    packing: bool = False
    """Several samples a row, told apart by attention; needs flash attention to pay."""
    liger: bool = False
    compile: bool = False
    attention: str | None = None
    """As `transformers` calls it; None: FlashAttention 2 where it is installed, else PyTorch's own."""
    gradient_checkpointing: bool | None = None
    """Compute activations twice instead of keeping them; None: on a GPU."""
    precision: Precision = "auto"
    per_device: int = Field(1, ge=1)
    """Samples that one device takes at once."""
    save_every: int | None = Field(None, ge=1)
    """Steps between checkpoints; None: ten a run."""
    log_every: int = Field(1, ge=1)
    evaluate_every: int | None = Field(None, ge=1)
    """Steps between measurements of what is held out; None: as `save_every`."""
    log_to: tuple[Literal["tensorboard", "wandb", "trackio"], ...] = ()

    @property
    def identity(self) -> dict[str, object]:
        """What the trained weights depend on: all but where logs go and how a batch is spread over devices."""
        spread = {"per_device", "save_every", "log_every", "evaluate_every", "log_to"}
        return self.model_dump(mode="json", exclude=spread)


def accumulation(batch: int, per_device: int, devices: int) -> int:
    """Backward passes before an optimizer step, so that `batch` samples are in it.

    Raises:
        SettingError: the batch cannot be spread evenly; proposes one that can.
    """
    at_once = per_device * devices
    if batch % at_once:
        fits = [size for size in range(1, batch // devices + 1) if batch % (size * devices) == 0]
        remedy = (
            f"Set --per-device to one of {', '.join(map(str, fits))}."
            if fits
            else f"Set --batch to a multiple of {devices}."
        )
        raise SettingError(
            f"a batch of {batch} cannot be spread over {devices} devices with {per_device} samples each",
            where="--batch",
            remedy=remedy,
        )
    return batch // at_once
