"""`coig-writer dataset validate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from coig_writer.dataset.sets import TripletSet
    from coig_writer.dataset.validate import Finding, OtherText, Validation

SHOWN = 3


def validate(
    data: list[str] = typer.Argument(..., metavar="DATA", help="Files, release folders, or hf:OWNER/NAME on the Hub."),
    *,
    against: list[str] = typer.Option(
        [], help="Second set that must not occur in this one: a file, a release, or benchmark[:zh|:en]. Repeatable."
    ),
    out: Path | None = typer.Option(None, "--out", "-o", help="File for all findings, one a line (.jsonl)."),
    fix: Path | None = typer.Option(None, help="File for a copy with what is safe to mend mended (.jsonl or .json)."),
    gate_sum: int = typer.Option(50, min=6, max=60, help="Least sum of the six scores."),
    gate_each: int = typer.Option(8, min=1, max=10, help="Least value of each score."),
    strict: bool = typer.Option(False, "--strict", help="Let warnings fail too."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON only."),
) -> None:
    """Check a set before it is released or trained on. Ends with code 1 if there are errors.

    Scores against the gate, lengths, language, genre, copies and near copies inside the set and in a second one,
    quotations of the article, personal data, licence and source.
    """
    from coig_writer.cli.console import print_json, progress
    from coig_writer.dataset.rules import Rules
    from coig_writer.dataset.sets import TripletSet, source_files
    from coig_writer.dataset.tables import check_target
    from coig_writer.dataset.validate import validate as run
    from coig_writer.errors import InputError

    triplets = TripletSet([path for source in data for path in source_files(source)])
    if fix:
        check_target(fix, "triplet")
    others = _others(against)
    with progress(transient=True) as display, _report(out) as report:
        task = display.add_task("Validating", total=None, note="")
        found = run(
            triplets,
            against=others,
            rules=Rules(gate_sum=gate_sum, gate_each=gate_each),
            report=report,
            progress=lambda number: display.update(task, completed=number),
        )
    if not found.triplets and not found.unread:
        raise InputError("there are no records", where=", ".join(data), remedy="Give a file with triplets.")
    done = _fix(triplets, fix) if fix else {}
    if as_json:
        print_json(_as_json(found, done))
    else:
        _show(found, done, fix, out)
    if found.errors or (strict and found.warnings):
        raise typer.Exit(1)


def _others(sources: list[str]) -> list[OtherText]:
    from coig_writer.dataset.sets import data_file, source_files
    from coig_writer.dataset.validate import other_texts
    from coig_writer.packaged import load
    from coig_writer.schema import Query

    packaged = [name for name in sources if name.split(":")[0] == "benchmark" and not Path(name).exists()]
    queries = [query for name in packaged for query in load(name) if isinstance(query, Query)]
    files = [data_file(path) for name in sources if name not in packaged for path in source_files(name)]
    return other_texts(files, queries)


def _report(out: Path | None) -> Any:
    """A context with a function that writes a finding to `out`, or None without it."""
    from contextlib import contextmanager
    from dataclasses import asdict

    from coig_writer.files import dumps, whole_file

    @contextmanager
    def opened() -> Any:
        if out is None:
            yield None
            return
        with whole_file(out) as temporary, open(temporary, "w", encoding="utf-8") as file:
            write: Callable[[Finding], Any] = lambda finding: file.write(dumps(asdict(finding)) + "\n")  # noqa: E731
            yield write

    return opened()


def _fix(triplets: TripletSet, fix: Path) -> dict[str, int]:
    from collections import Counter

    from coig_writer.dataset.mend import mended
    from coig_writer.dataset.tables import write_triplets

    done: Counter[str] = Counter()
    write_triplets(fix, mended(triplets, done), "triplet")
    return dict(done)


def _as_json(found: Validation, done: dict[str, int]) -> dict[str, Any]:
    from dataclasses import asdict

    rules = {
        rule: {
            "severity": severity,
            "findings": count,
            "records": found.affected[rule],
            "examples": [asdict(each) for each in found.examples[rule] if each.severity == severity],
        }
        for (rule, severity), count in sorted(found.findings.items())
    }
    told = {"triplets": found.triplets, "unread": found.unread, "errors": found.errors, "warnings": found.warnings}
    return {**told, "ok": not found.errors, "rules": rules, "fixed": done}


def _show(found: Validation, done: dict[str, int], fix: Path | None, out: Path | None) -> None:
    from coig_writer.cli.console import out as console
    from coig_writer.cli.console import table
    from coig_writer.dataset.rules import EXPLAINED

    console.print(f"Triplets: {found.triplets:,}. Errors: {found.errors:,}, warnings: {found.warnings:,}.", "")
    shown = table(None, "Rule", "", "Records", "What it says of one", right=("Records",))
    for rule, explained in EXPLAINED.items():
        for severity in ("error", "warning"):
            if found.findings[rule, severity]:  # type: ignore[index]
                shown.add_row(rule, severity, f"{found.affected[rule]:,}", explained)
    if found.findings:
        console.print(shown, "")
    for rule in EXPLAINED:
        for each in found.examples.get(rule, [])[:SHOWN]:
            part = f"{each.part}: " if each.part else ""
            console.print(f"{each.where}  {rule}  {part}{each.message}", soft_wrap=True)
        if (more := sum(found.findings[rule, each] for each in ("error", "warning")) - SHOWN) > 0:  # type: ignore[index]
            console.print(f"  and {more:,} more")
    if out:
        console.print(f"All findings: {out}", soft_wrap=True)
    for kind, count in done.items():
        console.print(f"Mended: {kind}: {count:,}")
    if fix:
        console.print(f"Mended copy: {fix}", soft_wrap=True)
