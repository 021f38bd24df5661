"""What goes into a release and what stays out, with the reason.

Every record that was read ends in exactly one of two lists, `released` or `withheld`, so that
counts in equal counts out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from pydantic import Field, ValidationError

from coig_writer.annotate.overlap import quoted_spans
from coig_writer.corpus.summary import Summary
from coig_writer.dataset.inputs import Call, Item, Source, as_released
from coig_writer.dataset.tombstones import Tombstone, Tombstones
from coig_writer.errors import CoigError, SettingError
from coig_writer.schema import (
    GATE_EACH,
    GATE_SUM,
    Coherence,
    Draft,
    DraftStatus,
    Gate,
    Record,
    Scores,
    Triplet,
    Verdict,
)
from coig_writer.taxonomy import resolve


class Reason(StrEnum):
    """Why a record is not in a release; the first that holds, in this order."""

    RETRACTED = "retracted"
    """It was taken down; see `dataset.tombstones`."""
    DUPLICATE = "duplicate_id"
    """Another record of the same id went further: reviewed before unreviewed, triplet before draft."""
    OPEN = "open"
    """Annotation steps are still to be done."""
    SCREENED_OUT = "screened_out"
    HELD = "held"
    """Kept back for a person to look at, such as a suspected prompt injection."""
    ERROR = "error"
    """A model call failed; the next `annotate run` asks again."""
    INCOMPLETE = "incomplete"
    """A part, the scores or a known genre is missing."""
    REMOVED = "removed_by_review"
    SENT_BACK = "sent_back_by_review"
    NEEDS_REFINEMENT = "needs_refinement"
    """The deciding scores do not pass the release's gate, or the draft failed a check."""
    UNREVIEWED = "unreviewed"
    """No person has accepted it; `include_unreviewed` lets it in, marked."""


class Withheld(Record):
    """One line of `not_released.jsonl`: which record stayed out and why, without its text."""

    id: str
    reason: Reason
    why: str
    where: str
    title: str | None = None
    url: str | None = None
    """Of the article, so that it can be taken down by its address."""
    genre: str | None = None
    total: int | None = None
    """Sum of the deciding six scores, where there are any."""
    record: Draft | Triplet | None = Field(None, exclude=True, repr=False)
    """What was read, for the report; it is never written out, so a release that is read back has None here."""


@dataclass(frozen=True)
class Rules:
    """What a triplet must meet to be released."""

    include_unreviewed: bool = False
    gate_sum: int = GATE_SUM
    gate_each: int = GATE_EACH

    def __post_init__(self) -> None:
        if not 6 <= self.gate_sum <= 60:
            raise SettingError(f"the gate's sum is {self.gate_sum}", remedy="Six scores of 1–10 add up to 6–60.")
        if not 1 <= self.gate_each <= 10:
            raise SettingError(f"the gate's least score is {self.gate_each}", remedy="Scores go from 1 to 10.")


@dataclass(frozen=True)
class Release:
    """Everything that the files of a release are made from."""

    title: str
    licence: str | None
    """Licence of the release as a whole; None where nobody has stated one."""
    rules: Rules
    sources: tuple[Source, ...]
    released: tuple[Triplet, ...]
    withheld: tuple[Withheld, ...]
    created: datetime | None = None
    """See `build.build_release`."""
    corpus: Summary | None = None
    """The summary of the corpus that the articles come from."""
    calls: tuple[Call, ...] = field(default=(), repr=False)
    """Model calls that were recorded beside the inputs."""
    gated: bool = True
    """Whether these rules chose what is in it; False for a set that came as it is."""
    tombstones: tuple[Tombstone, ...] = ()
    """What was taken down and must not come back."""

    @property
    def read(self) -> int:
        """How many records were read: each is either released or withheld."""
        return len(self.released) + len(self.withheld)

    @property
    def distinct(self) -> int:
        """How many different ids those records have."""
        return len({each.id for each in self.released} | {each.id for each in self.withheld})

    @property
    def reviewed(self) -> int:
        """How many released triplets a person has accepted."""
        return sum(triplet.reviewed for triplet in self.released)

    @property
    def reasons(self) -> dict[str, int]:
        """Reason → number of records withheld, in the order of `Reason`."""
        found = Counter(each.reason for each in self.withheld)
        return {reason.value: found[reason] for reason in Reason if found[reason]}

    @property
    def languages(self) -> list[str]:
        """Languages of the released articles, the most frequent first."""
        found = Counter(triplet.article.language for triplet in self.released if triplet.article.language)
        return [language for language, _ in found.most_common()]


def sort_out(
    items: Sequence[Item], rules: Rules, tombstones: Sequence[Tombstone] = ()
) -> tuple[list[Triplet], list[Withheld]]:
    """Released triplets and withheld records, each in the order of reading; together as many as `items`."""
    taken_down = Tombstones(tombstones)
    items = [replace(item, record=as_released(item.record)) for item in items]
    released: list[Triplet] = []
    withheld: list[Withheld] = []
    chosen = _furthest(items)
    for item in items:
        if stone := taken_down.over(item.record):
            withheld.append(_retracted(item, stone))
            continue
        taken = chosen[item.record.id]
        if item is not taken:
            withheld.append(_withhold(item, Reason.DUPLICATE, f"the record at {taken.where} has the same id"))
            continue
        outcome = _judge(item, rules)
        if isinstance(outcome, Triplet):
            released.append(outcome)
        else:
            withheld.append(outcome)
    return released, withheld


def _retracted(item: Item, stone: Tombstone) -> Withheld:
    """Without a title: a take-down leaves the id, the reason and the place."""
    return Withheld(id=item.record.id, reason=Reason.RETRACTED, why=stone.reason, where=item.where)


def _furthest(items: Sequence[Item]) -> dict[str, Item]:
    """Id → the record that went furthest; the first read among equals."""
    chosen: dict[str, Item] = {}
    for item in items:
        rival = chosen.get(item.record.id)
        if rival is None or _progress(item.record) > _progress(rival.record):
            chosen[item.record.id] = item
    return chosen


def _progress(record: Draft | Triplet) -> tuple[bool, bool, bool]:
    """People's decisions, refusals included, count more than a model's."""
    if isinstance(record, Draft):
        return False, False, record.status is DraftStatus.PASSED
    return any(review.by.startswith("human:") for review in record.reviews), True, True


def _judge(item: Item, rules: Rules) -> Triplet | Withheld:
    """The triplet to release, or why not."""
    record = item.record
    if isinstance(record, Draft) and not _may_pass(record):
        return _withhold(item, Reason(record.status.value), _why(record))
    try:
        triplet = _complete(record)
    except (ValueError, CoigError) as error:
        return _withhold(item, Reason.INCOMPLETE, _message(error))
    if refusal := _refusal(triplet):
        return _withhold(item, *refusal)
    if triplet.deciding_scores is None:
        return _withhold(item, Reason.INCOMPLETE, "nobody has scored it")
    coherence = record.coherence if isinstance(record, Draft) else None
    gate = Gate.of(triplet.deciding_scores, coherence or Coherence(), rules.gate_sum, rules.gate_each)
    if not gate.passed:
        return _withhold(item, Reason.NEEDS_REFINEMENT, "; ".join(gate.shortfalls))
    if not triplet.reviewed and not rules.include_unreviewed:
        return _withhold(item, Reason.UNREVIEWED, "no person has accepted it")
    return triplet


def _may_pass(draft: Draft) -> bool:
    """Whether the release's own gate decides: one that missed another gate may pass this one."""
    scored = draft.status is DraftStatus.NEEDS_REFINEMENT and draft.scores is not None
    return scored or draft.status is DraftStatus.PASSED


def _complete(record: Draft | Triplet) -> Triplet:
    """The record as a triplet of a known genre; raises when a part is missing."""
    triplet = record.to_triplet() if isinstance(record, Draft) else record
    resolve(triplet.genre)
    return triplet


def _message(error: ValueError | CoigError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)


def _why(draft: Draft) -> str:
    if draft.why:
        return draft.why
    if draft.gate and draft.gate.shortfalls:
        return "; ".join(draft.gate.shortfalls)
    if draft.failure:
        return f"{draft.failure.step}: {draft.failure.message}"
    return "no reason was recorded"


def _refusal(triplet: Triplet) -> tuple[Reason, str] | None:
    """A person's latest word against the triplet; it holds even where unreviewed triplets are let in."""
    latest = {review.by: review for review in triplet.reviews if review.by.startswith("human:")}
    for verdict, reason in ((Verdict.REMOVE, Reason.REMOVED), (Verdict.SEND_BACK, Reason.SENT_BACK)):
        for review in latest.values():
            if review.verdict is verdict:
                return reason, review.comment or f"{review.by} decided so in round {review.round}"
    return None


def deciding_scores(record: Draft | Triplet | None) -> Scores | None:
    """The six scores that count; None where there are none, or no record."""
    if record is None:
        return None
    return record.scores if isinstance(record, Draft) else record.deciding_scores


_MAY_QUOTE = {Reason.HELD, Reason.ERROR, Reason.REMOVED, Reason.SENT_BACK, Reason.NEEDS_REFINEMENT}
"""Reasons whose words come from a model, a server or a person, and may repeat what they are about."""


def _withhold(item: Item, reason: Reason, why: str) -> Withheld:
    record = item.record
    if reason in (Reason.HELD, Reason.ERROR):
        why = re.sub(r": “.*”$", "", why, flags=re.DOTALL)  # the sentence in question
    if reason in _MAY_QUOTE:
        why = _without_quotations(why, record.article.text)
    scores = deciding_scores(record)
    return Withheld(
        id=record.id,
        reason=reason,
        why=why,
        where=item.where,
        title=record.article.title,
        url=record.article.url,
        genre=record.article.genre if isinstance(record, Draft) else record.genre,
        total=scores.total if scores else None,
        record=record,
    )


def _without_quotations(why: str, text: str) -> str:
    """`why` with an ellipsis for every longer run of characters that it repeats of the article."""
    for span in quoted_spans(why, text, longer_than=7):
        if len(span) >= 12 or not span.isascii():  # eight letters of English are a word, eight characters a sentence
            why = why.replace(span, "…")
    return why
