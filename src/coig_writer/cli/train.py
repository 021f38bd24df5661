"""`coig-writer train`: from a mixture to a model."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coig_writer.cli.example import example
from coig_writer.errors import SettingError

if TYPE_CHECKING:
    from coig_writer.train.logs import Progress
    from coig_writer.train.prepare import Prepared
    from coig_writer.train.settings import TrainSettings
    from coig_writer.train.sft import Trained

LISTED = 5

app = typer.Typer(help="Train a model on a mixture, and export it.", no_args_is_help=True)


class FormName(StrEnum):
    """What a creative completion holds."""

    THINK = "think"
    ARTICLE = "article"
    PLAIN = "plain"
    PLAN = "plan"


class OnLongName(StrEnum):
    """What happens to samples that are too long."""

    REFUSE = "refuse"
    DROP = "drop"
    CUT = "cut"


class PrecisionName(StrEnum):
    """Arithmetic."""

    AUTO = "auto"
    BF16 = "bf16"
    FP32 = "fp32"


def sft(
    data: Annotated[Path, typer.Option(help="A mixture that `dataset mix` wrote, or JSON Lines of conversations.")],
    model: Annotated[
        str, typer.Option("--model", "-m", help="Hub name, folder, GGUF file, embedded, or tiny-random to try out.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the run; the same command goes on in it.")],
    form: Annotated[FormName, typer.Option(help="What a creative completion holds; see docs/training.md.")] = (
        FormName.THINK
    ),
    system: Annotated[
        str | None, typer.Option(help="System message of conversations without one; the chat template's if not given.")
    ] = None,
    epochs: Annotated[float, typer.Option(help="Passes over the data.")] = 3,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimizer steps, instead of epochs.")] = None,
    learning_rate: Annotated[float, typer.Option(help="Largest learning rate.")] = 2e-5,
    batch: Annotated[int, typer.Option(min=1, help="Samples of one step over all devices, by accumulation.")] = 32,
    per_device: Annotated[int, typer.Option(min=1, help="Samples that a device takes at once.")] = 1,
    warmup: Annotated[float, typer.Option(min=0, help="Share of the steps with a rising learning rate.")] = 0.1,
    schedule: Annotated[str, typer.Option(help="After that: linear, cosine or constant_with_warmup.")] = "linear",
    weight_decay: Annotated[float, typer.Option(min=0, help="Of AdamW.")] = 0.0,
    gradient_norm: Annotated[float, typer.Option(help="Gradients are clipped to it.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the order of samples, of adapters, of what is held out.")] = 42,
    held_out: Annotated[
        float, typer.Option(min=0, help="Share of each source to keep out and measure, such as 0.05.")
    ] = 0.0,
    context: Annotated[
        int | None, typer.Option(min=16, help="Most tokens of a sample; as many as needed if not given.")
    ] = None,
    on_long: Annotated[OnLongName, typer.Option(help="What happens to longer samples.")] = OnLongName.REFUSE,
    lora: Annotated[bool, typer.Option("--lora", help="Train a low-rank adapter instead of all weights.")] = False,
    lora_rank: Annotated[int, typer.Option(min=1, help="Rank of the adapter.")] = 16,
    lora_alpha: Annotated[int, typer.Option(min=1, help="Its scale is alpha / rank.")] = 32,
    lora_dropout: Annotated[float, typer.Option(min=0, help="Its dropout.")] = 0.0,
    packing: Annotated[bool, typer.Option("--packing", help="Several samples a row, by best fit.")] = False,
    liger: Annotated[bool, typer.Option("--liger", help="Liger kernels (NVIDIA and AMD GPUs).")] = False,
    compile_it: Annotated[bool, typer.Option("--compile", help="Use torch.compile.")] = False,
    attention: Annotated[
        str | None, typer.Option(help="Such as sdpa or flash_attention_2; chosen by what is installed.")
    ] = None,
    gradient_checkpointing: Annotated[
        bool | None, typer.Option(help="Compute activations twice to save memory; on GPUs if not given.")
    ] = None,
    precision: Annotated[PrecisionName, typer.Option(help="Arithmetic.")] = PrecisionName.AUTO,
    save_every: Annotated[int | None, typer.Option(min=1, help="Steps between checkpoints; ten a run.")] = None,
    evaluate_every: Annotated[
        int | None, typer.Option(min=1, help="Steps between measurements of what is held out.")
    ] = None,
    log_every: Annotated[int, typer.Option(min=1, help="Steps between lines of the log.")] = 1,
    log_to: Annotated[
        list[str] | None, typer.Option(help="Also to tensorboard, wandb or trackio; may be given more than once.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Count and estimate, then stop.")] = False,
    measure: Annotated[bool, typer.Option("--measure", help="With --plan: load the model and time a step.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do away with an earlier run in the folder.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")] = False,
) -> None:
    """Fine-tune a model; the defaults are the paper's. Interrupt it when you like: the same command goes on."""
    from coig_writer.train import check_installed

    check_installed()
    settings = _settings(
        form=form.value,
        system=system,
        epochs=epochs,
        steps=steps,
        learning_rate=learning_rate,
        batch=batch,
        per_device=per_device,
        warmup=warmup,
        schedule=schedule,
        weight_decay=weight_decay,
        gradient_norm=gradient_norm,
        seed=seed,
        held_out=held_out,
        context=context,
        on_long=on_long.value,
        lora={"rank": lora_rank, "alpha": lora_alpha, "dropout": lora_dropout} if lora else None,
        packing=packing,
        liger=liger,
        compile=compile_it,
        attention=attention,
        gradient_checkpointing=gradient_checkpointing,
        precision=precision.value,
        save_every=save_every,
        evaluate_every=evaluate_every,
        log_every=log_every,
        log_to=tuple(log_to or ()),
    )
    from coig_writer.train.folder import RunFolder
    from coig_writer.train.prepare import prepare
    from coig_writer.train.sft import train

    folder = RunFolder(out)
    if fresh and not plan and _main():
        folder.clear()
    prepared = prepare(data, model, out, settings, devices=_devices())
    if _main():
        _show_plan(prepared, as_json=as_json, only=plan, measure=measure)
    if plan:
        return
    done = train(prepared, folder, _tell)
    if _main():
        _show(done, as_json=as_json, lora=lora)


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")],
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace what an earlier export wrote there.")] = False,
) -> None:
    """Write a run's model as plain weights. Safetensors; an adapter is merged into its base."""
    from coig_writer.cli import console
    from coig_writer.train import check_installed

    check_installed()
    from coig_writer.train.export import export as export_run

    export_run(run, out, fresh=fresh)
    console.out.print(f"Written: {out}", soft_wrap=True)
    console.out.print(f"As GGUF: python llama.cpp/convert_hf_to_gguf.py {out} --outtype q8_0", soft_wrap=True)


def config(
    name: Annotated[str, typer.Argument(help="One of ddp, fsdp, zero2, zero3.")],
) -> None:
    """Print where a configuration for `accelerate launch` lies."""
    from coig_writer.train.launch import launch_config

    typer.echo(launch_config(name))


def _settings(**given: Any) -> TrainSettings:
    from pydantic import ValidationError

    from coig_writer.train.settings import TrainSettings

    try:
        return TrainSettings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = "--" + "-".join(part for part in first["loc"] if isinstance(part, str)).replace("_", "-")
        raise SettingError(first["msg"], where=name, remedy="See: coig-writer train sft --help.") from error


def _devices() -> int:
    """Processes that train together.

    Raises:
        SettingError: there are several GPUs and one process, which would use them badly.
    """
    import torch

    if "WORLD_SIZE" in os.environ:
        return int(os.environ["WORLD_SIZE"])
    if torch.cuda.device_count() > 1:
        raise SettingError(
            f"there are {torch.cuda.device_count()} GPUs, and one process",
            remedy='Run: accelerate launch --config_file "$(coig-writer train config ddp)" -m coig_writer train sft …, '
            "or choose one GPU with CUDA_VISIBLE_DEVICES=0.",
        )
    return 1


def _main() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _show_plan(prepared: Prepared, *, as_json: bool, only: bool, measure: bool) -> None:
    from coig_writer.cli import console
    from coig_writer.train.memory import advice, available_gib
    from coig_writer.train.prepare import shards

    speed = None
    if measure and only:
        from coig_writer.train.measure import measured

        speed = measured(prepared)
    if as_json and only:
        value = prepared.estimate.value | {"lengths": prepared.lengths.value, "context": prepared.context}
        value |= {"too_long": len(prepared.long), "injected_system": prepared.format.injected}
        console.print_json(
            value | ({"tokens_per_second": speed.tokens_per_second, "hours": speed.hours} if speed else {})
        )
        return
    say = console.out.print if only else console.err.print
    plan, lengths = prepared.estimate, prepared.lengths
    sources = ", ".join(f"{each['samples']:,} {source}" for source, each in prepared.counts.items())
    say(f"Samples: {sources}; {plan.tokens:,} tokens an epoch.", soft_wrap=True)
    say(
        f"Lengths: median {lengths.percentiles['p50']:,}, longest {lengths.longest:,} tokens; "
        f"context needed {lengths.needed:,}, used {prepared.context:,}.",
        soft_wrap=True,
    )
    for each in prepared.long[:LISTED]:
        say(f"  {each.done}: {each.where}, {each.tokens:,} tokens, {each.beyond:,} too many", soft_wrap=True)
    if len(prepared.long) > LISTED:
        say(f"  and {len(prepared.long) - LISTED:,} more; all are in long.jsonl")
    if prepared.settings.system is None and prepared.format.injected is not None:
        say(
            f"The chat template adds a system message: {prepared.format.injected!r}. Another: --system.", soft_wrap=True
        )
    packed = f", packed into {plan.rows:,} rows" if plan.rows < plan.samples else ""
    say(
        f"Steps: {plan.steps:,} of {plan.per_device} × {plan.devices} × {plan.accumulation} "
        f"(a device × devices × accumulated){packed}.",
        soft_wrap=True,
    )
    say(f"Parameters: {plan.trained:,} trained of {plan.parameters:,}.")
    need, there = plan.memory.total, available_gib()
    say(f"Memory of a device, by estimate: {need:.1f} GiB; {there:.1f} GiB are there.", soft_wrap=True)
    if need > there:
        for line in advice(
            prepared.shape,
            prepared.settings,
            plan,
            mixed=prepared.mixed,
            checkpointing=prepared.checkpointing,
            shards=shards(plan.devices),
        ):
            say(f"  {line}", soft_wrap=True)
    if speed:
        say(f"Measured: {speed.tokens_per_second:,.0f} tokens a second, so about {speed.hours:.2f} hours.")


def _tell(progress: Progress) -> None:
    from coig_writer.cli import console

    figures = "  ".join(
        f"{name.replace('_', ' ')} {value:.2e}" if name == "learning_rate" else f"{name.replace('_', ' ')} {value:.4f}"
        for name, value in progress.figures.items()
        if name in ("loss", "learning_rate") or name.startswith("held_out")
    )
    left = f"  about {_duration(progress.seconds_left)} left" if progress.seconds_left else ""
    console.err.print(f"step {progress.step:,}/{progress.steps:,}  {figures}{left}", soft_wrap=True)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _show(done: Trained, *, as_json: bool, lora: bool) -> None:
    import shlex

    from coig_writer.cli import console
    from coig_writer.report.training import write_loss_picture

    folder = done.folder
    try:
        write_loss_picture(folder.log, folder.path, name=folder.path.resolve().name)
    except SettingError as error:  # a cluster without a Chinese font has a model all the same
        console.err.print(f"No picture of the loss: {error}", soft_wrap=True)
    if as_json:
        console.print_json(
            {
                "model": str(folder.model),
                "steps": done.steps,
                "resumed": done.resumed,
                "first": done.first,
                "last": done.last,
                "seconds": done.seconds,
            }
        )
        return
    for name, before in done.first.items():
        console.out.print(f"{name.replace('_', ' ').capitalize()}: {before:.4f} before, {done.last[name]:.4f} after.")
    went_on = f", of which this command did {done.steps - done.resumed:,}" if done.resumed else ""
    console.out.print(f"Steps: {done.steps:,}{went_on}; {_duration(done.seconds)}.")
    console.out.print(f"Written: {folder.model}", soft_wrap=True)
    model = shlex.quote(str(folder.model))
    console.out.print(f"Next: coig-writer infer --model {model} --out answers.jsonl", soft_wrap=True)
    if lora:
        path = shlex.quote(str(folder.path))
        console.out.print(f"Merged: coig-writer train export {path} --out merged", soft_wrap=True)


app.command(
    "sft",
    epilog=example(
        "coig-writer train sft --data mixtures/cw-10k.jsonl --model Qwen/Qwen2.5-7B-Instruct --out runs/cw-10k"
    ),
)(sft)
app.command("export", epilog=example("coig-writer train export runs/cw-10k --out merged"))(export)
app.command("config", epilog=example("coig-writer train config fsdp"))(config)
