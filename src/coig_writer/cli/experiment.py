"""`coig-writer experiment`: an ablation from one file to the curve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coig_writer.cli.example import example

if TYPE_CHECKING:
    from coig_writer.experiment.graph import State

app = typer.Typer(help="Run an ablation from one file, and draw its curves.", no_args_is_help=True)

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The experiment as TOML; docs/experiment.md has all.")]
Folder = Annotated[Path | None, typer.Option("--out", "-o", help="Its folder; beside the file if not given.")]


def new(
    template: Annotated[str, typer.Argument(help="One of small, ratio, sizes, bases, parallel.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="TOML file to write.")] = Path("experiment.toml"),
) -> None:
    """Write an experiment to start from. The paper's, or one of the questions that it leaves open."""
    from coig_writer.cli import console
    from coig_writer.experiment.templates import write_template

    write_template(template, out)
    console.out.print(f"Written: {out}", soft_wrap=True)
    console.out.print(f"Next: coig-writer experiment plan {out}", soft_wrap=True)


def plan(
    config: Config,
    out: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Show what an experiment would do and cost. Nothing runs."""
    from dataclasses import asdict

    from coig_writer.cli import console
    from coig_writer.experiment.cost import cost_of
    from coig_writer.experiment.settings import read_experiment

    experiment = read_experiment(config)
    found = cost_of(experiment, _folder(config, out), config.resolve().parent)
    if as_json:
        console.print_json(asdict(found) | {"hours": found.hours})
        return
    numbers = ("Creative", "General", "Tokens", "Steps", "Answers")
    table = console.table(None, "Model", *numbers, right=numbers)
    for each in found.cells:
        values = (each.creative, each.general, each.tokens, each.steps, each.answers)
        table.add_row(each.cell.name, *(f"{value:,}" for value in values))
    console.out.print(table, "")
    short = {
        each.cell.recipe: f"{each.general:,} of {each.wanted:,}" for each in found.cells if each.general < each.wanted
    }
    if short:
        told = ", ".join(f"{name} would have {counts}" for name, counts in short.items())
        console.out.print(f"Not enough general examples: {told}.", soft_wrap=True)
    console.out.print(
        f"Training: {len(found.cells)} models, {found.trained_tokens:,} tokens in all (estimated from characters)."
    )
    if found.hours is None:
        console.out.print(
            "Hours are known once one training is finished, or by: coig-writer train sft --plan --measure."
        )
    else:
        console.out.print(f"At the {found.measured:,.0f} tokens a second measured so far: {found.hours:.1f} hours.")
    console.out.print(f"Answers: {found.answers:,}, at most {found.answer_tokens:,} tokens.")
    if found.judge_calls:
        console.out.print(f"Judge: at most {found.judge_calls:,} calls.")


def run(
    config: Config,
    out: Folder = None,
    note: Annotated[str | None, typer.Option(help="Said under every figure, such as what the models are.")] = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Leave out the PNG and SVG files.")] = False,
) -> None:
    """Do all that is not done yet, then the report. Interrupt it when you like: the same command goes on."""
    from coig_writer.cli import console
    from coig_writer.experiment.pools import check_general
    from coig_writer.experiment.settings import read_experiment
    from coig_writer.experiment.steps import check_judge, graph_of

    experiment = read_experiment(config)
    check_general(experiment, config.resolve().parent)
    check_judge(experiment, config.resolve().parent)
    folder = _folder(config, out)
    graph = graph_of(experiment, folder, config.resolve().parent)

    def show(state: State) -> None:
        took = f"  {state.seconds:,.0f} s" if state.seconds is not None else ""
        word = "running" if state.status == "open" else state.status.value
        console.err.print(f"{word:8} {state.step.id}{took}", soft_wrap=True)

    graph.run(show)
    report(config, out, note, no_figures)


def status(config: Config, out: Folder = None) -> None:
    """Show where every step stands, and where its words are."""
    from coig_writer.cli import console
    from coig_writer.experiment.settings import read_experiment
    from coig_writer.experiment.steps import graph_of

    folder = _folder(config, out)
    graph = graph_of(read_experiment(config), folder, config.resolve().parent)
    table = console.table(None, "Step", "Status", "Seconds", right=("Seconds",))
    states = graph.states()
    for state in states:
        table.add_row(state.step.id, state.status.value, f"{state.seconds:,.0f}" if state.seconds is not None else "")
    console.out.print(table)
    for state in states:
        if state.status == "failed":
            console.out.print(f"{state.step.id}: {graph.words_of(state.step)}", soft_wrap=True)
    console.out.print(f"Logs: {folder / 'logs'}", soft_wrap=True)


def report(
    config: Config,
    out: Folder = None,
    note: Annotated[str | None, typer.Option(help="Said under every figure, such as what the models are.")] = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Leave out the PNG and SVG files.")] = False,
) -> None:
    """Draw each metric over the ratio. Finds thresholds with their uncertainty, and writes tables."""
    import shlex

    from coig_writer.cli import console
    from coig_writer.experiment.results import collect
    from coig_writer.experiment.settings import read_experiment
    from coig_writer.report.experiment import metric_label, number, statement, write_experiment

    experiment = read_experiment(config)
    folder = _folder(config, out)
    curves = collect(experiment, folder, config.resolve().parent)
    write_experiment(curves, folder / "report", title=experiment.name, note=note, figures=not no_figures)
    numbers = ("Ratio", "Mean", "95 %", "Queries")
    for curve in curves:
        label = metric_label(curve.metric).en
        title = f"{label}: {curve.base}, {curve.pool}, queries in {curve.language}"
        table = console.table(title, "Set", *numbers, right=numbers)
        for name, point in zip(curve.names, curve.points, strict=True):
            interval = f"{number(point.low)}–{number(point.high)}"
            table.add_row(name, f"1:{number(point.dose)}", number(point.mean), interval, f"{point.n:,}")
        if alone := curve.alone:
            interval = f"{number(alone.low)}–{number(alone.high)}"
            table.add_row("g", "0:1", number(alone.mean), interval, f"{alone.n:,}")
        console.out.print(table)
        console.out.print(statement(curve).en, "", soft_wrap=True)
    console.out.print("Next: open", shlex.quote(str(folder / "report" / "report.html")), soft_wrap=True)


def _folder(config: Path, out: Path | None) -> Path:
    return (out or config.with_suffix("")).resolve()


app.command("new", epilog=example("coig-writer experiment new ratio --out ratio.toml"))(new)
app.command("plan", epilog=example("coig-writer experiment plan ratio.toml"))(plan)
app.command("run", epilog=example("coig-writer experiment run ratio.toml"))(run)
app.command("status", epilog=example("coig-writer experiment status ratio.toml"))(status)
app.command("report", epilog=example("coig-writer experiment report ratio.toml"))(report)
