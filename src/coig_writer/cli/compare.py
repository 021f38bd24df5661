"""`coig-writer compare`: models beside each other, by people's rankings and ratings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from coig_writer.evaluate.compare import Comparison
    from coig_writer.evaluate.votes import Unread

SHOWN_UNREAD = 10


def compare(
    *,
    rankings: list[Path] = typer.Option(
        ..., "--rankings", help="Rankings, pairs or ratings: JSON, JSON Lines, CSV or XLSX; may be repeated."
    ),
    responses: list[Path] = typer.Option([], help="Answers that were judged, for their lengths; may be repeated."),
    json_out: Path | None = typer.Option(None, "--json", help="File for all figures as JSON, for scripts."),
    save_dir: Path | None = typer.Option(
        None, "--save_dir", "--save-dir", help="Folder for report.html, tables.xlsx, compare.json, unread.jsonl."
    ),
    title: str | None = typer.Option(None, help="Name of the comparison on the page; the file's name if not given."),
    seed: int = typer.Option(0, min=0, help="Seed of the bootstraps; the same seed gives the same figures."),
    rounds: int = typer.Option(1000, min=100, help="Rounds of each bootstrap."),
) -> None:
    """Compare models by people's votes. Win rates with tests, Bradley–Terry scores, agreement, biases."""
    import shlex

    from coig_writer.cli.console import out as console
    from coig_writer.evaluate.compare import CompareSettings, comparison_json
    from coig_writer.evaluate.compare import compare as compare_votes
    from coig_writer.evaluate.read import read_votes
    from coig_writer.files import write_json
    from coig_writer.report.compare import write_comparison

    votes = read_votes(rankings, responses)
    found = compare_votes(votes, CompareSettings(rounds, seed))
    _warn_of_unread(votes.unread)
    if json_out:
        write_json(json_out, comparison_json(found))
    if save_dir:
        write_comparison(found, save_dir, title=title or rankings[0].stem, unread=votes.unread)
    for name, each in found.items():
        _show(name, each)
    if save_dir:
        console.print("Next: open", shlex.quote(str(save_dir / "report.html")), soft_wrap=True)


def _show(name: str, found: Comparison) -> None:
    from coig_writer.cli.console import out, table
    from coig_writer.report.compare_words import KINDS, statements

    sizes = (
        _counted(found.n, "ranking", "rankings"),
        _counted(found.prompts, "query", "queries"),
        _counted(found.raters, "rater", "raters"),
    )
    out.print(f"{name}: {sizes[0]} of {sizes[1]} by {sizes[2]}.", "")
    if not found.pairs:
        out.print("No two models were compared here.", "")
        return
    columns = (*found.models, "Score", "95 %")
    shown = table(None, "Row over column, %", *columns, right=columns)
    for row in found.models:
        rates = ["" if rate is None else f"{rate:.2f}" for rate in found.win_rate[row].values()]
        score = found.bradley_terry[row]
        reach = "none" if score.low is None or score.high is None else f"{score.low:+.2f}…{score.high:+.2f}"
        shown.add_row(row, *rates, f"{score.score:+.2f}", reach)
    out.print(shown, "")
    pairs = table(None, "Pair", "Wins", "Ties", "Of", "95 %", "p", "Holm", right=("Wins", "Ties", "Of", "p", "Holm"))
    for pair in found.pairs:
        counts = (f"{pair.wins:,}", f"{pair.ties:,}", f"{pair.n:,}", f"{pair.low:.1f}–{pair.high:.1f}")
        pairs.add_row(f"{pair.a} over {pair.b}", *counts, _chance(pair.p), _chance(pair.p_holm))
    out.print(pairs, "")
    for said in statements(found):
        out.print(f"[{KINDS[said.kind].en.lower()}] {said.words.en}", soft_wrap=True)
    out.print("")


def _counted(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def _chance(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "<.0001"


def _warn_of_unread(unread: list[Unread]) -> None:
    from coig_writer.cli.console import err

    if not unread:
        return
    err.print(f"Not used: {_counted(len(unread), 'row', 'rows')}.", style="bold")
    for each in unread[:SHOWN_UNREAD]:
        err.print(f"  {each.file}:{each.row}: {each.reason}", soft_wrap=True)
    if (more := len(unread) - SHOWN_UNREAD) > 0:
        err.print(f"  and {more:,} more")
