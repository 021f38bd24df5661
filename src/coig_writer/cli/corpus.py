"""`coig-writer corpus`: raw texts in, candidates out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from coig_writer.cli.example import example

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID
    from rich.table import Table

    from coig_writer.corpus.build import Build
    from coig_writer.corpus.summary import Summary

app = typer.Typer(help="Turn raw texts into clean, dated, de-duplicated candidates.", no_args_is_help=True)


@app.callback()
def _corpus() -> None: ...


@app.command(epilog=example("coig-writer corpus build texts/ more.jsonl.gz --out corpus --map text=帖子"))
def build(
    sources: list[Path] = typer.Argument(
        ...,
        metavar="SOURCE",
        help="Files or folders: JSON Lines, JSON, CSV, Parquet, .txt, .md, .html, plain or .gz, .zst.",
    ),
    out: Path = typer.Option(..., "--out", metavar="DIR", help="Folder for candidates, rejected texts and summary."),
    config: Path | None = typer.Option(None, metavar="FILE.toml", help="Settings; the options below win over it."),
    columns: list[str] = typer.Option(
        [], "--map", metavar="OURS=THEIRS", help="Which column of the source is which of ours. Repeat as needed."
    ),
    published_after: str | None = typer.Option(
        None, metavar="DATE", help="Keep texts published after this day; 2022-10-31 by default."
    ),
    allow_undated: bool | None = typer.Option(
        None, "--allow-undated/--refuse-undated", help="Keep texts without a date.", show_default=False
    ),
    language: str | None = typer.Option(
        None, metavar="CODE", help="Language to keep, such as zh, or any; zh by default."
    ),
    script: str | None = typer.Option(
        None, metavar="keep|hans|hant", help="Convert Chinese to one script, or keep it (default)."
    ),
    personal_data: str | None = typer.Option(
        None, metavar="mask|flag|reject", help="What to do with personal data; mask by default."
    ),
    min_engagement: float | None = typer.Option(
        None, "--min-engagement-percentile", metavar="0–1", help="Least engagement within the platform; any by default."
    ),
    ray: str | None = typer.Option(
        None, metavar="ADDRESS", help="Run on a Ray cluster, or `local` for one started here."
    ),
    force: bool = typer.Option(False, "--force", help="Build again even if nothing has changed."),
    strict: bool = typer.Option(
        True, "--strict/--no-strict", help="Leave with an error, after writing, if some input could not be read."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as JSON only."),
) -> None:
    """Read texts, clean and judge them, and keep the good ones once each."""
    from coig_writer.cli.console import print_json
    from coig_writer.corpus import build as room
    from coig_writer.corpus.settings import load_settings, parse_columns

    settings = load_settings(config).changed(
        map=parse_columns(columns),
        published_after=published_after,
        allow_undated=allow_undated,
        language=language,
        script=script,
        personal_data=personal_data,
        min_engagement_percentile=min_engagement,
    )
    with _progress() as report:
        done = room.build(sources, out, settings, ray=ray, force=force, report=report)
    if as_json:
        print_json(done.summary.model_dump(mode="json"))
    else:
        _show(done)
    if strict:
        room.check_readable(done)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """One line on standard error for each stage, with what is done of it."""
    from coig_writer.cli.console import progress

    with progress(transient=True) as shown:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                for earlier in tasks.values():
                    shown.stop_task(earlier)
                tasks[stage] = shown.add_task(stage.capitalize(), total=total, note="")
            shown.update(tasks[stage], completed=done, total=total)

        yield report


def _show(done: Build) -> None:
    from shlex import quote

    from coig_writer.cli.console import err, out

    summary = done.summary
    if done.unchanged:
        out.print(f"Nothing to do: sources, settings and software are those of the build in {done.folder}.")
    out.print(_funnel(summary))
    if summary.masked:
        what = "masked" if summary.settings["personal_data"] == "mask" else "flagged"
        out.print(f"Personal data was {what} in {summary.masked:,} of the texts kept.")
    if "undated" in summary.rejected:
        out.print(
            "To keep undated texts: --allow-undated, or date them (a column, or a line such as 日期：2024-05-01)."
        )
    if summary.passed_over:
        out.print(
            f"Passed over, and listed in summary.json: {len(summary.passed_over):,} files or folders.",
        )
    if summary.unreadable:
        _show_unreadable(done, err)
    if summary.kept:
        out.print(
            f"Next: coig-writer annotate run {quote(str(done.folder))} --out drafts.jsonl --model embedded",
            soft_wrap=True,
        )
    else:
        out.print(
            f"Nothing was kept; {done.folder / 'rejected.parquet'} says why, text by text.",
            soft_wrap=True,
        )


def _funnel(summary: Summary) -> Table:
    from coig_writer.cli.console import table
    from coig_writer.corpus.reasons import REASONS

    shown = table(None, "Stage", "Texts", "Reason", "Meaning", right=("Texts",))
    shown.add_row("read", f"{summary.read:,}")
    for reason, count in summary.rejected.items():
        stage, meaning = REASONS[reason]
        shown.add_row(stage, f"−{count:,}", reason, meaning)
    shown.add_row("kept", f"{summary.kept:,}", style="bold")
    return shown


def _show_unreadable(done: Build, err: Console) -> None:
    """The first few of what could not be read, loudly."""
    from itertools import islice

    from coig_writer.corpus.candidates import REJECTED, unreadable_rows

    total = sum(done.summary.unreadable.values())
    err.print(f"{total:,} rows or files could not be read", style="bold red")
    for row in islice(unreadable_rows(done.folder / REJECTED), 5):
        err.print(f"  {row['source']}: {row['detail'][:150]}", soft_wrap=True)
    if total > 5:
        err.print(f"  and {total - 5:,} more in rejected.parquet")
