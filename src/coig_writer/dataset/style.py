"""How much the texts of a group differ in wording: mean pairwise distance of character-trigram profiles.

A profile is the vector of the square roots of a text's trigram counts, brought to length one; the distance of two
is one minus their cosine, 0 for the same wording and 1 for no trigram in common. The mean over all pairs comes
from the sum of the profiles alone, so that no pair is ever looked at and texts need not be kept.

Trigrams fall into slots by a hash, and a second hash gives each a sign, so that two of them that meet in one slot
add as often as they take away (Weinberger et al., 2009, arXiv:0902.2206): long texts do not seem alike only because
they have many trigrams. What is left is noise, of about 1 / √slots for one pair, and less for a mean over pairs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

SLOTS = 1 << 18
"""Trigrams are told apart by a hash of so many values."""
_KEYS = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64)
_MIX = np.uint64(0xFF51AFD7ED558CCD)


def profile(text: str) -> tuple[np.ndarray, np.ndarray] | None:
    """The trigram profile of a text, white space left out: the slots that are not zero, and their values.

    None for fewer than three characters.
    """
    points = np.frombuffer("".join(text.split()).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    if len(points) < 3:
        return None
    hashes, counts = np.unique(
        points[:-2] * _KEYS[0] + points[1:-1] * _KEYS[1] + points[2:] * _KEYS[2], return_counts=True
    )
    hashes = (hashes ^ (hashes >> np.uint64(33))) * _MIX  # the sum alone would keep neighbouring characters near
    signs = 1 - 2 * ((hashes >> np.uint64(45)) & np.uint64(1)).astype(np.float64)
    slots, places = np.unique((hashes >> np.uint64(46)).astype(np.int64), return_inverse=True)
    return slots, np.bincount(places, signs * np.sqrt(counts / counts.sum()), len(slots))


class Variety:
    """Sums of profiles by group, as texts pass."""

    def __init__(self) -> None:
        self._sums: dict[str, np.ndarray] = {}
        self._squares: dict[str, float] = {}
        """Of each group the sum over its profiles of their squared lengths, which collisions move away from one."""
        self._counts: dict[str, int] = {}

    def add(self, group: str, text: str) -> None:
        found = profile(text)
        if found is None:
            return
        if group not in self._sums:
            self._sums[group], self._squares[group], self._counts[group] = np.zeros(SLOTS), 0.0, 0
        slots, values = found
        self._sums[group][slots] += values
        self._squares[group] += float(values @ values)
        self._counts[group] += 1

    def within(self) -> Mapping[str, float]:
        """Group → mean distance of two of its texts, at most 1; groups of one are absent."""
        return {
            group: min(1.0, 1 - (float(total @ total) - self._squares[group]) / (count * (count - 1)))
            for group, total in self._sums.items()
            if (count := self._counts[group]) > 1
        }

    def across(self) -> float | None:
        """Mean distance of two texts of different groups, at most 1; None for fewer than two groups."""
        if len(self._sums) < 2:
            return None
        whole = np.sum(list(self._sums.values()), axis=0)
        own = sum(float(total @ total) for total in self._sums.values())
        count = sum(self._counts.values())
        pairs = count**2 - sum(size**2 for size in self._counts.values())
        return min(1.0, 1 - (float(whole @ whole) - own) / pairs)
