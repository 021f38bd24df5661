"""`coig-writer report`: tables and figures for print."""

from __future__ import annotations

from pathlib import Path

import typer

from coig_writer.cli.example import example

app = typer.Typer(help="Make tables and figures for a paper.", no_args_is_help=True)


@app.callback()
def _room() -> None: ...


@app.command(
    epilog=example("coig-writer report paper --rankings r.json --responses cw.jsonl --responses g.jsonl -o out")
)
def paper(
    *,
    rankings: list[str] = typer.Option(
        [], "--rankings", help="Rankings, pairs or ratings; `published` for made ones with the published counts."
    ),
    responses: list[Path] = typer.Option([], "--responses", help="Answers; may be repeated."),
    out: Path = typer.Option(..., "--out", "-o", help="Folder for tables and figures."),
    tokenizer: str | None = typer.Option(
        None, help="A tokenizer.json, a folder with one, a GGUF file, a model on the Hub, or embedded."
    ),
    rounds: int = typer.Option(1000, min=100, help="Rounds of each bootstrap."),
    seed: int = typer.Option(0, min=0, help="Seed of the bootstraps."),
    no_figures: bool = typer.Option(False, "--no-figures", help="Leave out the PNG, SVG and PDF files."),
) -> None:
    """Print the paper's tables and figures for any models.

    Tables 2, 3 and 4 and Figures 4, 5, 7 and 8, in the paper's layout. Tables come as Markdown, LaTeX and XLSX, with
    our tests and intervals beside them.
    """
    import shlex

    from coig_writer.cli.console import out as console
    from coig_writer.errors import SettingError
    from coig_writer.evaluate.compare import CompareSettings, compare
    from coig_writer.evaluate.read import read_votes
    from coig_writer.evaluate.responses import in_order_of_models, read_responses
    from coig_writer.evaluate.synthetic import published_votes
    from coig_writer.evaluate.textstats.run import text_statistics
    from coig_writer.evaluate.textstats.tokens import choose_tokenizer
    from coig_writer.report.paper import as_markdown, is_synthetic, paper_tables, write_paper

    if not rankings and not responses:
        raise SettingError("nothing to report on", remedy="Give --rankings, --responses or both.")
    votes = None
    if rankings == ["published"]:
        votes = published_votes()
    elif rankings:
        votes = read_votes([Path(name) for name in rankings], responses)
    comparison = compare(votes, CompareSettings(rounds, seed)) if votes else None
    statistics = (
        text_statistics(in_order_of_models(read_responses(responses)), tokenizer=choose_tokenizer(tokenizer))
        if responses
        else None
    )
    synthetic = bool(votes and is_synthetic(votes))
    write_paper(out, comparison, statistics, synthetic=synthetic, figures=not no_figures)
    console.print(as_markdown(paper_tables(comparison, statistics, synthetic)), soft_wrap=True)
    console.print("Tables and figures:", shlex.quote(str(out)), soft_wrap=True)
