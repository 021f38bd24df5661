"""`coig-writer taxonomy`: the genres and what they ask."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from coig_writer.taxonomy import Genre


class Lang(StrEnum):
    EN = "en"
    ZH = "zh"


def taxonomy(
    category: str | None = typer.Option(None, help="Show one category only, by any of its names."),
    genre: str | None = typer.Option(None, help="Show one genre with its published lengths, by any of its names."),
    lang: Lang = typer.Option(Lang.EN, help="Language of the line that says what a genre asks of a writer."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON only."),
) -> None:
    """List the genres and what each asks of a writer. A star marks those that need a specialist to review."""
    from coig_writer.cli.console import out, print_json
    from coig_writer.taxonomy import categories, genres, resolve, resolve_category

    if genre:
        shown = [resolve(genre)]
    elif category:
        wanted = resolve_category(category).slug
        shown = [each for each in genres().values() if each.category == wanted]
    else:
        shown = list(genres().values())

    if as_json:
        print_json([_as_json(each) for each in shown])
        return
    for group in categories().values():
        members = [each for each in shown if each.category == group.slug]
        if members:
            out.print(_table(f"{group.name_en} {group.name_zh} ({group.slug})", members, lang), "")
    if genre:
        out.print(_lengths(shown[0]), "")
        out.print("Also called:", "、".join(shown[0].aliases))
    elif any(each.specialist for each in shown):
        out.print("* reviewing needs special cultural or stylistic knowledge")


def _as_json(genre: Genre) -> dict:
    from coig_writer.taxonomy import PARTS, published_range

    lengths = {part: asdict(published_range(genre.slug, part)) for part in PARTS}
    return {**asdict(genre), "published_lengths": lengths}


def _table(title: str, members: list[Genre], lang: Lang) -> Table:
    from coig_writer.cli.console import table

    made = table(title, "Genre", "Name", "What it asks of a writer")
    made.columns[0].width, made.columns[1].width = 23, 24
    for genre in members:
        slug = f"{genre.slug} *" if genre.specialist else genre.slug
        made.add_row(slug, f"{genre.name_zh}\n{genre.name_en}", genre.asks_zh if lang is Lang.ZH else genre.asks_en)
    return made


def _lengths(genre: Genre) -> Table:
    from coig_writer.cli.console import table
    from coig_writer.taxonomy import PARTS, published_range

    spans = {part: published_range(genre.slug, part) for part in PARTS}
    measured = spans["article"].of
    heading = "Published characters" if measured == genre.slug else f"Published characters ({measured})"
    made = table(None, heading, "Min", "Mean", "Max", right=("Min", "Mean", "Max"))
    for part, span in spans.items():
        made.add_row(part, f"{span.min:,}", f"{span.mean:,.0f}", f"{span.max:,}")
    return made
