"""Supervised fine-tuning with TRL, resumable, on one device or many."""

from __future__ import annotations

import importlib.util
import platform
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch
import transformers
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

from coig_writer import __version__
from coig_writer.errors import Interrupted, ModelError, SettingError
from coig_writer.files import write_json
from coig_writer.train import NEEDED
from coig_writer.train.adapter import adapter_config
from coig_writer.train.card import write_card
from coig_writer.train.folder import FORMAT, RunFolder
from coig_writer.train.logs import Progress, RunLog, read_log
from coig_writer.train.memory import advice, keep_freed_memory
from coig_writer.train.prepare import Prepared, dataset_of, shards
from coig_writer.train.save import save_model

CHECKPOINTS = 10
"""Of a run, when nobody says how often."""
KEEP = 2
"""Checkpoints on the disk: a kill while one is written must leave another."""


@dataclass(frozen=True)
class Trained:
    """What came of a run."""

    folder: RunFolder
    steps: int
    resumed: int
    """The step from which it went on; 0 for a run from the beginning."""
    first: dict[str, float]
    """Figures of the first step and of what was held out, before training."""
    last: dict[str, float]
    seconds: float
    """Of all parts of the run together."""


def train(prepared: Prepared, folder: RunFolder, show: Callable[[Progress], None] = lambda _: None) -> Trained:
    """Trains, or goes on training from the last whole checkpoint, and writes the model when done.

    Raises:
        SettingError: another run stands in the folder, or an option needs what is not installed.
        ModelError: memory ran out; says what would lower the need, with numbers.
        Interrupted: a signal stopped it; a checkpoint was written first.
        StorageError: another process trains in the folder.
    """
    found = folder.check_same(prepared.identity)
    if found and found["status"] == "finished" and folder.model.is_dir():
        return _trained(folder, resumed=found["steps"])
    keep_freed_memory()
    main = _main_process()
    with folder.alone() if main else nullcontext():
        return _train(prepared, folder, show, main=main)


def _train(prepared: Prepared, folder: RunFolder, show: Callable[[Progress], None], *, main: bool) -> Trained:
    if main:
        write_json(folder.record, _record(prepared, folder, status="running"))
    checkpoint = folder.last_checkpoint(clean=main)
    resumed = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
    log = RunLog(folder.log, resumed, show) if main else None
    stop = _Stop()
    callbacks = [_NoStepTooMany(), _Whole(folder), stop, *([log] if log else [])]
    try:
        trainer = build_trainer(prepared, folder, callbacks, resumed)
        with stop.listening(), suppress(_AtEnd):
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except RuntimeError as error:
        if ran_out(error):
            raise out_of_memory(prepared, error) from error
        raise
    if stop.asked:
        raise Interrupted(
            f"stopped at step {trainer.state.global_step} of {trainer.state.max_steps}",
            where=str(folder.path),
            remedy="A checkpoint is written; the same command goes on from there.",
        )
    save_model(trainer, prepared, folder)
    if main:
        done = _trained(folder, resumed)
        record = _record(prepared, folder, status="finished", steps=trainer.state.max_steps, seconds=done.seconds)
        write_card(record, done.first, done.last, folder.model)
        write_json(folder.record, record)
    return _trained(folder, resumed)


def quiet() -> None:
    """Keeps the libraries' progress bars and notes about their own future off the terminal."""
    import datasets

    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers|trl")


def build_trainer(prepared: Prepared, folder: RunFolder, callbacks: list[TrainerCallback], resumed: int) -> SFTTrainer:
    """The Trainer of TRL for this run, its model loaded.

    Args:
        resumed: the step from which it will go on; 0 for a run from the beginning.
    """
    quiet()
    _check_options(prepared)
    settings = prepared.settings
    arguments = _arguments(prepared, folder, resumed)  # before the model: DeepSpeed has to know when it is loaded
    # Trained weights stay in 32 bits: a step of 2e-5 is lost in the rounding of bfloat16. A frozen base may be narrow.
    narrow = prepared.mixed and settings.lora is not None
    unpacked = settings.model_copy(update={"packing": False})
    held = {source: dataset_of(found, unpacked, prepared.context) for source, found in prepared.held.items()}
    trainer = SFTTrainer(
        model=prepared.base.model(torch.bfloat16 if narrow else torch.float32, attention_of(prepared)),
        args=arguments,
        train_dataset=prepared.rows,
        eval_dataset=held or None,
        processing_class=prepared.tokenizer,
        callbacks=callbacks,
        peft_config=adapter_config(settings.lora) if settings.lora else None,
    )
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer


def _arguments(prepared: Prepared, folder: RunFolder, resumed: int) -> SFTConfig:
    settings, estimate = prepared.settings, prepared.estimate
    every = settings.save_every or max(1, estimate.steps // CHECKPOINTS)
    return SFTConfig(
        output_dir=str(folder.checkpoints),
        num_train_epochs=settings.epochs,
        max_steps=settings.steps or -1,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        warmup_steps=settings.warmup,
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.gradient_norm,
        optim="adamw_torch_fused",  # as AdamW, in one pass over the weights
        per_device_train_batch_size=estimate.per_device,
        gradient_accumulation_steps=estimate.accumulation,
        per_device_eval_batch_size=1,
        train_sampling_strategy="random",
        seed=settings.seed,
        data_seed=settings.seed,
        max_length=None,  # lengths were dealt with in `lengths.fit`; TRL would cut at 1,024
        packing=False,  # rows are packed already
        padding_free=settings.packing,
        eval_packing=False,
        bf16=prepared.mixed,
        use_cpu=not torch.cuda.is_available(),
        gradient_checkpointing=prepared.checkpointing,
        torch_compile=settings.compile,
        use_liger_kernel=settings.liger,
        eval_strategy="steps" if prepared.held else "no",
        eval_steps=settings.evaluate_every or every,
        eval_on_start=bool(prepared.held) and not resumed,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=KEEP,
        logging_strategy="steps",
        logging_steps=settings.log_every,
        logging_first_step=True,
        report_to=list(settings.log_to),
        run_name=folder.path.name,
        disable_tqdm=True,
        ddp_find_unused_parameters=False,
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def attention_of(prepared: Prepared) -> str:
    """What computes attention: FlashAttention 2 on a GPU where it is installed, else PyTorch's own."""
    if prepared.settings.attention:
        return prepared.settings.attention
    flash = prepared.mixed and torch.cuda.is_available() and importlib.util.find_spec("flash_attn")
    return "flash_attention_2" if flash else "sdpa"


def _check_options(prepared: Prepared) -> None:
    settings = prepared.settings
    packages = {"tensorboard": "tensorboard", "wandb": "wandb", "trackio": "trackio"}
    wanted = {f"--log-to {name}": packages[name] for name in settings.log_to}
    if settings.liger:
        wanted["--liger"] = "liger_kernel"
    for option, package in wanted.items():
        if importlib.util.find_spec(package) is None:
            raise SettingError(
                f"{package} is not installed", where=option, remedy=f"Run: pip install {package.replace('_', '-')}."
            )


def ran_out(error: RuntimeError) -> bool:
    """Whether there was not enough memory: a GPU says it with a class of its own, a CPU with a plain error."""
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)


def out_of_memory(prepared: Prepared, error: BaseException) -> ModelError:
    """The error for a run that did not fit, with what would lower the need."""
    said = advice(
        prepared.shape,
        prepared.settings,
        prepared.estimate,
        mixed=prepared.mixed,
        checkpointing=prepared.checkpointing,
        shards=shards(prepared.estimate.devices),
    )
    first = (str(error).strip() or "out of memory").splitlines()[0].rstrip(".")
    return ModelError(f"memory ran out: {first}", where=prepared.base.name, remedy=" ".join(said))


class _AtEnd(Exception):
    """The checkpoint that was loaded is of the last step."""


class _NoStepTooMany(TrainerCallback):
    """Stops what goes on from the last checkpoint of all: the Trainer would take a step more than it was told to."""

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        if state.global_step >= state.max_steps:
            raise _AtEnd


class _Whole(TrainerCallback):
    """Marks each checkpoint once every process has written its part."""

    def __init__(self, folder: RunFolder):
        self.folder = folder

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        from accelerate import PartialState

        PartialState().wait_for_everyone()
        if state.is_world_process_zero:
            self.folder.mark_whole(state.global_step)


class _Stop(TrainerCallback):
    """Ends a run at the next step, with a checkpoint, when it is told to by SIGINT or SIGTERM."""

    def __init__(self) -> None:
        self.asked = False

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        if self.asked:
            control.should_save = control.should_training_stop = True

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Signals set `asked` within the block; of several processes none listens, for they must stop as one."""
        from accelerate import PartialState

        if PartialState().num_processes > 1 or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in before:
            signal.signal(number, self._ask)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask(self, number: int, frame: Any) -> None:
        if self.asked:  # a second time means it
            raise KeyboardInterrupt
        self.asked = True


def _record(
    prepared: Prepared, folder: RunFolder, *, status: str, steps: int | None = None, seconds: float | None = None
) -> dict:
    chat = prepared.format
    return {
        "format": FORMAT,
        "name": folder.path.resolve().name,
        "status": status,
        "identity": prepared.identity,
        "data": {"file": prepared.data.name, "sha256": prepared.identity["data"], "counts": prepared.counts},
        "held_out": {source: [each.sample.id for each in found] for source, found in prepared.held.items()},
        "base": prepared.identity["base"] | {"kind": prepared.base.kind},
        "settings": prepared.settings.model_dump(mode="json"),
        "context": prepared.context,
        "lengths": prepared.lengths.value,
        "too_long": len(prepared.long),
        "system": prepared.settings.system if prepared.settings.system is not None else chat.injected,
        "precision": "bf16" if prepared.mixed else "fp32",
        "estimate": prepared.estimate.value,
        "versions": {"coig_writer": __version__, "python": platform.python_version()}
        | {name: version(name) for name in NEEDED},
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "steps": steps,
        "seconds": seconds,
    }


def _trained(folder: RunFolder, resumed: int) -> Trained:
    rows = list(read_log(folder.log)) if folder.log.exists() else []
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    for row in rows:
        for name, value in row.items():
            if name == "loss" or name.startswith("held_out_"):
                first.setdefault(name, value)
                last[name] = value
    return Trained(
        folder=folder,
        steps=rows[-1]["step"] if rows else 0,
        resumed=resumed,
        first=first,
        last=last,
        seconds=rows[-1]["seconds"] if rows else 0.0,
    )


def _main_process() -> bool:
    from accelerate import PartialState

    return PartialState().is_main_process
