"""What a set of triplets consists of: counts and lengths, scores, reviews, people's share of the wording, sources.

Triplets pass one by one and are not kept, so that a set of any size fits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coig_writer.dataset.counts import Group, Tally, mean, quantile
from coig_writer.dataset.sets import TripletSet
from coig_writer.schema import DIMENSIONS, Article, Scores, Triplet, Verdict
from coig_writer.taxonomy import Part

STEPS = 10_000
"""Steps in which people's share is counted, so that a million texts take the room of ten thousand numbers."""
NOT_COUNTRIES = frozenset({"ai", "cc", "co", "eu", "fm", "gg", "io", "la", "me", "sh", "so", "tv", "ws"})
"""Two-letter domains that say little about where a site is."""
_COUNTRY = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?[^/?#:@]*[^.\d/?#:@]\.([a-z]{2})(?=[/?#:]|$)")


@dataclass(frozen=True)
class HumanShare:
    """How much of a part was reworded after a model had drafted it."""

    part: Part
    shares: Mapping[int, int]
    """Share of the wording that is people's, in steps of 1 / `STEPS` → number of texts; see `human_share`."""

    @property
    def count(self) -> int:
        """Texts that have a model's draft beside them."""
        return sum(self.shares.values())

    @property
    def mean(self) -> float:
        """0–1, over texts."""
        return mean(self.shares) / STEPS

    @property
    def median(self) -> float:
        return quantile(self.shares, 0.5) / STEPS

    @property
    def untouched(self) -> int:
        """Texts that stand as the model drafted them, to the character."""
        return self.shares.get(0, 0)


@dataclass(frozen=True)
class RaterScores:
    """What one rater gave, over all rounds."""

    by: str
    count: int
    """Triplets scored; one scored twice counts twice."""
    means: Mapping[str, float]
    """Dimension → mean score."""

    @property
    def mean_total(self) -> float:
        return sum(self.means.values())


@dataclass(frozen=True)
class ReviewCounts:
    """How triplets were reviewed by people."""

    reviewers: Mapping[int, int]
    """Number of different reviewers → number of triplets."""
    first_round: int
    """Triplets that people reviewed in a first round."""
    accepted_first: int
    """Of those, accepted there by everybody."""

    @property
    def first_pass(self) -> float | None:
        """Share accepted in the first round, 0–1; the paper reports about 0.7 (section 2.3)."""
        return self.accepted_first / self.first_round if self.first_round else None


@dataclass(frozen=True)
class Sources:
    """Where the articles are from; what is not recorded is counted under None."""

    platforms: Mapping[str | None, int]
    months: Mapping[str | None, int]
    """`YYYY-MM` of publication."""
    regions: Mapping[str | None, int]
    """Country domain of the address (`cn`, `tw`), see `region_of`."""
    languages: Mapping[str | None, int]
    """Language with the script where it is known: `zh-hans`."""
    licences: Mapping[str | None, int]


@dataclass(frozen=True)
class Statistics:
    """Everything that `dataset stats` reports of a set."""

    overall: Group
    categories: list[Group]
    genres: list[Group]
    scores: Mapping[str, Mapping[int, int]]
    """Dimension → deciding score → number of triplets; all empty where nothing is scored."""
    raters: list[RaterScores]
    """The most active first."""
    reviews: ReviewCounts
    human: list[HumanShare]
    """Prompt and reasoning, as far as there are drafts by a model."""
    sources: Sources

    @property
    def count(self) -> int:
        return self.overall.count


def statistics_of(triplets: Iterable[Triplet]) -> Statistics:
    """The statistics of triplets that pass once and are not kept; those of large files in several processes."""
    found = _Gathering()
    if isinstance(triplets, TripletSet):
        for part in triplets.in_blocks(_gathered):
            found.add_all(part)
    else:
        for triplet in triplets:
            found.add(triplet)
    return found.result()


def _gathered(block: Sequence[tuple[str, Triplet]]) -> _Gathering:
    found = _Gathering()
    for _, triplet in block:
        found.add(triplet)
    return found


class _Gathering:
    """What has been counted so far."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.scores: dict[str, Counter[int]] = {name: Counter() for name in DIMENSIONS}
        self.raters: dict[str, tuple[Counter[str], Counter[str]]] = {}
        self.reviewers: Counter[int] = Counter()
        self.first: Counter[bool] = Counter()
        self.human: dict[Part, Counter[int]] = {"prompt": Counter(), "reasoning": Counter()}
        self.sources: dict[str, Counter[str | None]] = {
            name: Counter() for name in ("platforms", "months", "regions", "languages", "licences")
        }

    def add(self, triplet: Triplet) -> None:
        self.tally.add(triplet)
        self._add_source(triplet.article)
        if triplet.scores:
            self._add_scores(triplet)
        if triplet.reviews:
            self._add_reviews(triplet)
        else:
            self.reviewers[0] += 1
        for part, draft, text in _drafts(triplet):
            share = human_share(draft, text)
            self.human[part][max(1, round(STEPS * share)) if share else 0] += 1  # none is only what is the very draft

    def add_all(self, other: _Gathering) -> None:
        """All that another one has counted."""
        self.tally.add_all(other.tally)
        for by, counters in other.raters.items():
            for counter, more in zip(self.raters.setdefault(by, (Counter(), Counter())), counters, strict=True):
                counter.update(more)
        self.reviewers.update(other.reviewers)
        self.first.update(other.first)
        mappings: list[tuple[dict, dict]] = [
            (self.scores, other.scores),
            (self.human, other.human),
            (self.sources, other.sources),
        ]
        for mine, theirs in mappings:
            for name, counter in theirs.items():
                mine[name].update(counter)

    def _add_source(self, article: Article) -> None:
        self.sources["platforms"][article.platform] += 1
        self.sources["months"][article.published.isoformat()[:7] if article.published else None] += 1
        self.sources["regions"][region_of(article.url)] += 1
        language = f"{article.language}-{article.script}" if article.script else article.language
        self.sources["languages"][language] += 1
        self.sources["licences"][article.licence] += 1

    def _add_scores(self, triplet: Triplet) -> None:
        deciding = triplet.deciding_scores
        for scores in triplet.scores:
            self._add_rater(scores)
        if deciding:
            for name in DIMENSIONS:
                self.scores[name][getattr(deciding, name)] += 1

    def _add_rater(self, scores: Scores) -> None:
        count, sums = self.raters.setdefault(scores.by, (Counter(), Counter()))
        count["scores"] += 1
        for name in DIMENSIONS:
            sums[name] += getattr(scores, name)

    def _add_reviews(self, triplet: Triplet) -> None:
        people = [review for review in triplet.reviews if review.by.startswith("human:")]
        self.reviewers[len({review.by for review in people})] += 1
        first = [review.verdict is Verdict.ACCEPT for review in people if review.round == 1]
        if first:
            self.first[all(first)] += 1

    def result(self) -> Statistics:
        raters = [
            RaterScores(by, count["scores"], {name: sums[name] / count["scores"] for name in DIMENSIONS})
            for by, (count, sums) in self.raters.items()
        ]
        return Statistics(
            overall=self.tally.overall(),
            categories=self.tally.categories(),
            genres=self.tally.genres(),
            scores=self.scores,
            raters=sorted(raters, key=lambda each: (-each.count, each.by)),
            reviews=ReviewCounts(dict(sorted(self.reviewers.items())), self.first.total(), self.first[True]),
            human=[HumanShare(part, shares) for part, shares in self.human.items() if shares],
            sources=Sources(**self.sources),
        )


def _drafts(triplet: Triplet) -> list[tuple[Part, str, str]]:
    """(part, a model's draft, the text as it stands), for the parts that have such a draft."""
    origin = triplet.provenance
    if origin.drafted_by and origin.drafted_by.startswith("human:"):
        return []
    pairs: list[tuple[Part, str | None, str]] = [
        ("prompt", origin.draft_prompt, triplet.prompt),
        ("reasoning", origin.draft_reasoning, triplet.reasoning),
    ]
    return [(part, draft, text) for part, draft, text in pairs if draft]


def human_share(draft: str, text: str) -> float:
    """How far a text is from the draft it grew out of, 0–1: edit distance by the length of the longer one.

    Levenshtein distance over characters, by rapidfuzz. 0 is the draft as it was; 1 leaves no character in place.
    A text that moves paragraphs about counts as reworded, for the distance knows no moves.
    """
    if draft == text:
        return 0.0
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.normalized_distance(draft, text)


def region_of(url: str | None) -> str | None:
    """The country domain of a web address (`cn` of `https://a.com.cn/1`); None where the address does not say.

    It tells where a site is registered, not where an author lives; `.com` and the like tell nothing.
    """
    found = _COUNTRY.match(url.lower()) if url else None
    return found[1] if found and found[1] not in NOT_COUNTRIES else None
