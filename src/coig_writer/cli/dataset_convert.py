"""`coig-writer dataset convert` and `push`: any form in, any form out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

SHOWN = 10


class To(StrEnum):
    """The forms, see `coig_writer.dataset.formats`."""

    TRIPLET = "triplet"
    PUBLISHED = "published"
    EARLIER = "earlier"
    PLAIN = "plain"
    MESSAGES = "messages"
    SHAREGPT = "sharegpt"
    ALPACA = "alpaca"
    TRL = "trl"


def convert(
    source: str = typer.Argument(..., metavar="IN", help="A file, a release folder, or hf:OWNER/NAME on the Hub."),
    out: Path = typer.Argument(..., metavar="OUT", help="A file named .jsonl, .json, .parquet, .csv or .xlsx."),
    *,
    to: To = typer.Option(To.PUBLISHED, help="Form of the records."),
    genre: str | None = typer.Option(None, help="Genre of records that name none."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON only."),
) -> None:
    """Write triplets in another form. JSON Lines, JSON, Parquet, CSV and XLSX, in any known shape.

    What cannot be read is listed beside OUT, in OUT's name with .rejects.jsonl, with file, row and field; the command
    then ends with code 1, and all that could be read is written.
    """
    from coig_writer.cli.console import err, print_json, progress
    from coig_writer.dataset.convert import convert as run
    from coig_writer.dataset.sets import data_file, source_files

    files = [data_file(path) for path in source_files(source)]
    with progress(transient=True) as display:
        task = display.add_task("Converting", total=None, note="")
        done = run(files, out, to, genre=genre, progress=lambda number: display.update(task, completed=number))
    told = {"out": done.out, "written": done.written, "unread": done.unread, "lost_fields": done.lost}
    if as_json:
        print_json({**told, "rejects": done.rejects})
    else:
        from coig_writer.cli.console import out as console

        console.print(f"Triplets written to {done.out}: {done.written:,}", soft_wrap=True)
    for each in done.first[:SHOWN]:
        err.print(f"  {'not read' if each.whole else 'not kept'}: {each}", soft_wrap=True)
    if done.rejects:
        err.print(
            f"Records not read: {done.unread:,}; fields not kept: {done.lost:,}. All: {done.rejects}", soft_wrap=True
        )
    if done.unread:
        err.print("What to do: mend them and convert again; docs/formats.md shows the records that can be read.")
        raise typer.Exit(1)


def push(
    source: Path = typer.Argument(..., metavar="DATA", help="Release folder, or one file."),
    repo: str = typer.Argument(..., metavar="OWNER/NAME", help="Data set on the Hub; made if there is none."),
    *,
    public: bool = typer.Option(False, "--public", help="Let everybody see a data set that is made now."),
    message: str | None = typer.Option(None, help="Message of the commit."),
) -> None:
    """Put a release on the Hugging Face Hub, in one commit. Its card becomes the data set's page."""
    from coig_writer.cli.console import out as console
    from coig_writer.dataset.hub import push as run

    console.print(run(source, repo, public=public, message=message), soft_wrap=True)
