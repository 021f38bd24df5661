"""`coig-writer judge`: a model compares answers, and a judge is held against people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coig_writer.cli.example import example
from coig_writer.errors import SettingError, UnfinishedError

if TYPE_CHECKING:
    from coig_writer.evaluate.calibrate import JudgeReport
    from coig_writer.evaluate.cost import Cost
    from coig_writer.evaluate.pair_summary import PairSummary, Share

PARTINGS = 5
"""Answers shown on which judge and people differ most."""

app = typer.Typer(help="Let a model compare answers, and hold a judge against people.", no_args_is_help=True)


def pairwise(
    responses: Annotated[
        list[Path], typer.Option("--responses", "-r", help="Answers of infer. Several files: give it several times.")
    ],
    model: Annotated[str, typer.Option("--model", "-m", help="The judge, by any name that infer --model takes.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Rankings to write, for compare: JSON Lines.")],
    reference: Annotated[str, typer.Option(help="The queries: a packaged set or a file.")] = "benchmark:all",
    all_pairs: Annotated[bool, typer.Option("--all-pairs", help="Judge all pairs of models; the default.")] = False,
    against: Annotated[str | None, typer.Option(help="Judge only pairs with this model.")] = None,
    adaptive: Annotated[bool, typer.Option("--adaptive", help="Judge only the pairs that tell most.")] = False,
    width: Annotated[
        float,
        typer.Option(min=0.1, max=50, help="With --adaptive: stop when win rates are known to ± this, in points."),
    ] = 5.0,
    limit: Annotated[int | None, typer.Option(min=1, help="Compare only on the first N queries.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Calls at once.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget earlier judgements (they are moved aside).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON on standard output.")] = False,
) -> None:
    """Let a judge compare answers in both orders. Where the orders disagree, the pair is a tie."""
    from coig_writer.cli import console
    from coig_writer.evaluate.cost import spent
    from coig_writer.evaluate.items import read_items, read_reference
    from coig_writer.evaluate.pair_summary import summarise_pairs, summary_json
    from coig_writer.evaluate.pairs import matches
    from coig_writer.evaluate.run_pairs import PairRun
    from coig_writer.files import write_json, write_jsonl
    from coig_writer.infer.models import opened

    if all_pairs and (against or adaptive):
        raise SettingError("--all-pairs excludes --against and --adaptive", remedy="Leave one of them out.")
    if out.suffix != ".jsonl":
        raise SettingError(f"{out} is not a .jsonl file", where="--out", remedy="Such as: --out rankings.jsonl.")
    items = read_items(responses, read_reference(reference))
    candidates, everything = matches(items, against), matches(items)
    if limit:
        kept = set(list(dict.fromkeys(match.query for match in candidates))[:limit])
        candidates, everything = ([match for match in each if match.query in kept] for each in (candidates, everything))
    detail = out.with_name(f"{out.stem}.pairs.jsonl")
    with opened(model) as spec, console.call_progress(model) as progress:
        run = PairRun(detail, spec, concurrency, fresh, progress)
        rows = run.judge_adaptively(candidates, width / 100) if adaptive else run.judge(candidates)
        cost = spent([detail], spec)
    judged = [row for row in rows if row.readings]
    orders = out.with_name(f"{out.stem}.orders.jsonl")
    write_jsonl(out, [row.ranking() for row in judged])
    write_jsonl(orders, [ranking for row in judged for ranking in row.orders()])
    summary = summarise_pairs(rows, len(everything))
    described = summary_json(summary, cost)
    write_json(out.with_name(f"{out.stem}.summary.json"), described)
    if as_json:
        console.print_json(described)
    else:
        _show(summary, cost)
        console.out.print(f"Written: {out}, {orders.name}, {detail.name}, {out.stem}.summary.json", soft_wrap=True)
        console.out.print(f"Next: coig-writer compare --rankings {out}", soft_wrap=True)
    if summary.errors:
        raise UnfinishedError(
            f"{summary.errors} pairs have no judgement",
            where=str(detail),
            remedy="Their rows say why; run the same command again, without --fresh, to ask only what failed.",
        )


def _show(summary: PairSummary, cost: Cost) -> None:
    from coig_writer.cli import console

    numbers = ("n", "A wins", "B wins", "ties", "A's win rate")
    table = console.table(None, "A", "B", *numbers, right=numbers)
    for pair in summary.pairs:
        counts = (pair.n, pair.wins_a, pair.wins_b, pair.ties)
        table.add_row(pair.a, pair.b, *map(str, counts), f"{pair.win_rate_a:.1%}")
    console.out.print(table)
    console.out.print(f"Same in both orders: {_percent(summary.consistency)}", soft_wrap=True)
    console.out.print(f"First shown wins:    {_percent(summary.first_shown)}", soft_wrap=True)
    console.out.print(
        f"Judged {summary.judged:,} of all {summary.candidates:,} pairs ({summary.saving:.0%} saved), "
        f"{summary.ties:,} ties, {summary.inconsistent:,} of them because the orders disagree",
        soft_wrap=True,
    )
    paid = f", {cost.cost:.4f} {cost.currency}" if cost.cost is not None else ""
    tokens = f"{cost.prompt_tokens:,} tokens in ({cost.cached_tokens:,} cached), {cost.completion_tokens:,} out"
    console.out.print(f"{cost.calls:,} calls in all, {tokens}{paid}", soft_wrap=True)


def calibrate(
    ratings: Annotated[
        list[Path], typer.Option("--ratings", help="People's ratings: CSV, XLSX or JSON Lines. Repeatable.")
    ],
    judged: Annotated[
        list[Path], typer.Option("--judged", help="Results of eval: a folder, or files of it. Repeatable.")
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="JSON to write, with all figures.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON on standard output.")] = False,
) -> None:
    """Hold a judge against people who rated the same answers."""
    from dataclasses import asdict

    from coig_writer.cli import console
    from coig_writer.evaluate.calibrate import calibrate, read_judged
    from coig_writer.evaluate.read import read_votes
    from coig_writer.files import write_json

    votes = read_votes(ratings)
    found = calibrate(votes.by("human").ratings, read_judged(judged), votes.topics)
    described = {rater: asdict(report) for rater, report in found.items()}
    if out:
        write_json(out, described)
    if as_json:
        console.print_json(described)
    else:
        for rater, report in found.items():
            _show_calibration(rater, report)
        if out:
            console.out.print(f"Written: {out}", soft_wrap=True)


def _show_calibration(rater: str, report: JudgeReport) -> None:
    from coig_writer.cli import console

    columns = ("n", "same", "always one", "κ", "α people", "ρ", "judge −", "order")
    table = console.table(f"{rater}, {report.answers} answers", "", *columns, right=columns)
    for group, dimensions in report.groups.items():
        table.add_row(group)
        for name, each in dimensions.items():
            found = each.agreement
            table.add_row(
                f"  {name.replace('_', ' ')}",
                str(found.n),
                _number(found.exact, "{:.0%}"),
                f"{each.commonest:.0%}",
                _number(found.kappa),
                _number(each.people_alpha.alpha),
                _number(found.spearman),
                _number(found.difference, "{:+.2f}"),
                _number(each.order, "{:.0%}"),
            )
    console.out.print(table)
    console.out.print(
        "same: the judge's mark is the person's; always one: what a judge gets that always gives the commonest mark; "
        "κ: quadratic weights, ρ: Spearman; α people: among people; judge −: its mark minus theirs; "
        "order: of two answers to a query, ordered alike (50% is chance).",
        soft_wrap=True,
    )
    for answer in report.parting[:PARTINGS]:
        said = f"judge {answer.judge}, people {answer.people:.1f}"
        console.out.print(f"  parts: {answer.query} {answer.model}: {said}", soft_wrap=True)


def _number(value: float | None, shape: str = "{:.2f}") -> str:
    return "–" if value is None else shape.format(value)


def _percent(share: Share) -> str:
    if share.rate is None or share.low is None or share.high is None:
        return "nothing to count"
    return f"{share.rate:.1%} of {share.n:,} (95 % interval {share.low:.1%} to {share.high:.1%})"


app.command(
    "pairwise",
    epilog=example("coig-writer judge pairwise -r a.jsonl -r b.jsonl --model embedded --out rankings.jsonl"),
)(pairwise)
app.command(
    "calibrate",
    epilog=example("coig-writer judge calibrate --ratings people.csv --judged results_with_status"),
)(calibrate)
