"""The steps of an experiment: mixtures, then a training and answers for each cell, then the figures of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from coig_writer.experiment.graph import PYTHON, Graph, Step
from coig_writer.experiment.pools import write_pools
from coig_writer.experiment.settings import Cell, Experiment, located

STATISTICS = "statistics"
RANKINGS = "rankings.jsonl"


def graph_of(experiment: Experiment, folder: Path, beside: Path) -> Graph:
    """The graph of an experiment whose TOML file lies in `beside`; writes the pools, which name its inputs.

    Raises:
        InputError: the triplets cannot be read, or there are too few.
    """
    pools = write_pools(experiment, folder / "pools", beside)
    return Graph(folder, list(_steps(experiment, folder, beside, pools)))


def _steps(experiment: Experiment, folder: Path, beside: Path, pools: Mapping[str, Path]) -> Iterator[Step]:
    cells = experiment.cells()
    for cell in {(cell.pool, cell.seed): cell for cell in cells}.values():
        yield _mix(experiment, cell, pools[cell.pool], beside)
    for cell in cells:
        yield _train(experiment, cell, beside)
        if "lora" in experiment.train:
            yield _export(cell)
        yield _infer(experiment, cell, beside)
    answers = tuple(f"answers/{cell.name}.jsonl" for cell in cells)
    needs = tuple(f"infer.{cell.name}" for cell in cells)
    given = tuple(word for path in answers for word in ("--responses", path))
    yield Step(
        id="textstats",
        words=("textstats", *given, "--save_dir", STATISTICS, "--no-figures"),
        makes=(f"{STATISTICS}/answers.jsonl",),
        needs=needs,
        clears=(),
    )
    if judge := experiment.evaluate.judge:
        words = ("judge", "pairwise", *given, "--model", located(judge, beside), "--out", RANKINGS)
        reference = located(experiment.infer.input, beside)
        yield Step("judge", (*words, "--reference", reference), makes=(RANKINGS,), needs=needs)


def mixture_folder(cell: Cell) -> str:
    """Where the mixtures of a cell's pool and seed lie."""
    return f"mixtures/{cell.pool}.s{cell.seed}"


def model_folder(experiment: Experiment, cell: Cell) -> str:
    """Where a cell's model lies; its answers call it by this name."""
    return f"merged/{cell.name}" if "lora" in experiment.train else f"runs/{cell.name}/model"


def _mix(experiment: Experiment, cell: Cell, pool: Path, beside: Path) -> Step:
    data = experiment.data
    general = [located(name, beside) for name in data.general]
    words = ["dataset", "mix", "--creative", str(pool.resolve()), "--seed", str(cell.seed)]
    for path in general:
        words += ["--general", path]
    for count in data.counts:
        words += ["--general-count", str(count)]
    if data.alone:
        words += ["--general-only", str(data.alone)]
    queries = located(experiment.infer.input, beside)
    if Path(queries).is_file() and queries.endswith(".jsonl"):
        words += ["--benchmark", queries]
    out = mixture_folder(cell)
    return Step(
        id=f"mix.{cell.pool}.s{cell.seed}",
        words=(*words, "--out", out),
        makes=(f"{out}/manifest.json",),
        reads=(str(pool), *general),
        clears=(),
    )


def _train(experiment: Experiment, cell: Cell, beside: Path) -> Step:
    out = f"runs/{cell.name}"
    words = ["train", "sft", "--data", f"{mixture_folder(cell)}/{cell.recipe}.jsonl"]
    words += ["--model", located(cell.base, beside), "--out", out, "--seed", str(cell.seed)]
    return Step(
        id=f"train.{cell.name}",
        words=(*words, *_options(experiment.train)),
        makes=(f"{out}/model",),
        needs=(f"mix.{cell.pool}.s{cell.seed}",),
        launch=experiment.launch or PYTHON,
    )


def _export(cell: Cell) -> Step:
    out = f"merged/{cell.name}"
    words = ("train", "export", f"runs/{cell.name}", "--out", out)
    return Step(id=f"export.{cell.name}", words=words, makes=(out,), needs=(f"train.{cell.name}",))


def _options(settings: Mapping[str, Any]) -> Iterator[str]:
    """Settings of a training as the command line has them."""
    for name, value in settings.items():
        option = f"--{name.replace('_', '-')}"
        if name == "lora":
            yield "--lora"
            for part, number in value.items():
                yield from (f"--lora-{part}", str(number))
        elif isinstance(value, bool):
            if value or name == "gradient_checkpointing":  # the others are off unless they are named
                yield option if value else f"--no-{name.replace('_', '-')}"
        elif isinstance(value, list | tuple):
            for each in value:
                yield from (option, str(each))
        else:
            yield from (option, str(value))


def _infer(experiment: Experiment, cell: Cell, beside: Path) -> Step:
    asked = experiment.infer
    out = f"answers/{cell.name}.jsonl"
    words = ["infer", "--model", model_folder(experiment, cell), "--input", located(asked.input, beside), "--out", out]
    for name, value in asked.model_dump(exclude={"input"}, exclude_none=True).items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    needs = f"export.{cell.name}" if "lora" in experiment.train else f"train.{cell.name}"
    return Step(id=f"infer.{cell.name}", words=tuple(words), makes=(out,), needs=(needs,))
