"""Near copies among very many texts, in little memory: 392 bytes for each text, and no text is kept.

The signatures and bands are those of `corpus.minhash`. The values of the one are shortened to 16 bits, which makes one
in 65,536 unequal values look equal, those of the other to 32, which makes a few pairs more to be looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from coig_writer.corpus import minhash
from coig_writer.corpus.dedup import DedupSettings, neighbours

_PAIRS = 1 << 16


@dataclass(frozen=True)
class Sketch:
    """What is kept of some texts."""

    contents: np.ndarray
    """uint64, equal for copies; 0 for texts without shingles."""
    signatures: np.ndarray
    """uint16, texts × 128."""
    bands: np.ndarray
    """uint32, texts × 32."""


def sketch(texts: Sequence[str]) -> Sketch:
    """The sketch of some texts."""
    found = minhash.sketch(pa.array(texts, pa.large_string()))
    return Sketch(found.content, found.signatures.astype(np.uint16), minhash.bands(found.signatures).astype(np.uint32))


class Sketches:
    """What is known of texts that went by.

    Args:
        settings: threshold, slack and reach, as for `corpus.dedup`.
    """

    def __init__(self, settings: DedupSettings) -> None:
        self.settings = settings
        self._sketches: list[Sketch] = []
        self._starts = [0]

    def add(self, sketch: Sketch) -> None:
        """The next texts; a text's number is how many came before it."""
        self._sketches.append(sketch)
        self._starts.append(self._starts[-1] + len(sketch.contents))

    def candidates(self) -> np.ndarray:
        """Pairs (n × 2) of numbers of texts that are likely to be near copies, the earlier first, in order.

        Copies of one text stand in no pair but their first does.
        """
        if not self._sketches:
            return np.empty((0, 2), np.int64)
        content = np.concatenate([sketch.contents for sketch in self._sketches])
        firsts = np.unique(content, return_index=True)  # the first text of each content, in the order of contents
        found = [np.empty((0, 2), np.int64)]
        for band in range(minhash.BANDS):
            hashes = np.concatenate([sketch.bands[:, band] for sketch in self._sketches]).astype(np.uint64)
            ones, others = neighbours(content[content != 0], hashes[content != 0], self.settings.reach)
            rows = [firsts[1][np.searchsorted(firsts[0], side)] for side in (ones, others)]
            found.append(np.sort(np.stack(rows, axis=1), axis=1).astype(np.int64))
        pairs = np.unique(np.concatenate(found), axis=0)
        return pairs[self._likely(pairs)]

    def _likely(self, pairs: np.ndarray) -> np.ndarray:
        least = self.settings.threshold - self.settings.slack
        kept = [
            (self._rows(part[:, 0]) == self._rows(part[:, 1])).mean(axis=1) >= least
            for part in np.array_split(pairs, max(1, len(pairs) // _PAIRS + 1))
        ]
        return np.concatenate(kept)

    def _rows(self, numbers: np.ndarray) -> np.ndarray:
        """Signatures of texts by their numbers."""
        rows = np.empty((len(numbers), minhash.PERMUTATIONS), np.uint16)
        owners = np.searchsorted(self._starts, numbers, "right") - 1
        for owner in np.unique(owners):
            mine = owners == owner
            rows[mine] = self._sketches[owner].signatures[numbers[mine] - self._starts[owner]]
        return rows


def similarities(left: Sequence[str], right: Sequence[str]) -> np.ndarray:
    """Exact Jaccard similarity, 0–1, of the character 5-grams of texts row by row."""
    return minhash.jaccard(pa.array(left, pa.large_string()), pa.array(right, pa.large_string()))
