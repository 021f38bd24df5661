"""`coig-writer eval`: a judge reads what models wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coig_writer.errors import UnfinishedError

if TYPE_CHECKING:
    from coig_writer.evaluate.evaluation import Evaluation

EXAMPLE = "coig-writer eval --prediction results/pred.jsonl --judge embedded --save_dir results_with_status"
LISTED = 5
"""Ids shown of a longer list."""


def evaluate(
    prediction: Annotated[
        list[Path],
        typer.Option(
            "--prediction", "-p", help="Answers to judge: JSON Lines of infer. Several: give it several times."
        ),
    ],
    save_dir: Annotated[Path, typer.Option("--save_dir", "--save-dir", "-o", help="Folder for the results.")],
    reference: Annotated[
        str, typer.Option("--reference", "-r", help="The queries: a packaged set or a file; criteria come from here.")
    ] = "benchmark:all",
    judge: Annotated[
        str, typer.Option("--judge", "--model", "-m", help="The judge, by any name that infer --model takes.")
    ] = "embedded",
    second_judge: Annotated[
        str | None, typer.Option("--second-judge", help="Another judge of the same answers; agreement is reported.")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Readings of each answer, for the judge's self-consistency.")] = 1,
    models: Annotated[
        list[str] | None, typer.Option("--models", help="Judge only rows of this model; repeatable.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Judge only the first N rows of each prediction.")] = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", "--batch_size", min=1, help="Calls at once.")
    ] = None,
    excel_output: Annotated[
        bool, typer.Option("--excel_output", "--excel-output", help="Write results.xlsx too.")
    ] = False,
    json_output: Annotated[
        bool, typer.Option("--json_output", "--json-output", help="Write results.json too: all rows as one document.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget earlier judgements (they are moved aside).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON on standard output.")] = False,
) -> None:
    """Let a judge rate answers, with evidence. The same command goes on where it stopped, and mends errors."""
    from coig_writer.cli import console
    from coig_writer.evaluate.evaluation import evaluate
    from coig_writer.evaluate.items import read_items, read_reference
    from coig_writer.llm.registry import EMBEDDED
    from coig_writer.report.evaluation import summary_json, write_results

    items = read_items(prediction, read_reference(reference), models or ())
    if EMBEDDED in (judge, second_judge):
        console.err.print("The embedded model is too small to be a judge; its marks only show that all works.")
    done = evaluate(
        items,
        [judge, *([second_judge] if second_judge else [])],
        save_dir,
        showing=console.call_progress,
        repeats=repeats,
        limit=limit,
        concurrency=concurrency,
        fresh=fresh,
    )
    written = write_results(done, save_dir, workbook=excel_output, document=json_output)
    if as_json:
        console.print_json(summary_json(done))
    else:
        _show(done, written)
    if done.failed:
        raise UnfinishedError(
            f"{len(done.failed)} {'answer has' if len(done.failed) == 1 else 'answers have'} no judgement",
            where=str(save_dir),
            remedy="Their rows say why; run the same command again, without --fresh, to ask only what failed.",
        )


def _show(done: Evaluation, written: list[Path]) -> None:
    from coig_writer.cli import console
    from coig_writer.evaluate.eval_summary import ALL, MET
    from coig_writer.evaluate.read_table import MARKS

    results = done.summary.groups[ALL].models
    table = console.table(None, "", *results, right=tuple(results))
    for status in ("judged", "error", "empty", "no_answer"):
        table.add_row(status.replace("_", " "), *(str(each.statuses[status]) for each in results.values()))
    for name in (*MARKS, MET):
        means = [each.means[name] for each in results.values()]
        table.add_row(name.replace("_", " "), *(f"{each.mean:.2f}" if each else "–" for each in means))
    console.out.print(table)
    for name, cost in zip(done.judges, done.costs, strict=True):
        paid = f", {cost.cost:.4f} {cost.currency}" if cost.cost is not None else ""
        tokens = f"{cost.prompt_tokens:,} tokens in ({cost.cached_tokens:,} cached), {cost.completion_tokens:,} out"
        console.out.print(f"{name}: {cost.calls:,} calls in all, {tokens}{paid}", soft_wrap=True)
    if done.unknown:
        more = f" and {len(done.unknown) - LISTED} more" if len(done.unknown) > LISTED else ""
        listed = ", ".join(done.unknown[:LISTED])
        console.err.print(f"Not in the reference, judged without criteria: {listed}{more}", soft_wrap=True)
    for path in written:
        console.out.print(f"Written: {path}", soft_wrap=True)
