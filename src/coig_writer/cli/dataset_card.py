"""`coig-writer dataset card` and `dataset retract`: what a release says of itself, and taking things out of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer


def card(
    data: Path = typer.Argument(..., metavar="DATA", help="Folder of a release, or a file of triplets."),
    *,
    out: Path | None = typer.Option(None, "--out", "-o", help="Folder for README.md and DATASHEET.md; else printed."),
    title: str | None = typer.Option(None, help="Name of the dataset; that of the release or file if not given."),
    licence: str | None = typer.Option(None, "--licence", help="Licence of the set as a whole, such as cc-by-4.0."),
    check: bool = typer.Option(
        False, "--check", help="Have mlcroissant validate the Croissant metadata of a release folder."
    ),
) -> None:
    """Write the dataset card and data sheet of a release or of any set. Answered from the data; nobody is named."""
    from coig_writer.cli.console import out as console
    from coig_writer.dataset.card import render_card
    from coig_writer.dataset.croissant import validate
    from coig_writer.dataset.datasheet import render_datasheet
    from coig_writer.dataset.existing import read_any
    from coig_writer.errors import SettingError
    from coig_writer.files import write_text

    if out and data.is_dir() and out.resolve() == data.resolve():
        raise SettingError(
            "the card of a release is part of it, and its hash stands in the manifest",
            where=str(out),
            remedy="Give another --out; or build the release again with --title and --licence.",
        )
    release = read_any(data, title=title, licence=licence)
    if out:
        write_text(out / "README.md", render_card(release))
        write_text(out / "DATASHEET.md", render_datasheet(release))
    else:
        typer.echo(render_card(release), nl=False)
    if check:
        for warning in validate(data / "croissant.json"):
            console.print(f"Croissant: {warning}", soft_wrap=True)
        console.print("Croissant metadata: valid.")


def retract(
    release: Path = typer.Argument(..., metavar="RELEASE", help="Folder of a release."),
    *,
    id_: list[str] = typer.Option([], "--id", help="Id of a triplet or of its article; may be given more than once."),
    url: list[str] = typer.Option([], "--url", help="Address of an article; may be given more than once."),
    reason: str = typer.Option(..., help="Why, for everybody to read."),
    in_advance: bool = typer.Option(
        False, "--in-advance", help="Keep a tombstone also for what is not in this release, for later builds."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON only."),
) -> None:
    """Take something down. It goes from every file of a release; a tombstone keeps it out of later builds."""
    import shlex

    from coig_writer.cli.console import err, out, print_json
    from coig_writer.dataset.retract import retract as take_down
    from coig_writer.report.release import render_report

    summary = take_down(release, ids=id_, urls=url, reason=reason, report=render_report, in_advance=in_advance)
    if as_json:
        print_json(asdict(summary))
        return
    out.print(f"Taken down: {len(summary.removed):,}; {summary.left:,} triplets remain.")
    for name in summary.unmatched:
        err.print(f"Nothing here has this id or address; a tombstone is kept for later builds: {name}", soft_wrap=True)
    for folder in summary.still_in:
        out.print("Still in, so build it again or take it down there too:", shlex.quote(str(folder)), soft_wrap=True)
    out.print("Mixtures, splits and copies that lie elsewhere still hold it: build them again.", soft_wrap=True)
