"""The steps of an experiment: mixtures, then a training and answers for each cell, then the figures of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coig_writer.experiment.graph import PYTHON, Graph, Step
from coig_writer.experiment.pools import write_pools
from coig_writer.experiment.settings import Cell, Experiment, located
from coig_writer.files import write_text
from coig_writer.infer.models import model_names
from coig_writer.llm.registry import resolve

STATISTICS = "statistics"
RANKINGS = "rankings"


def graph_of(experiment: Experiment, folder: Path, beside: Path) -> Graph:
    """The graph of an experiment whose TOML file lies in `beside`; writes the pools, which name its inputs.

    Raises:
        InputError: the triplets cannot be read, or there are too few.
    """
    pools = write_pools(experiment, folder / "pools", beside)
    _carry_registry(folder, beside)
    return Graph(folder, list(_steps(experiment, folder, beside, pools)))


def check_judge(experiment: Experiment, beside: Path) -> None:
    """Raises SettingError when there is no such judge, which would come to light only after the last training."""
    judge = experiment.evaluate.judge
    if judge and judge not in model_names() and ":" not in judge and not Path(located(judge, beside)).exists():
        resolve(judge, beside)


def _carry_registry(folder: Path, beside: Path) -> None:
    """Puts the TOML file's `models.toml` where the steps run, for names of models count from there."""
    source, target = beside / "models.toml", folder / "models.toml"
    if source.is_file():
        text = source.read_text(encoding="utf-8")
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            write_text(target, text)
    else:
        target.unlink(missing_ok=True)


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
    for group in groups_of(experiment):
        yield _judge(experiment, group, beside)


def groups_of(experiment: Experiment) -> list[list[Cell]]:
    """The cells that a judge compares with each other: of one base, pool and seed. None without a judge."""
    groups: dict[tuple[str, str, int], list[Cell]] = {}
    if experiment.evaluate.judge:
        for cell in experiment.cells():
            groups.setdefault((cell.base, cell.pool, cell.seed), []).append(cell)
    return [group for group in groups.values() if len(group) > 1]


def rankings_of(group: Sequence[Cell]) -> str:
    """Where the judge's comparisons of a group lie."""
    return f"{RANKINGS}/{group[0].name.removesuffix(f'.{group[0].recipe}')}.jsonl"


def _judge(experiment: Experiment, group: Sequence[Cell], beside: Path) -> Step:
    """Only what a win rate is made of: comparisons with the set without triplets, or all where there is none."""
    assert experiment.evaluate.judge is not None
    out, queries = rankings_of(group), located(experiment.infer.input, beside)
    words = ["judge", "pairwise", "--model", located(experiment.evaluate.judge, beside), "--reference", queries]
    for cell in group:
        words += ["--responses", f"answers/{cell.name}.jsonl"]
        if cell.general is None:
            words += ["--against", model_folder(experiment, cell)]
    return Step(
        id=f"judge.{Path(out).stem}",
        words=(*words, "--out", out),
        makes=(out,),
        needs=tuple(f"infer.{cell.name}" for cell in group),
        reads=(queries,),
    )


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
        reads=(str(pool), *general, queries),
        clears=(),
    )


def _train(experiment: Experiment, cell: Cell, beside: Path) -> Step:
    out = f"runs/{cell.name}"
    words = ["train", "sft", "--data", f"{mixture_folder(cell)}/{cell.recipe}.jsonl"]
    words += ["--model", located(cell.base, beside), "--out", out, "--seed", str(cell.seed)]
    return Step(
        id=f"train.{cell.name}",
        words=(*words, *options_of(experiment.train)),
        makes=(f"{out}/model",),
        needs=(f"mix.{cell.pool}.s{cell.seed}",),
        begins=f"{out}/run.json",
        launch=experiment.launch or PYTHON,
    )


def _export(cell: Cell) -> Step:
    out = f"merged/{cell.name}"
    words = ("train", "export", f"runs/{cell.name}", "--out", out)
    return Step(id=f"export.{cell.name}", words=words, makes=(out,), needs=(f"train.{cell.name}",))


def options_of(settings: Mapping[str, Any]) -> Iterator[str]:
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
    queries = located(asked.input, beside)
    words = ["infer", "--model", model_folder(experiment, cell), "--input", queries, "--out", out]
    for name, value in asked.model_dump(exclude={"input"}, exclude_none=True).items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    needs = f"export.{cell.name}" if "lora" in experiment.train else f"train.{cell.name}"
    return Step(id=f"infer.{cell.name}", words=tuple(words), makes=(out,), needs=(needs,), reads=(queries,))
