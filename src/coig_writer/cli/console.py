"""What every command shares: where output goes and how errors, tables and progress look."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from coig_writer.errors import CoigError

if TYPE_CHECKING:
    from coig_writer.llm import batch

out = Console(markup=False, highlight=False)
"""Results. Square brackets are text: paths, titles and messages may hold some."""
err = Console(stderr=True, markup=False, highlight=False)
"""Progress, warnings and errors, so that standard output stays clean for pipes."""


def print_error(error: CoigError) -> None:
    """Prints what is wrong, where, and what to do."""
    err.print(Text.assemble(("Error", "bold red"), ": ", error.message), soft_wrap=True)
    if error.where:
        err.print(f"  where: {error.where}", soft_wrap=True)
    if error.remedy:
        err.print(f"  what to do: {error.remedy}", soft_wrap=True)


def print_json(value: Any) -> None:
    """Prints one JSON document and nothing else on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def table(title: str | None, *columns: str, right: tuple[str, ...] = ()) -> Table:
    """An empty table in the house style; columns named in `right` hold numbers."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", title_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def progress(transient: bool = False) -> Progress:
    """A progress display on standard error with rate and remaining time."""
    return Progress(
        SpinnerColumn(),
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=err,
        transient=transient,
        speed_estimate_period=300,  # a slow model takes minutes for a row
    )


@contextmanager
def call_progress(description: str) -> Iterator[Callable[[batch.Progress], None]]:
    """A progress display for `llm.batch.run_map`: pass what this yields as its `progress`."""
    with progress() as display:
        task = display.add_task(description, total=None, note="")
        replayed = True

        def show(report: batch.Progress) -> None:
            nonlocal replayed
            if replayed and report.so_far.calls:  # rows from the ledger say nothing about the speed to come
                replayed = False
                display.reset(task, completed=report.so_far.rows)
            display.update(task, total=report.total, completed=report.so_far.rows, note=_call_note(report))

        yield show


def _call_note(report: batch.Progress) -> str:
    if report.stopping:
        return f"stopping: {report.in_flight} calls on their way (Ctrl-C again drops them)"
    so_far = report.so_far
    parts = [f"{so_far.calls / so_far.seconds:.1f} calls/s", f"{so_far.completion_tokens / so_far.seconds:,.0f} tok/s"]
    if so_far.cached_share is not None:
        parts.append(f"{so_far.cached_share:.0%} cached")
    if so_far.failed:
        parts.append(f"{so_far.failed:,} failed")
    return " · ".join(parts)
