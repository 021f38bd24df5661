"""The way from raw texts to released triplets, with what was lost at each stage and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from coig_writer.corpus.reasons import STAGES, stage_of
from coig_writer.corpus.summary import Summary
from coig_writer.dataset.release import Reason, Release, Withheld
from coig_writer.report.labels import CORPUS_REASONS, CORPUS_STAGES, WITHHELD, Label, named
from coig_writer.schema import Draft

_READ = Label("原始文本", "Raw texts")
_TAKEN_UP = Label("进入标注", "Taken up for annotation")
_WAITING = Label("留在语料里", "left in the corpus")
_JOINED = Label("并入更多记录", "With further records")
_ELSEWHERE = Label("另有来源", "from elsewhere")
_AGAIN = Label("同一编号再次读入", "same id read again")
_AFTER = {
    "distinct": Label("编号不重复", "Distinct records"),
    "screened": Label("通过初筛", "Screened in"),
    "drafted": Label("写出提示与思路", "Prompt and reasoning drafted"),
    "scored": Label("完成六项评分", "Six scores given"),
    "gate": Label("通过门槛", "Through the gate"),
    "review": Label("收入本次发布", "Released"),
}
_STAGE_OF = {
    Reason.RETRACTED: "review",
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
    """Of the largest stage, which is the first unless records joined in from elsewhere, 0–1."""
    losses: list[tuple[Label, int]] = field(default_factory=list)
    """What this stage took away, the commonest reason first."""
    gains: list[tuple[Label, int]] = field(default_factory=list)
    """What joined in here."""

    @property
    def lost(self) -> int:
        return sum(count for _, count in self.losses)

    @property
    def gained(self) -> int:
        return sum(count for _, count in self.gains)


def funnel(release: Release) -> list[Stage]:
    """Stages in order, each with what is left; each count is the one before less the losses and with the gains."""
    stages = [*_corpus_stages(release.corpus), *_release_stages(release)]
    most = max(each.count for each in stages) or 1
    return [replace(each, share=each.count / most) for each in stages]


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
    lost: dict[str, Counter[str]] = {stage: Counter() for stage in _AFTER}
    for each in release.withheld:
        lost[_stage(each)][each.reason.value] += 1
    stages = _taken_up(release)
    left = stages[-1].count
    for stage, label in _AFTER.items():
        if stage == "distinct" and not lost[stage]:
            continue
        left -= lost[stage].total()
        stages.append(Stage(label, left, losses=_labelled(lost[stage], WITHHELD)))
    return stages


def _taken_up(release: Release) -> list[Stage]:
    """From what the corpus kept, if one is given, to the records read: some may wait, others come from elsewhere."""
    read = release.read
    if release.corpus is None:
        return [Stage(_TAKEN_UP, read)]
    kept, distinct = release.corpus.kept, release.distinct
    gains = [(label, count) for label, count in ((_ELSEWHERE, distinct - kept), (_AGAIN, read - distinct)) if count > 0]
    joined = Stage(_JOINED, kept + sum(count for _, count in gains), gains=gains)
    waiting = joined.count - read
    taken = Stage(_TAKEN_UP, read, losses=[(_WAITING, waiting)] if waiting else [])
    return [joined, taken] if gains else [taken]


def _stage(withheld: Withheld) -> str:
    """The stage that a record did not get through; an unfinished one is placed by what it still lacks."""
    if withheld.reason in _STAGE_OF:
        return _STAGE_OF[withheld.reason]
    record = withheld.record
    if not isinstance(record, Draft):
        return "scored"
    if record.screening is None and record.prompt is None:
        return "screened"
    if record.prompt is None or record.reasoning is None:
        return "drafted"
    return "scored" if record.scores is None else "gate"


def _labelled(found: Counter[str], names: dict[str, Label]) -> list[tuple[Label, int]]:
    return [(named(names, code), count) for code, count in found.most_common()]
