"""The way from raw texts to released triplets, with what was lost at each stage and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from coig_writer.corpus.reasons import STAGES, stage_of
from coig_writer.corpus.summary import Summary
from coig_writer.dataset.inputs import Item
from coig_writer.dataset.release import Reason, Release, Withheld
from coig_writer.report.labels import CORPUS_REASONS, CORPUS_STAGES, WITHHELD, Label, named
from coig_writer.schema import Draft

_READ = Label("原始文本", "Raw texts")
_TAKEN_UP = Label("进入标注", "Taken up for annotation")
_WAITING = Label("留在语料里", "left in the corpus")
_AFTER = {
    "distinct": Label("编号不重复", "Distinct records"),
    "screened": Label("通过初筛", "Screened in"),
    "drafted": Label("写出提示与思路", "Prompt and reasoning drafted"),
    "scored": Label("打出六项分数", "Scored six times"),
    "gate": Label("通过门槛", "Through the gate"),
    "review": Label("收入本次发布", "Released"),
}
_STAGE_OF = {
    Reason.DUPLICATE: "distinct",
    Reason.SCREENED_OUT: "screened",
    Reason.NEEDS_REFINEMENT: "gate",
    Reason.SENT_BACK: "review",
    Reason.REMOVED: "review",
    Reason.UNREVIEWED: "review",
}


@dataclass(frozen=True)
class Stage:
    """What was left after one stage."""

    label: Label
    count: int
    share: float = 1.0
    """Of the first stage, 0–1."""
    losses: list[tuple[Label, int]] = field(default_factory=list)
    """What this stage took away, the commonest reason first."""

    @property
    def lost(self) -> int:
        return sum(count for _, count in self.losses)


def funnel(release: Release) -> list[Stage]:
    """Stages in order, each with what is left; counts fall by exactly the losses within corpus and annotation."""
    stages = [*_corpus_stages(release.corpus), *_release_stages(release)]
    first = stages[0].count or 1
    return [Stage(each.label, each.count, each.count / first, each.losses) for each in stages]


def _corpus_stages(summary: Summary | None) -> list[Stage]:
    """From the `read` and `rejected` of a corpus summary; stages that took nothing away are left out."""
    if summary is None:
        return []
    left = summary.read
    stages = [Stage(_READ, left)]
    for stage in STAGES:
        found = Counter(
            {reason: count for reason, count in summary.rejected.items() if stage_of(reason) == stage and count}
        )
        if found.total():
            left -= found.total()
            stages.append(Stage(CORPUS_STAGES[stage], left, losses=_labelled(found, CORPUS_REASONS)))
    return stages


def _release_stages(release: Release) -> list[Stage]:
    items = {item.where: item for item in release.items}
    lost: dict[str, Counter[str]] = {stage: Counter() for stage in _AFTER}
    for each in release.withheld:
        lost[_stage(each, items[each.where])][each.reason.value] += 1
    left = len(release.items)
    waiting = release.corpus.kept - left if release.corpus else 0
    stages = [Stage(_TAKEN_UP, left, losses=[(_WAITING, waiting)] if waiting > 0 else [])]
    for stage, label in _AFTER.items():
        if stage == "distinct" and not lost[stage]:
            continue
        left -= lost[stage].total()
        stages.append(Stage(label, left, losses=_labelled(lost[stage], WITHHELD)))
    return stages


def _stage(withheld: Withheld, item: Item) -> str:
    """The stage that a record did not get through; an unfinished one is placed by what it still lacks."""
    if withheld.reason in _STAGE_OF:
        return _STAGE_OF[withheld.reason]
    record = item.record
    if not isinstance(record, Draft):
        return "scored"
    if record.screening is None and record.prompt is None:
        return "screened"
    if record.prompt is None or record.reasoning is None:
        return "drafted"
    return "scored" if record.scores is None else "gate"


def _labelled(found: Counter[str], names: dict[str, Label]) -> list[tuple[Label, int]]:
    return [(named(names, code), count) for code, count in found.most_common()]
