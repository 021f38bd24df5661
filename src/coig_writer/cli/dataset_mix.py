"""`coig-writer dataset mix` and `dataset split`: training sets."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from coig_writer.dataset.mix import MixSummary, Mixture, Recipe
    from coig_writer.schema import Query


class Preset(StrEnum):
    """Mixtures that belong together."""

    PAPER = "paper"


def mix(
    creative: list[Path] = typer.Option(..., help="Release folder or file of triplets; may be given more than once."),
    *,
    general: list[Path] = typer.Option(
        [], help="General data in Alpaca, ShareGPT or messages form; may be given more than once."
    ),
    out: Path = typer.Option(..., "--out", "-o", help="Folder of the mixtures; earlier mixtures there are replaced."),
    general_count: list[int] = typer.Option([], help="General examples of a mixture; once for each mixture."),
    general_only: int | None = typer.Option(
        None, min=1, help="Also a mixture, g, of so many general examples and no triplets."
    ),
    preset: Preset | None = typer.Option(None, help="The paper's five: CW, CW+1k, CW+5k, CW+10k and G."),
    seed: int = typer.Option(42, help="Chooses among the general examples and orders each file."),
    without_reasoning: bool = typer.Option(
        False, "--without-reasoning", help="Train on the article alone, not on the reasoning in <think> before it."
    ),
    tokenizer: str | None = typer.Option(
        None, help="A tokenizer.json, a folder with one, a GGUF file, a model on the Hub, or embedded."
    ),
    context: list[int] = typer.Option(
        [], min=1, help="Estimate the cut-off at this many tokens; may be given more than once."
    ),
    benchmark: Path | None = typer.Option(
        None, help="JSON Lines of queries to keep general data away from; the packaged benchmark if not given."
    ),
    retracted: list[Path] = typer.Option(
        [], help="List of take-downs, or a release that has one; those of the releases in --creative count anyway."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON only."),
) -> None:
    """Mix triplets with general instruction data for training. Deterministic; smaller mixtures lie within larger."""
    from coig_writer.cli.console import print_json
    from coig_writer.cli.dataset_stats import warn_of_rejects
    from coig_writer.dataset.mix import build_mixtures
    from coig_writer.dataset.sets import TripletSet
    from coig_writer.dataset.tokens import load_tokenizer

    triplets = TripletSet(creative)
    summary = build_mixtures(
        triplets,
        general,
        out,
        _recipes(general_count, general_only, preset),
        benchmark=_queries(benchmark),
        seed=seed,
        reasoning=not without_reasoning,
        tokenizer=load_tokenizer(tokenizer) if tokenizer else None,
        tokenizer_name=tokenizer,
        contexts=context,
        retracted=retracted,
    )
    warn_of_rejects(triplets)
    if as_json:
        print_json(asdict(summary) | {"mixtures": [asdict(each) | {"ratio": each.ratio} for each in summary.mixtures]})
    else:
        _show(summary)


def _recipes(counts: list[int], alone: int | None, preset: Preset | None) -> list[Recipe]:
    from coig_writer.dataset.mix import PAPER, Recipe
    from coig_writer.errors import SettingError

    if preset and (counts or alone):
        option = "--general-count" if counts else "--general-only"
        raise SettingError(f"--preset and {option} exclude each other", remedy="Give one of the two.")
    if any(count < 0 for count in counts):
        raise SettingError("--general-count is negative", remedy="Give 0 or more.")
    if preset:
        return list(PAPER)
    mixed = [Recipe(f"cw-{count}" if count else "cw", count) for count in counts or [0]]
    return [*mixed, Recipe("g", alone, creative=False)] if alone else mixed


def _queries(path: Path | None) -> list[Query]:
    from coig_writer.files import read_jsonl
    from coig_writer.packaged import load_benchmark
    from coig_writer.schema import Query

    return list(read_jsonl(path, Query)) if path else load_benchmark()


def _show(summary: MixSummary) -> None:
    import shlex

    from coig_writer.cli.console import err, out, table

    numbers = ("Creative", "General", "Ratio", "Characters", "Tokens")
    shown = table(None, "Mixture", *numbers, right=numbers)
    for each in summary.mixtures:
        tokens = f"{each.tokens:,}" if each.tokens is not None else "–"
        shown.add_row(each.name, f"{each.creative:,}", f"{each.general:,}", each.ratio, f"{each.characters:,}", tokens)
    out.print(shown, "")
    for each in summary.mixtures:
        _show_cut_off(each)
    out.print(f"General records read: {summary.read:,}; usable: {summary.general:,}.")
    for reason, count in summary.left_out.items():
        out.print(f"  left out, {reason.replace('_', ' ')}: {count:,}")
    if short := [each for each in summary.mixtures if each.general < each.wanted]:
        names = ", ".join(f"{each.name} has {each.general:,} of {each.wanted:,}" for each in short)
        err.print(f"Fewer general examples than asked for: {names}.", style="bold")
    out.print("Mixtures:", shlex.quote(str(summary.out)), soft_wrap=True)


def _show_cut_off(mixture: Mixture) -> None:
    from coig_writer.cli.console import out

    for each in mixture.cut_off:
        out.print(
            f"{mixture.name} at a context of {each.context:,} tokens: {each.samples:,} samples are cut off, "
            f"{each.share:.1%} of all tokens lost (estimate)."
        )


def split(
    data: list[Path] = typer.Argument(..., metavar="DATA", help="Files of triplets, or folders of releases."),
    *,
    out: Path = typer.Option(..., "--out", "-o", help="Folder of the parts; an earlier split there is replaced."),
    part: list[str] = typer.Option([], help="NAME=SHARE; train=0.8, validation=0.1 and test=0.1 if none is given."),
    seed: int = typer.Option(42, help="Decides among groups of one size."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON only."),
) -> None:
    """Split a set for training and testing. By genre; near copies and authors never straddle two parts."""
    from coig_writer.cli.console import out as console
    from coig_writer.cli.console import print_json, table
    from coig_writer.cli.dataset_stats import warn_of_rejects
    from coig_writer.dataset.sets import TripletSet
    from coig_writer.dataset.split import write_split

    triplets = TripletSet(data)
    summary = write_split(triplets, out, _shares(part), seed=seed)
    warn_of_rejects(triplets)
    if as_json:
        print_json(asdict(summary))
        return
    total = sum(summary.counts.values())
    shown = table(None, "Part", "Triplets", "Share", "Wanted", right=("Triplets", "Share", "Wanted"))
    for name, count in summary.counts.items():
        shown.add_row(name, f"{count:,}", f"{count / total:.1%}", f"{summary.wanted[name]:.1%}")
    console.print(shown, "")
    console.print(f"Groups that stay together: {summary.groups:,}, the largest of {summary.largest_group:,} triplets.")
    if empty := [name for name, count in summary.counts.items() if not count]:
        console.print(f"Empty, since groups are never broken: {', '.join(empty)}.", style="bold")


def _shares(parts: list[str]) -> dict[str, float] | None:
    from coig_writer.errors import SettingError

    shares: dict[str, float] = {}
    for at, each in enumerate(parts):
        name, _, share = each.partition("=")
        try:
            shares[name] = float(share)
        except ValueError as error:
            raise SettingError(f"not a share: {each}", where="--part", remedy="Write NAME=0.1.") from error
        if len(shares) <= at:
            raise SettingError(f"two parts are called {name!r}", where="--part", remedy="Give each its own name.")
    return shares or None
