"""The command line: one Typer app, one thin module per room.

Rooms import heavy libraries (Daft, numba, aiohttp), so the modules here import them inside the
commands; `coig-writer --help` answers without loading any.
"""

from __future__ import annotations

import sys

import typer

from coig_writer import __version__
from coig_writer.cli import (
    annotate,
    compare,
    corpus,
    data,
    dataset,
    demo,
    eval,
    experiment,
    infer,
    judge,
    models,
    report,
    studio,
    taxonomy,
    textstats,
    train,
)
from coig_writer.cli.example import example
from coig_writer.errors import CoigError

app = typer.Typer(
    name="coig-writer",
    help="Build, check and release creative-writing triplets (prompt, reasoning, article) from your own texts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # in 80 columns its tables cut the names of options
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.add_typer(corpus.app, name="corpus")
app.add_typer(annotate.app, name="annotate")
app.add_typer(dataset.app, name="dataset")
app.add_typer(train.app, name="train")
app.add_typer(infer.app, name="infer")
app.command("eval", epilog=example(eval.EXAMPLE))(eval.evaluate)
app.add_typer(judge.app, name="judge")
app.add_typer(report.app, name="report")
app.add_typer(experiment.app, name="experiment")
app.add_typer(models.app, name="models")
app.command("compare", epilog=example("coig-writer compare --rankings rankings.json --save_dir comparison"))(
    compare.compare
)
app.command("textstats", epilog=example("coig-writer textstats --responses results/pred.jsonl --json stats.json"))(
    textstats.textstats
)
app.add_typer(studio.app, name="studio")
app.command("taxonomy", epilog=example("coig-writer taxonomy --genre 武侠"))(taxonomy.taxonomy)
app.command("data", epilog=example("coig-writer data benchmark:zh --genre 武侠"))(data.data)
app.command("demo", epilog=example("coig-writer demo --workspace my-demo"))(demo.demo)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"coig-writer {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", help="Show the version.", callback=_version, is_eager=True),
) -> None: ...


def main() -> None:
    """Runs the command line; a `CoigError` becomes three plain lines on standard error."""
    try:
        app(prog_name="coig-writer")  # also when it runs as `python -m coig_writer`
    except CoigError as error:
        from coig_writer.cli.console import print_error

        print_error(error)
        sys.exit(error.exit_code)
