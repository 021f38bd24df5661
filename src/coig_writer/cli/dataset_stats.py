"""`coig-writer dataset stats` and `dataset audit`: what a set consists of, and what is wrong with it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from coig_writer.dataset.audit import Audit
    from coig_writer.dataset.compare import Contradiction
    from coig_writer.dataset.counts import Group
    from coig_writer.dataset.sets import TripletSet
    from coig_writer.dataset.statistics import Statistics

SHOWN_REJECTS = 10
LONGEST_NAME = 30
"""Letters of a genre's name up to which it stands on one line."""


class Yardstick(StrEnum):
    """What a set can be compared with."""

    PAPER = "paper"


def stats(
    data: list[Path] = typer.Argument(..., metavar="DATA", help="Files of triplets, or folders of releases."),
    *,
    out: Path | None = typer.Option(None, "--out", "-o", help="Folder for statistics.html, statistics.json, figures."),
    compare: Yardstick | None = typer.Option(None, help="Set each figure beside the published one."),
    title: str | None = typer.Option(None, help="Name of the set on the page; the file's name if not given."),
    no_figures: bool = typer.Option(False, "--no-figures", help="Leave out the PNG and SVG files."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON only."),
) -> None:
    """Count a set by genre and category. Lengths, scores, reviews, people's share, sources; figures and a page."""
    from coig_writer.cli.console import out as console
    from coig_writer.cli.console import print_json
    from coig_writer.dataset.sets import TripletSet
    from coig_writer.dataset.statistics import statistics_of
    from coig_writer.dataset.summaries import statistics_json
    from coig_writer.report.statistics import write_statistics

    triplets = TripletSet(data)
    if out and not no_figures:
        from coig_writer.report.charts import chinese_font

        chinese_font()  # a font that is missing is told before a long pass over the set, not after it
    found = statistics_of(triplets)
    warn_of_rejects(triplets)
    _refuse_nothing(triplets, found.count)
    if out:
        write_statistics(
            found,
            out,
            title=title or data[0].stem,
            sources=triplets.sources(),
            with_paper=compare is not None,
            unread=len(triplets.rejects),
            figures=not no_figures,
        )
    if as_json:
        print_json(statistics_json(found, with_paper=compare is not None, unread=len(triplets.rejects)))
        return
    _show(found)
    if compare:
        _show_comparison(found)
    if out:
        import shlex

        console.print("Next: open", shlex.quote(str(out / "statistics.html")), soft_wrap=True)


def audit(
    data: list[Path] = typer.Argument(..., metavar="DATA", help="Files of triplets, or folders of releases."),
    *,
    out: Path | None = typer.Option(None, "--out", "-o", help="Folder for audit.html and audit.json."),
    title: str | None = typer.Option(None, help="Name of the set on the page; the file's name if not given."),
    least: int | None = typer.Option(
        None, min=1, help="Least triplets of each category; the published 15 if not given."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON only."),
) -> None:
    """Look for what is wrong with a set as a whole. Findings in plain words, worst first.

    Too little of a category, too much of one source, articles or reasonings from one pattern, near copies,
    mentions of sensitive attributes.
    """
    from coig_writer.cli.console import print_json
    from coig_writer.dataset.audit import AuditSettings
    from coig_writer.dataset.audit import audit as audit_of
    from coig_writer.dataset.sets import TripletSet
    from coig_writer.report.audit import audit_json, write_audit

    triplets = TripletSet(data)
    found = audit_of(triplets, AuditSettings() if least is None else AuditSettings(least=least))
    warn_of_rejects(triplets)
    _refuse_nothing(triplets, found.count)
    if out:
        write_audit(found, out, title=title or data[0].stem, sources=triplets.sources(), unread=len(triplets.rejects))
    if as_json:
        print_json(audit_json(found))
    else:
        _show_findings(found, out)


def _show_findings(found: Audit, out: Path | None) -> None:
    import shlex

    from coig_writer.cli.console import out as console
    from coig_writer.dataset.findings import find
    from coig_writer.report.audit_words import SEVERITIES, words

    findings = find(found)
    console.print(f"{counted(found.count, 'triplet')}, {counted(len(findings), 'finding')}.", "")
    for finding in findings:
        said = words(finding)
        console.print(f"[{SEVERITIES[finding.severity].en}] {said.what.en} {said.why.en} {said.remedy.en}")
    if out:
        console.print("Next: open", shlex.quote(str(out / "audit.html")), soft_wrap=True)


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def warn_of_rejects(triplets: TripletSet) -> None:
    """Says on standard error what the latest pass over a set could not read, and which fields it could not keep."""
    from coig_writer.cli.console import err

    told = {"Could not be read, and not counted: {:,} records.": triplets.rejects}
    for words, rejects in (told | {"Not kept: {:,} fields.": triplets.losses}).items():
        if not rejects:
            continue
        err.print(words.format(len(rejects)), style="bold")
        for reject in rejects[:SHOWN_REJECTS]:
            err.print(f"  {reject}", soft_wrap=True)
        if (more := len(rejects) - SHOWN_REJECTS) > 0:
            err.print(f"  and {more:,} more; coig-writer dataset validate DATA --out FILE lists all")


def _show(found: Statistics) -> None:
    from rich.measure import Measurement

    from coig_writer.cli.console import out

    shown = _counts(found, "·")
    if Measurement.get(out, out.options.update(width=10_000), shown).maximum > out.width:
        shown = _counts(found, " · ")
    out.print(shown, "")
    out.print("Lengths in characters: least · mean · most.")
    reviews = found.reviews
    if reviews.first_pass is not None:
        out.print(f"Accepted in the first round: {reviews.accepted_first:,} of {reviews.first_round:,}.")
    for each in found.human:
        out.print(f"People's share of the {each.part}: mean {each.mean:.1%} of {each.count:,} with a model's draft.")


def _refuse_nothing(triplets: TripletSet, count: int) -> None:
    """A set of which no record could be read is an error; one without records is merely empty."""
    from coig_writer.errors import InputError

    if triplets.rejects and not count:
        raise InputError(
            f"none of {counted(len(triplets.rejects), 'record')} could be read",
            where=", ".join(path.name for path in triplets.paths),
            remedy="Mend what is named above; docs/formats.md lists what can be read.",
        )


def _counts(found: Statistics, dot: str) -> Table:
    """Category by category with its genres; with spaces beside the dot, what is too narrow breaks between numbers."""
    from coig_writer.cli.console import table
    from coig_writer.taxonomy import PARTS

    numbers = ("Triplets", "Share", "Article", "Prompt", "Reasoning")
    shown = table(None, "Category, genre", *numbers, right=numbers)
    for column in shown.columns[: len(numbers) - len(PARTS) + 1]:
        column.no_wrap = max((len(group.slug) for group in found.genres), default=0) <= LONGEST_NAME

    def add(name: str, group: Group) -> None:
        spans = [f"{each.min:,}{dot}{each.mean:,.0f}{dot}{each.max:,}" for each in group.lengths.values()]
        shown.add_row(name, f"{group.count:,}", f"{group.share:.1%}", *(spans or [""] * len(PARTS)))

    for category in found.categories:
        add(category.slug, category)
        for group in found.genres:
            if group.category.slug == category.slug:
                add(f"  {group.slug}", group)
    add("all", found.overall)
    return shown


def _show_comparison(found: Statistics) -> None:
    from coig_writer.cli.console import out
    from coig_writer.dataset.compare import compare, contradictions

    compared = compare(found)
    short = [each for each in compared if each.missing and each.level == "category"]
    genres = sum(bool(each.missing) for each in compared if each.level == "genre")
    out.print("")
    out.print(f"Beside the paper (arXiv 2510.14763), {genres} genres and {len(short)} categories fall short.")
    for each in short:
        out.print(f"  {each.slug}: {each.pairs[0].ours:,.0f}, the paper has {each.pairs[0].published:,.0f}")
    differing = [each for each in compared if any(pair.figure.split("_")[0] != "share" for pair in each.differing)]
    out.print(f"  Groups with a figure that differs from the paper's: {len(differing)} of {len(compared)}.")
    _show_contradictions(contradictions())


def _show_contradictions(found: list[Contradiction]) -> None:
    from coig_writer.cli.console import out

    out.print(f"  The paper's own tables disagree in {len(found)} figures:")
    for each in found:
        figure = each.figure.replace("_", " ")
        out.print(f"    {each.of} {figure}: {each.printed:,.0f} printed, {each.from_rows:,.0f} from the rows")
