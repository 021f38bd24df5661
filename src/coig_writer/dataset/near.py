"""Which texts are copies or near copies of some others that are to be kept apart, such as a benchmark's queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from coig_writer.annotate.overlap import Bare
from coig_writer.corpus import minhash
from coig_writer.corpus.dedup import DedupSettings

GRAM = 8
"""Characters of a run that counts when one text is looked for inside another."""


@dataclass(frozen=True)
class Match:
    """A text that is near one of those it was held against."""

    index: int
    """Place of that one in its list."""
    similarity: float
    """0–1: Jaccard similarity of character 5-grams, or the share of the other's 8-character runs that occur here."""


class Neighbourhood:
    """Texts that others are held against, by the signatures of `corpus.minhash`.

    Finds what reaches the threshold as `corpus.dedup` does: candidates that share a band, then exact similarity.

    Args:
        texts: those to be kept apart from; empty ones match nothing.
        settings: threshold and slack; `reach` has no meaning here.
    """

    def __init__(self, texts: Sequence[str], settings: DedupSettings | None = None) -> None:
        self._settings = settings or DedupSettings()
        self._texts = pa.array(texts, pa.large_string())
        sketch = minhash.sketch(self._texts)
        self._signatures = sketch.signatures
        rows = np.flatnonzero(sketch.filled)
        hashes = minhash.bands(sketch.signatures[rows])
        order = np.argsort(hashes.ravel(), kind="stable")
        self._bands = hashes.ravel()[order]
        self._owners = np.repeat(rows, minhash.BANDS)[order]

    def matches(self, texts: Sequence[str]) -> list[Match | None]:
        """For each text the nearest of the neighbourhood that reaches the threshold."""
        best: list[Match | None] = [None] * len(texts)
        if not len(self._bands) or not texts:
            return best
        array = pa.array(texts, pa.large_string())
        sketch = minhash.sketch(array)
        mine, theirs = self._candidates(sketch)
        likely = minhash.estimates(sketch.signatures[mine], self._signatures[theirs])
        chosen = likely >= self._settings.threshold - self._settings.slack
        mine, theirs = mine[chosen], theirs[chosen]
        exact = minhash.jaccard(array.take(pa.array(mine)), self._texts.take(pa.array(theirs)))
        for at, other, similarity in zip(mine.tolist(), theirs.tolist(), exact.tolist(), strict=True):
            known = best[at]
            if similarity >= self._settings.threshold and (known is None or similarity > known.similarity):
                best[at] = Match(other, similarity)
        return best

    def _candidates(self, sketch: minhash.Sketch) -> tuple[np.ndarray, np.ndarray]:
        """Pairs (row of the sketch, row of the neighbourhood) that share a band, in order, each once."""
        rows = np.flatnonzero(sketch.filled)
        hashes = minhash.bands(sketch.signatures[rows]).ravel()
        starts = np.searchsorted(self._bands, hashes, "left")
        counts = np.searchsorted(self._bands, hashes, "right") - starts
        mine = np.repeat(np.repeat(rows, minhash.BANDS), counts)
        within = np.arange(len(mine)) - np.repeat(np.cumsum(counts) - counts, counts)
        theirs = self._owners[np.repeat(starts, counts) + within]
        pairs = np.unique(np.stack([mine, theirs], axis=1), axis=0) if len(mine) else np.empty((0, 2), np.int64)
        return pairs[:, 0], pairs[:, 1]


class Quotations:
    """Texts that may stand inside longer ones, where their similarity as wholes is small.

    Args:
        texts: those that are looked for; one shorter than eight letters is looked for by nobody.
        share: part of its 8-character runs that must occur, 0–1.
    """

    def __init__(self, texts: Sequence[str], share: float = 0.6) -> None:
        self._share = share
        self._owners: dict[str, list[int]] = {}
        self._sizes: list[int] = []
        for at, text in enumerate(texts):
            grams = _grams(text)
            self._sizes.append(len(grams))
            for gram in grams:
                self._owners.setdefault(gram, []).append(at)

    def match(self, text: str) -> Match | None:
        """The text of which the greatest share occurs in this one, if it is enough."""
        found: Counter[int] = Counter()
        for gram in _grams(text):
            found.update(self._owners.get(gram, ()))
        shares = [(count / self._sizes[at], -at) for at, count in found.items()]
        share, at = max(shares, default=(0.0, 0))
        return Match(-at, share) if share >= self._share else None


def _grams(text: str) -> set[str]:
    bare = Bare.of(text).text
    return {bare[start : start + GRAM] for start in range(len(bare) - GRAM + 1)}
