"""Articles in, drafts out: the steps chained for each article, articles side by side, resumable."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from coig_writer.annotate.settings import AnnotateSettings
from coig_writer.annotate.steps import STEPS, Job, demand, gated, with_cut
from coig_writer.errors import InputError
from coig_writer.files import read_jsonl, write_jsonl
from coig_writer.llm.batch import Ask, CallFailed, Progress, Summary, run_map
from coig_writer.llm.embedded import serving
from coig_writer.llm.registry import ModelSpec
from coig_writer.schema import Article, Draft, DraftStatus, Failure


@dataclass(frozen=True)
class AnnotateResult:
    """What a run made."""

    statuses: dict[DraftStatus, int]
    """Number of drafts by status; adds up to the number read."""
    calls: Summary
    """Calls, tokens, cached share, cost."""


def load_drafts(path: Path) -> list[Draft]:
    """The drafts to work on, from any of the files that come before.

    Args:
        path: a folder or Parquet file of `corpus build`, or JSON Lines of articles or of drafts.

    Raises:
        InputError: the file is missing, empty, not of these kinds, or holds an id twice.
    """
    drafts = list(_read(path))
    if not drafts:
        raise InputError(
            "no articles in it", where=str(path), remedy="Build candidates with `coig-writer corpus build`."
        )
    twice = [id for id, count in Counter(draft.id for draft in drafts).items() if count > 1]
    if twice:
        raise InputError(
            f"{len(twice)} ids occur more than once, the first is {twice[0]}",
            where=str(path),
            remedy="Remove the repeated lines; an article's id comes from its text.",
        )
    return drafts


def _read(path: Path) -> Iterable[Draft]:
    if path.is_dir() or path.suffix == ".parquet":
        from coig_writer.corpus.candidates import read_candidates

        return (_new(article) for article in read_candidates(path))
    if _first_record(path).keys() >= {"article", "id"}:
        return read_jsonl(path, Draft)
    return (_new(article) for article in read_jsonl(path, Article))


def _new(article: Article) -> Draft:
    return Draft(id=article.id, article=article)


def _first_record(path: Path) -> dict:
    try:
        with open(path, encoding="utf-8-sig") as file:
            line = next((line for line in file if line.strip()), "{}")
        record = json.loads(line)
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", where=str(path), remedy="Check the path.") from error
    except ValueError as error:
        raise InputError(
            f"not JSON Lines: {error}", where=f"{path}:1", remedy="Run `coig-writer corpus build` on raw texts first."
        ) from error
    return record if isinstance(record, dict) else {}


def annotate(
    drafts: Sequence[Draft],
    steps: Sequence[str],
    *,
    out: Path,
    spec: ModelSpec,
    settings: AnnotateSettings,
    limit: int | None = None,
    concurrency: int | None = None,
    fresh: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> AnnotateResult:
    """Takes each draft through `steps` (names of `STEPS`, in order) and writes the drafts to `out`.

    The steps of one article follow each other, so that a server's prefix cache reads it once;
    articles run side by side. A call that fails in the end leaves its draft with status `error` and
    what the steps before it found; the next run asks again. Everything answered is kept in
    `OUT.jsonl.tmp` while running and in `OUT.calls.jsonl` afterwards.

    Args:
        limit: stop when so many drafts have come through; those held or screened out do not count.

    Raises:
        InputError: a draft lacks what the first step builds on.
        ModelError: the model cannot be used at all.
        StorageError: `out` cannot be written.
    """
    for draft in drafts:
        if draft.status in (DraftStatus.OPEN, DraftStatus.ERROR):
            demand(draft, steps[0])
    with serving(spec) as ready:
        job = Job(settings, ready.model, ready.context)
        reached: dict[str, Draft] = {}

        async def work(draft: Draft, ask: Ask) -> Draft:
            draft = with_cut(_reopened(draft), job)
            for step in steps:
                if draft.status is not DraftStatus.OPEN:
                    break
                draft = reached[draft.id] = await STEPS[step](draft, ask, job)
            reached.pop(draft.id, None)
            return draft

        def on_failure(draft: Draft, failed: CallFailed) -> Draft:
            failure = Failure(step=failed.step, kind=failed.kind, message=failed.message)
            update = {"status": DraftStatus.ERROR, "why": f"{failed.step}: {failed.message}", "failure": failure}
            return reached.pop(draft.id, draft).model_copy(update=update)

        calls = run_map(
            drafts,
            work,
            out=out,
            spec=ready,
            record_id=lambda draft: draft.id,
            on_failure=on_failure,
            limit=limit,
            counts=lambda draft: draft.status not in (DraftStatus.HELD, DraftStatus.SCREENED_OUT),
            concurrency=concurrency,
            fresh=fresh,
            progress=progress,
        )
    return AnnotateResult(_statuses(read_jsonl(out, Draft)), calls)


def gate_again(drafts: Sequence[Draft], *, out: Path, settings: AnnotateSettings) -> dict[DraftStatus, int]:
    """Writes `drafts` to `out`, each scored one judged anew by `settings`; no model is asked.

    Drafts that were screened out, held or failed stay as they are.

    Returns:
        number of drafts by status.

    Raises:
        InputError: an open draft has no scores or was not checked.
        StorageError: `out` cannot be written.
    """
    settled = (DraftStatus.SCREENED_OUT, DraftStatus.HELD, DraftStatus.ERROR)
    for draft in drafts:
        if draft.status not in settled:
            demand(draft, "gate")
    judged = [draft if draft.status in settled else gated(draft, settings) for draft in drafts]
    write_jsonl(out, judged)
    return _statuses(judged)


def _statuses(drafts: Iterable[Draft]) -> dict[DraftStatus, int]:
    found = Counter(draft.status for draft in drafts)
    return {status: found[status] for status in DraftStatus if found[status]}


def _reopened(draft: Draft) -> Draft:
    """A draft that failed before, ready to be asked again."""
    if draft.status is not DraftStatus.ERROR:
        return draft
    return draft.model_copy(update={"status": DraftStatus.OPEN, "why": None, "failure": None})
