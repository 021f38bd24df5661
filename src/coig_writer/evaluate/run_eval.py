"""Predictions in, judgements out: one judge over all rows, resumable, failed judgements asked again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from coig_writer.annotate.injection import find_instructions
from coig_writer.errors import InputError
from coig_writer.evaluate.items import Item
from coig_writer.evaluate.judge import Judge, rate, weigh
from coig_writer.evaluate.judgement import Judgement, Status
from coig_writer.infer.flags import flags
from coig_writer.llm.batch import Ask, CallFailed, Progress, Summary, run_map
from coig_writer.llm.registry import ModelSpec

ORDERS = "orders"
"""Flag of an answer that seems to give orders to its judge; it is judged like any other."""


def judge_items(
    items: Sequence[Item],
    *,
    out: Path,
    spec: ModelSpec,
    repeats: int = 1,
    limit: int | None = None,
    concurrency: int | None = None,
    fresh: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Summary:
    """Writes one `Judgement` a row to `out`, in the order of `items`.

    Args:
        out: JSON Lines. Beside it: `OUT.jsonl.tmp` while running, `….calls.jsonl` afterwards.
        spec: the judge, with a `base_url`.
        repeats: readings of each answer; the first one counts, the others show how consistent the judge is.
        limit: judge only the first so many rows.
        fresh: forget earlier judgements (they are moved aside).

    An answer of which nothing fits into the judge's context is an error row; the others are judged all the same.

    Raises:
        ModelError, StorageError, Interrupted: as `llm.batch.run_map`.
    """
    judge = Judge(spec.model, spec.context)

    async def work(item: Item, ask: Ask) -> Judgement:
        if nothing := _nothing_to_judge(item):
            return _row(item, nothing)
        try:
            seen = judge.seen(item, item.response.response or "")
        except InputError as error:
            return _row(item, Status.ERROR).model_copy(update={"error": f"rate: context: {error}"})
        marks = await rate(item, seen.text, ask)
        again = [await rate(item, seen.text, ask, reading) for reading in range(1, repeats)]
        return _row(item, Status.JUDGED).model_copy(
            update={
                "marks": marks,
                "again": [{name: each.mark for name, each in reading.items()} for reading in again],
                "criteria": await weigh(item, seen.text, ask),
                "cut": seen.note,
                "by": judge.rater("rate"),
            }
        )

    def on_failure(item: Item, failed: CallFailed) -> Judgement:
        why = f"{failed.step}: {failed.kind}: {failed.message}"
        return _row(item, Status.ERROR).model_copy(update={"error": why})

    return run_map(
        items[:limit],
        work,
        out=out,
        spec=spec,
        record_id=lambda item: item.id,
        on_failure=on_failure,
        concurrency=concurrency,
        fresh=fresh,
        progress=progress,
    )


def _nothing_to_judge(item: Item) -> Status | None:
    """Why there is nothing to judge; None when there is."""
    response = item.response
    if response.error or response.response is None:
        return Status.NO_ANSWER
    return None if response.response.strip() else Status.EMPTY


def _row(item: Item, status: Status) -> Judgement:
    """What is known of an answer before anybody has judged it."""
    response = item.response
    text = response.response or ""
    odd = [*response.flags, *flags(text, response.finish_reason)] if response.response is not None else []
    if find_instructions(text):
        odd.append(ORDERS)
    return Judgement(
        id=response.id,
        model=item.model,
        sample=response.sample,
        language=item.language,
        genre=item.genre,
        status=status,
        flags=list(dict.fromkeys(odd)),
        error=response.error,
        query=item.query,
        response=response.response,
    )
