"""What is wrong with a set as a whole: too little of something, too much of one source, wording from one pattern."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappush, heappushpop

from pydantic import BaseModel, ConfigDict, Field

from coig_writer.corpus.dedup import DedupSettings
from coig_writer.dataset.counts import OUTSIDE, Tally, slug_of, text_of
from coig_writer.dataset.sensitive import Mentions, Register
from coig_writer.dataset.spread import Spread
from coig_writer.dataset.style import Variety
from coig_writer.dataset.templated import Templated, templated
from coig_writer.schema import Triplet
from coig_writer.taxonomy import PARTS, Part, categories, genres, published

NAMELESS = frozenset(
    {"佚名", "匿名", "无名", "无名氏", "未知", "网友", "匿名用户", "anonymous", "unknown", "n/a", "none", ""}
)
"""What stands where no author is known."""


class AuditSettings(BaseModel):
    """From what on something is worth a finding; shares are 0–1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    least: int = Field(15, ge=1)
    """Triplets that each category should have (paper, section 2.3); genres are listed with their own shortfall."""
    platform_share: float = Field(0.4, gt=0, le=1)
    month_share: float = Field(0.25, gt=0, le=1)
    author_share: float = Field(0.05, gt=0, le=1)
    """Largest share that one platform, month or author may have."""
    unknown_share: float = Field(0.5, gt=0, le=1)
    """From this share of unrecorded names on, the spread cannot be judged."""
    variety: float = Field(0.8, gt=0, le=1)
    """A genre's texts should differ at least this much, as a part of how texts of different genres differ."""
    variety_least: int = Field(5, ge=2)
    """Genres with fewer triplets are not judged by it."""
    opening_share: float = Field(0.1, gt=0, le=1)
    repeated_share: float = Field(0.05, gt=0, le=1)
    """Mean share of a reasoning's runs of 12 characters that recur in others."""
    sample: int = Field(20_000, ge=1)
    """Near copies and shared wording are looked for among so many triplets, chosen by the hash of their ids."""
    near: DedupSettings = DedupSettings()


@dataclass(frozen=True)
class Cluster:
    """Triplets that have a part nearly in common."""

    part: Part
    ids: tuple[str, ...]
    genres: tuple[str, ...]
    """Genres that occur in it."""


@dataclass(frozen=True)
class Audit:
    """All that was looked at; `dataset.findings` says what is wrong with it."""

    count: int
    settings: AuditSettings
    categories: list[tuple[str, int]]
    """(slug, triplets) of every category that the paper has, also of those that are missing."""
    genres: list[tuple[str, int, float | None]]
    """(slug, triplets, mean distance of its articles) of every genre of those categories."""
    spreads: Mapping[str, Spread]
    """Of `platform`, `month` and `author`."""
    across: float | None
    """Mean distance of two articles of different genres."""
    clusters: list[Cluster]
    """The largest first."""
    reasoning: Templated
    mentions: list[Mentions]
    """By attribute, the most frequent first."""
    sampled: int
    """Triplets among which near copies and shared wording were looked for."""


def audit(triplets: Iterable[Triplet], settings: AuditSettings | None = None) -> Audit:
    """The audit of triplets that pass once; texts of a sample are kept for comparison, the rest is counted."""
    settings = settings or AuditSettings()
    gathered = _Gathering(settings)
    for triplet in triplets:
        gathered.add(triplet)
    return gathered.result()


@dataclass
class _Gathering:
    """What has been counted so far."""

    settings: AuditSettings
    tally: Tally = field(default_factory=Tally)
    variety: Variety = field(default_factory=Variety)
    register: Register = field(default_factory=Register)
    names: dict[str, Counter[str | None]] = field(
        default_factory=lambda: {name: Counter() for name in ("platform", "month", "author")}
    )
    sample: list[tuple[int, int, Triplet]] = field(default_factory=list)
    """A heap of (negated hash of the id, running number, triplet): the least hashes stay."""
    count: int = 0

    def add(self, triplet: Triplet) -> None:
        self.count += 1
        self.tally.add(triplet)
        genre = slug_of(triplet.genre)
        self.variety.add(genre if genre in genres() else OUTSIDE.slug, triplet.article.text)  # two megabytes a group
        self.register.add(triplet)
        article = triplet.article
        self.names["platform"][article.platform] += 1
        self.names["month"][article.published.isoformat()[:7] if article.published else None] += 1
        self.names["author"][author_of(triplet)] += 1
        entry = (-_hash(triplet.id), self.count, triplet)
        if len(self.sample) < self.settings.sample:
            heappush(self.sample, entry)
        else:
            heappushpop(self.sample, entry)

    def result(self) -> Audit:
        sample = [triplet for _, _, triplet in sorted(self.sample, key=lambda entry: entry[1])]
        counts = {group.slug: group.count for group in (*self.tally.categories(), *self.tally.genres())}
        within = self.variety.within()
        return Audit(
            count=self.count,
            settings=self.settings,
            categories=[(slug, counts.get(slug, 0)) for slug in categories() if slug in published()],
            genres=[
                (slug, counts.get(slug, 0), within.get(slug))
                for slug, genre in genres().items()
                if genre.category in published()
            ],
            spreads={name: Spread.of(found) for name, found in self.names.items()},
            across=self.variety.across(),
            clusters=near_copies(sample, self.settings.near),
            reasoning=templated([triplet.reasoning for triplet in sample]),
            mentions=sorted(self.register.found.values(), key=lambda each: (-each.triplets, each.attribute)),
            sampled=len(sample),
        )


def author_of(triplet: Triplet) -> str | None:
    """The author as recorded; None where there is none, or a word that means so."""
    name = (triplet.article.author or "").strip()
    return None if name.casefold() in NAMELESS else name


def near_copies(triplets: Sequence[Triplet], settings: DedupSettings) -> list[Cluster]:
    """Groups of triplets with nearly the same article, prompt or reasoning, the largest first."""
    if len(triplets) < 2:
        return []
    import daft

    from coig_writer.corpus.dedup import find_clusters

    found: list[Cluster] = []
    for part in PARTS:
        keys = [f"{at:09}" for at in range(len(triplets))]
        frame = daft.from_pydict({"key": keys, "text": [text_of(triplet, part) for triplet in triplets]})
        members: dict[str, list[Triplet]] = {}
        for row in find_clusters(frame, key="key", text="text", settings=settings).to_pylist():
            members.setdefault(row["cluster"], []).append(triplets[int(row["key"])])
        found += [_cluster(part, group) for group in members.values()]
    return sorted(found, key=lambda each: (-len(each.ids), PARTS.index(each.part), each.ids))


def _cluster(part: Part, members: Sequence[Triplet]) -> Cluster:
    return Cluster(
        part,
        tuple(triplet.id for triplet in members),
        tuple(dict.fromkeys(slug_of(triplet.genre) for triplet in members)),
    )


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
