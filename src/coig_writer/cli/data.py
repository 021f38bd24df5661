"""`coig-writer data`: the queries and triplets that come along."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from coig_writer.schema import Query, Triplet


def data(
    name: Annotated[
        str | None, typer.Argument(help="One of benchmark:zh, benchmark:en, benchmark:all, starter, exemplars.")
    ] = None,
    genre: Annotated[str | None, typer.Option(help="Only this genre, by any of its names.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the records to this JSON Lines file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """List what comes along: benchmark queries and starter triplets.

    A set can be shown, printed or saved; all of it is CC BY 4.0.
    """
    from coig_writer.cli.console import out as console
    from coig_writer.cli.console import print_json, table
    from coig_writer.errors import InputError, SettingError
    from coig_writer.files import write_jsonl
    from coig_writer.packaged import DATA_SETS, load
    from coig_writer.taxonomy import resolve

    if name is None:
        if genre or out:
            raise SettingError("--genre and --out need the name of a set", remedy="Such as: coig-writer data starter.")
        counts = {each.name: len(load(each.name)) for each in DATA_SETS}
        if as_json:
            print_json([{"name": each.name, "records": counts[each.name], "holds": each.holds} for each in DATA_SETS])
            return
        made = table(None, "Name", "Records", "Holds", right=("Records",))
        for each in DATA_SETS:
            made.add_row(each.name, str(counts[each.name]), each.holds)
        console.print(made, "")
        console.print("To read one: coig-writer data starter --genre 对联", soft_wrap=True)
        return

    wanted = resolve(genre).slug if genre else None
    records = [record for record in load(name) if wanted in (None, record.genre)]
    if not records:
        raise InputError(f"{name} has nothing of the genre {wanted}", remedy="Leave --genre out to see all.")
    if out:
        count = write_jsonl(out, records)
        if not as_json:
            console.print(f"Written: {out} ({count} records)", soft_wrap=True)
    if as_json:
        print_json([record.model_dump(mode="json", exclude_defaults=True) for record in records])
    elif not out:
        for record in records:
            console.print(_readable(record), soft_wrap=True)


def _readable(record: Query | Triplet) -> str:
    from coig_writer.schema import Query

    if isinstance(record, Query):
        head = f"{record.id}  difficulty {record.difficulty}  {', '.join(record.challenges)}".rstrip()
        return "\n".join([head, record.query, *(f"  · {each}" for each in record.criteria), ""])
    article = record.article
    parts = [("Prompt", record.prompt), ("Reasoning", record.reasoning), ("Article", article.text)]
    return "\n".join([f"{article.title} ({record.genre}, {record.id})", *(f"\n{a}\n{b}" for a, b in parts), "\n"])
