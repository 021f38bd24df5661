"""Whether reasonings read as if cut from one pattern: shared openings, and runs of characters that recur."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coig_writer.annotate.overlap import Bare

OPENING = 10
"""Characters of an opening, not counting white space and punctuation."""
GRAM = 12
"""Characters of a run."""
PHRASES = 12
"""So many of the commonest phrases are named."""
_PIECE = 6
"""A phrase that has so many characters in a row in common with a commoner one is not named beside it."""
_KEY = np.uint64(0x100000001B3)


@dataclass(frozen=True)
class Phrase:
    """Words that several reasonings have in common."""

    text: str
    count: int
    """Reasonings that have them."""


@dataclass(frozen=True)
class Templated:
    """How much reasonings share with each other."""

    count: int
    openings: list[Phrase]
    """Those that at least `least` reasonings begin with, the commonest first."""
    shared_opening: float
    """Share of reasonings that begin so, 0–1."""
    repeated: list[float]
    """For each reasoning, in order, the share of its runs that also occur in at least `least` − 1 others, 0–1."""
    phrases: list[Phrase]
    """The commonest runs, grown to phrases."""
    least: int

    @property
    def mean_repeated(self) -> float:
        return sum(self.repeated) / len(self.repeated) if self.repeated else 0.0


def templated(reasonings: Sequence[str], least: int = 3) -> Templated:
    """How much some reasonings share; what fewer than `least` of them share does not count."""
    bare = [Bare.of(text).text for text in reasonings]
    begun = Counter(text[:OPENING] for text in bare if len(text) >= OPENING)
    openings = [Phrase(text, count) for text, count in begun.most_common() if count >= least]
    runs = [_hashes(text) for text in bare]
    known, counts = _frequencies(runs)
    return Templated(
        count=len(reasonings),
        openings=openings,
        shared_opening=sum(each.count for each in openings) / len(reasonings) if reasonings else 0.0,
        repeated=[float(np.mean(_lookup(run, known, counts) >= least)) if len(run) else 0.0 for run in runs],
        phrases=_phrases(bare, runs, known, counts, least),
        least=least,
    )


def _hashes(text: str) -> np.ndarray:
    """A 64-bit hash of each run of the text, in order."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    if len(points) < GRAM:
        return np.empty(0, np.uint64)
    total = np.zeros(len(points) - GRAM + 1, np.uint64)
    for at in range(GRAM):
        total = (total * _KEY) ^ points[at : at + len(total)]
        total = total ^ (total >> np.uint64(29))
    return total


def _frequencies(runs: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(hashes in order, in how many texts each occurs)"""
    if not runs:
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    return np.unique(np.concatenate([np.unique(run) for run in runs]), return_counts=True)


def _lookup(run: np.ndarray, known: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return counts[np.searchsorted(known, run)]


def _phrases(
    texts: Sequence[str], runs: Sequence[np.ndarray], known: np.ndarray, counts: np.ndarray, least: int
) -> list[Phrase]:
    """The commonest runs, each grown to both sides as long as most of its texts go on in the same way."""
    spans: dict[str, int] = {}
    for text, run in zip(texts, runs, strict=True):
        frequent = _lookup(run, known, counts) if len(run) else np.empty(0, np.int64)
        at = 0
        while at < len(frequent):
            if frequent[at] < least:
                at += 1
                continue
            end = at + 1
            while end < len(frequent) and 0.8 * frequent[at] <= frequent[end] <= 1.25 * frequent[at]:
                end += 1
            spans.setdefault(text[at : end + GRAM - 1], int(frequent[at:end].min()))
            at = end
    found: list[Phrase] = []
    taken: set[str] = set()
    for text, count in sorted(spans.items(), key=lambda pair: (-pair[1], -len(pair[0]), pair[0])):
        pieces = {text[at : at + _PIECE] for at in range(len(text) - _PIECE + 1)}
        if taken.isdisjoint(pieces):
            found.append(Phrase(text, count))
            taken |= pieces
        if len(found) == PHRASES:
            break
    return found
