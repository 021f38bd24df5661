"""Pairs in, judgements out: each pair read in both orders, all of them or those that tell most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from coig_writer.evaluate.adaptive import Outcome, Scheduler
from coig_writer.evaluate.judge import Judge, prefer
from coig_writer.evaluate.pairs import Match, PairJudgement, Reading
from coig_writer.files import read_jsonl
from coig_writer.llm.batch import Ask, CallFailed, Progress, run_map
from coig_writer.llm.registry import ModelSpec

ROUND = 16
"""Pairs that are chosen at a time; the same for every run, so that a run that is gone on with chooses the same."""


@dataclass(frozen=True)
class PairRun:
    """How pairs are judged."""

    out: Path
    """JSON Lines of `PairJudgement`; beside it the ledger."""
    spec: ModelSpec
    """The judge, with a `base_url`."""
    concurrency: int | None = None
    fresh: bool = False
    """Forget earlier judgements (they are moved aside)."""
    progress: Callable[[Progress], None] | None = None

    def judge(self, chosen: Sequence[Match], *, fresh: bool | None = None) -> list[PairJudgement]:
        """The judgements of these pairs, in their order; `out` then holds exactly them.

        Raises:
            InputError: two answers do not fit into the judge's context.
            ModelError, StorageError, Interrupted: as `llm.batch.run_map`.
        """
        judge = Judge(self.spec.model, self.spec.context)

        async def work(match: Match, ask: Ask) -> PairJudgement:
            a = judge.seen(match.a, match.a.response.response or "", share=2)
            b = judge.seen(match.b, match.b.response.response or "", share=2)
            ab = await prefer(match.a, a.text, b.text, ask, "ab")
            ba = await prefer(match.a, b.text, a.text, ask, "ba")
            models = match.models
            readings = [
                Reading(shown=models, better=ab[0], reason=ab[1]),
                Reading(shown=models[::-1], better=ba[0], reason=ba[1]),
            ]
            found = {"readings": readings, "by": judge.rater("pair"), "cut": a.note or b.note}
            return _row(match).model_copy(update=found)

        def on_failure(match: Match, failed: CallFailed) -> PairJudgement:
            return _row(match).model_copy(update={"error": f"{failed.step}: {failed.kind}: {failed.message}"})

        run_map(
            chosen,
            work,
            out=self.out,
            spec=self.spec,
            record_id=lambda match: match.id,
            on_failure=on_failure,
            concurrency=self.concurrency,
            fresh=self.fresh if fresh is None else fresh,
            progress=self.progress,
        )
        return list(read_jsonl(self.out, PairJudgement))

    def judge_adaptively(self, candidates: Sequence[Match], width: float) -> list[PairJudgement]:
        """Judges pairs until every win rate is known to within `width` (0–1, half a 95 % interval), or none is left.

        A pair that fails is left out of the choosing, and asked for once more at the end.
        """
        by_choice = {(*match.models, match.query): match for match in candidates}
        scheduler = Scheduler(list(by_choice), width)
        outcomes: list[Outcome] = []
        begun: list[tuple[str, str, str]] = []
        fresh = self.fresh
        while chosen := scheduler.choose(outcomes, ROUND, begun):
            rows = self.judge([by_choice[choice] for choice in chosen], fresh=fresh)
            outcomes += [Outcome(row.a, row.b, row.id, row.score) for row in rows if row.readings]
            begun += chosen
            fresh = False
        return self.judge([by_choice[choice] for choice in begun], fresh=False)


def _row(match: Match) -> PairJudgement:
    return PairJudgement(id=match.query, language=match.a.language, a=match.a.model, b=match.b.model)
