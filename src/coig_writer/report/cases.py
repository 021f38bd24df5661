"""Single triplets and drafts as the page shows them: three samples, and what still needs work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coig_writer.dataset.release import Reason, Release, Rules, Withheld, deciding_scores
from coig_writer.report import labels
from coig_writer.report.labels import Label
from coig_writer.schema import Draft, Finding, Scores, Triplet
from coig_writer.taxonomy import Genre, genres

SAMPLES = 3
OPENING = 1500
"""So many characters of a long article stand open on the page; the rest unfolds."""
LONG = 2500
"""An article longer than this is shown in two parts."""


@dataclass(frozen=True)
class Case:
    """A triplet, or a draft that has come as far as scores, ready to be set."""

    id: str
    title: str | None
    genre: Genre
    article: str
    prompt: str
    reasoning: str
    scores: Scores
    rules: Rules
    released: bool
    reviewed: bool
    drafted_by: str | None
    author: str | None = None
    url: str | None = None
    licence: str | None = None
    language: str = "zh"
    shortfalls: tuple[Label, ...] = ()
    findings: tuple[Finding, ...] = ()
    verdict: str | None = None
    """What the model said about whether the three belong together."""
    holds: bool | None = None

    @property
    def opening(self) -> tuple[str, str]:
        """The article in two parts, the second empty unless it is long; joined they are the article."""
        if len(self.article) <= LONG:
            return self.article, ""
        cut = self.article.rfind("\n", OPENING // 2, OPENING) + 1 or OPENING
        return self.article[:cut], self.article[cut:]

    @property
    def verse(self) -> bool:
        """Whether line breaks are part of the text: poems, scripts, and anything set in short lines."""
        lines = [line for line in self.article.splitlines() if line.strip()]
        short = len(lines) > 3 and sum(map(len, lines)) / len(lines) < 18
        return self.genre.category in ("poetry", "script") or short

    @property
    def marks(self) -> list[tuple[Label, int, bool]]:
        """(dimension, score, whether it is short of the gate) for all six."""
        least = self.rules.gate_each
        return [(labels.DIMENSIONS[name], value, value < least) for name, value in self.scores.values.items()]

    @property
    def sum_is_short(self) -> bool:
        return self.scores.total < self.rules.gate_sum


def samples(release: Release) -> list[Case]:
    """Three cases that show the range: the highest, the middle and the lowest sum among the released.

    Where fewer were released, those that came nearest fill up, and say that they were not released.
    """
    ranked = sorted(release.released, key=lambda each: (-_total(each), each.id))
    if len(ranked) > SAMPLES:
        ranked = _spread(ranked)
    near = needing_refinement(release)[: SAMPLES - len(ranked)]
    return [_of_triplet(each, release.rules) for each in ranked] + near


def _total(triplet: Triplet) -> int:
    return triplet.deciding_scores.total if triplet.deciding_scores else 0


def _spread(ranked: Sequence[Triplet]) -> list[Triplet]:
    """First, middle and last of more than three, in different genres where that is possible nearby."""
    chosen = [ranked[0]]
    for start, stop in ((len(ranked) // 2, len(ranked)), (len(ranked) - 1, len(ranked))):
        candidates = [*ranked[start:stop], *reversed(ranked[:start])]
        taken = {each.id for each in chosen}
        fresh = [each for each in candidates if each.id not in taken]
        used = {each.genre for each in chosen}
        chosen.append(next((each for each in fresh if each.genre not in used), fresh[0]))
    return sorted(chosen, key=lambda each: (-_total(each), each.id))


def needing_refinement(release: Release) -> list[Case]:
    """Complete cases that the gate or a check held back, the nearest to passing first."""
    found = [_unreleased(each.record, release.rules) for each in release.withheld if each.record and _is_case(each)]
    return sorted(found, key=lambda case: (-case.scores.total, len(case.shortfalls), case.id))


def left_out_otherwise(release: Release) -> list[Withheld]:
    """Every withheld record that `needing_refinement` does not show."""
    return [each for each in release.withheld if not _is_case(each)]


def _is_case(withheld: Withheld) -> bool:
    """Whether a withheld record needs refinement and has all that a case shows."""
    return withheld.reason is Reason.NEEDS_REFINEMENT and deciding_scores(withheld.record) is not None


def _unreleased(record: Draft | Triplet, rules: Rules) -> Case:
    """The case of a record that needs refinement."""
    coherence = record.coherence if isinstance(record, Draft) else None
    triplet = record.to_triplet() if isinstance(record, Draft) else record
    assert triplet.deciding_scores is not None  # `_is_case` has seen to it
    short = triplet.deciding_scores.shortfalls(rules.gate_sum, rules.gate_each)
    return _of_triplet(
        triplet,
        rules,
        released=False,
        shortfalls=tuple(map(labels.shortfall, short)),
        findings=tuple(coherence.findings) if coherence else (),
        verdict=coherence.reason if coherence else None,
        holds=coherence.holds if coherence else None,
    )


def _of_triplet(triplet: Triplet, rules: Rules, *, released: bool = True, **more) -> Case:
    """The case of a scored triplet; `more` are further fields of `Case`."""
    scores = triplet.deciding_scores
    assert scores is not None  # only scored triplets get here
    article = triplet.article
    return Case(
        id=triplet.id,
        title=article.title,
        genre=genres()[triplet.genre],
        article=article.text,
        prompt=triplet.prompt,
        reasoning=triplet.reasoning,
        scores=scores,
        rules=rules,
        released=released,
        reviewed=triplet.reviewed,
        drafted_by=triplet.provenance.drafted_by,
        author=article.author,
        url=article.url,
        licence=article.licence,
        language=article.language or "zh",
        **more,
    )
