"""`coig-writer dataset`: releases."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from coig_writer.cli import dataset_card, dataset_convert, dataset_mix, dataset_stats, dataset_validate
from coig_writer.cli.example import example

if TYPE_CHECKING:
    from coig_writer.dataset.build import ReleaseSummary

app = typer.Typer(help="Make a release that others can read, check and train on.", no_args_is_help=True)


@app.callback()
def _room() -> None: ...


@app.command(epilog=example("coig-writer dataset build drafts.jsonl --out release --include-unreviewed"))
def build(
    inputs: list[Path] = typer.Argument(..., metavar="DRAFTS", help="JSON Lines of drafts or reviewed triplets."),
    *,
    out: Path = typer.Option(..., "--out", "-o", help="Folder of the release; an earlier release there is replaced."),
    include_unreviewed: bool = typer.Option(
        False, "--include-unreviewed", help="Release triplets that no person has accepted, marked as such."
    ),
    corpus: Path | None = typer.Option(
        None, help="Folder that `corpus build` wrote; the report then starts at the raw texts."
    ),
    title: str | None = typer.Option(None, help="Name of the dataset."),
    licence: str | None = typer.Option(None, "--licence", help="Licence of the release, such as cc-by-4.0."),
    gate_sum: int | None = typer.Option(None, help="Least sum of the six scores, 6–60; the published 50 if not given."),
    gate_each: int | None = typer.Option(None, help="Least value of each score, 1–10; the published 8 if not given."),
    allow_empty: bool = typer.Option(
        False, "--allow-empty", help="Write a release even if nothing qualifies; its report shows what is short."
    ),
    retracted: list[Path] = typer.Option(
        [], help="List of take-downs, or a release that has one; that of the release being replaced counts anyway."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON only."),
) -> None:
    """Write a release. It holds data files, a dataset card, a manifest and a report page."""
    from coig_writer.cli.console import print_json
    from coig_writer.dataset.build import build_release
    from coig_writer.report.release import render_report

    chosen: dict[str, Any] = {"title": title, "gate_sum": gate_sum, "gate_each": gate_each}
    summary = build_release(
        inputs,
        out,
        report=render_report,
        include_unreviewed=include_unreviewed,
        corpus=corpus,
        licence=licence,
        allow_empty=allow_empty,
        retracted=retracted,
        **{name: value for name, value in chosen.items() if value is not None},
    )
    if as_json:
        print_json(asdict(summary))
    else:
        _show(summary)


def _show(summary: ReleaseSummary) -> None:
    import shlex

    from coig_writer.cli.console import out, table

    counts = table(None, "Records", "Count", right=("Count",))
    counts.add_row("read", f"{summary.read:,}")
    counts.add_row("released", f"{summary.released:,}")
    counts.add_row("  reviewed by a person", f"{summary.reviewed:,}")
    for reason, count in summary.withheld.items():
        counts.add_row(f"left out: {reason.replace('_', ' ')}", f"{count:,}")
    out.print(counts, "")
    if summary.reviewed < summary.released:
        unreviewed = f"{summary.released - summary.reviewed:,} of {summary.released:,}"
        out.print(f"Reviewed by nobody, and marked so: {unreviewed} released triplets.", style="bold")
    out.print("Release:", shlex.quote(str(summary.out)), soft_wrap=True)
    out.print("Next: open", shlex.quote(str(summary.out / "report.html")), soft_wrap=True)


app.command("stats", epilog=example("coig-writer dataset stats release --out statistics --compare paper"))(
    dataset_stats.stats
)
app.command("audit", epilog=example("coig-writer dataset audit release --out audit"))(dataset_stats.audit)
app.command(
    "mix",
    epilog=example("coig-writer dataset mix --creative release --general alpaca.jsonl --preset paper --out mixtures"),
)(dataset_mix.mix)
app.command("split", epilog=example("coig-writer dataset split release --out splits --part train=0.9 --part test=0.1"))(
    dataset_mix.split
)
app.command("card", epilog=example("coig-writer dataset card release --check"))(dataset_card.card)
app.command("retract", epilog=example("coig-writer dataset retract release --id 5b9f… --reason 'the author asked'"))(
    dataset_card.retract
)
app.command("validate", epilog=example("coig-writer dataset validate release --against benchmark"))(
    dataset_validate.validate
)
app.command("convert", epilog=example("coig-writer dataset convert hub.jsonl triplets.parquet --to published"))(
    dataset_convert.convert
)
app.command("push", epilog=example("coig-writer dataset push release our-lab/stories"))(dataset_convert.push)
