"""A whole evaluation: every prediction judged, and the folder of results written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from coig_writer.errors import SettingError
from coig_writer.evaluate.cost import Cost, spent
from coig_writer.evaluate.eval_summary import Summary, summarise
from coig_writer.evaluate.items import Item
from coig_writer.evaluate.judgement import Judgement, Status
from coig_writer.evaluate.run_eval import judge_items
from coig_writer.files import read_jsonl, write_jsonl
from coig_writer.infer.models import opened
from coig_writer.llm.batch import Progress

Showing = Callable[[str], AbstractContextManager[Callable[[Progress], None]]]
"""Makes the progress display of one run from its name."""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found."""

    rows: list[Judgement]
    """By the first judge, in the order of the predictions."""
    second: list[Judgement]
    """By the second judge; empty without one."""
    files: dict[Path, Path]
    """Prediction → JSON Lines of its judgements."""
    judges: list[str]
    """As the user named them."""
    costs: list[Cost]
    """Of each judge."""
    unknown: list[str]
    """Ids of answers whose queries the reference does not have: judged without context and criteria."""

    @property
    def failed(self) -> list[Judgement]:
        """Rows that some judge did not manage to judge."""
        return [row for row in (*self.rows, *self.second) if row.status is Status.ERROR]

    @cached_property
    def summary(self) -> Summary:
        return summarise(self.rows, self.second)


def evaluate(
    items: Mapping[Path, Sequence[Item]],
    judges: Sequence[str],
    save_dir: Path,
    *,
    showing: Showing,
    repeats: int = 1,
    limit: int | None = None,
    concurrency: int | None = None,
    fresh: bool = False,
) -> Evaluation:
    """Lets one judge, or two, judge every prediction, and writes their judgements and ratings into `save_dir`.

    `NAME_with_status.jsonl` has a `Judgement` a row of the prediction NAME, `NAME_second_judge.jsonl` those of the
    second judge, and `ratings.jsonl` the ratings of both, for the first sample of each answer.

    Args:
        judges: one or two models, by any name that `infer --model` takes.

    Raises:
        SettingError: two predictions of one name, or the same judge twice.
        ModelError, StorageError, Interrupted: as `llm.batch.run_map`; what was judged is kept.
    """
    stems = [path.stem for path in items]
    if len(set(stems)) < len(stems):
        raise SettingError("two predictions have the same file name", remedy="Rename one: results are named by it.")
    if len(set(judges)) < len(judges):
        raise SettingError("the second judge is the first one", where="--second-judge", remedy="Name another model.")
    outs: list[dict[Path, Path]] = []
    costs = []
    for name, ending in zip(judges, ("with_status", "second_judge"), strict=False):
        outs.append({path: save_dir / f"{path.stem}_{ending}.jsonl" for path in items})
        with opened(name) as spec:
            for path, out in outs[-1].items():
                with showing(f"{name}: {path.stem}") as progress:
                    judge_items(
                        items[path],
                        out=out,
                        spec=spec,
                        repeats=repeats,
                        limit=limit,
                        concurrency=concurrency,
                        fresh=fresh,
                        progress=progress,
                    )
            costs.append(spent(outs[-1].values(), spec))
    rows = [[row for out in each.values() for row in read_jsonl(out, Judgement)] for each in outs]
    judged = [row for each in rows for row in each if row.status is Status.JUDGED and row.sample == 0]
    write_jsonl(save_dir / "ratings.jsonl", [row.rating() for row in judged])
    return Evaluation(
        rows=rows[0],
        second=rows[1] if len(rows) > 1 else [],
        files=outs[0],
        judges=list(judges),
        costs=costs,
        unknown=sorted({item.response.id for each in items.values() for item in each if not item.known}),
    )
