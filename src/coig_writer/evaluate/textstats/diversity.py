"""Lexical diversity of one text: the type-token ratio, and three measures that do not fall with length.

Every function takes the words of a text as numbers (int64, one a different word); NaN means that a text is too short
for the measure, or that it has no value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

WINDOW = 50
"""Words of MATTR's window."""
MTLD_THRESHOLD = 0.72
"""A factor ends where the running type-token ratio falls below it (McCarthy & Jarvis 2010)."""
MTLD_LEAST = 50
"""Words below which MTLD is an extrapolation from a part of one factor, and is left out."""
HDD_SAMPLE = 42
"""Words of the sample that HD-D imagines (McCarthy & Jarvis 2007)."""


@dataclass(frozen=True, slots=True)
class Diversity:
    """The four measures of one text; None where a text is too short."""

    ttr: float | None
    """Different words over words, 0–1."""
    mattr: float | None
    """Mean type-token ratio of all windows of 50 words (Covington & McFall 2010)."""
    mtld: float | None
    """Mean length in words of a stretch whose ratio stays above .72, forwards and backwards."""
    hdd: float | None
    """Expected type-token ratio of 42 words drawn from the text without putting back."""


def diversity(words: np.ndarray) -> Diversity:
    """All four measures of a text.

    Args:
        words: numbers of its words in order; equal words have equal numbers.
    """
    if not len(words):
        return Diversity(None, None, None, None)
    local = compact(words)
    types = int(local.max()) + 1
    return Diversity(
        ttr=types / len(local),
        mattr=_known(_mattr(local, types, WINDOW)),
        mtld=_known(_mtld(local, types)) if len(local) >= MTLD_LEAST else None,
        hdd=_known(_hdd(local, types)),
    )


def mtld(words: np.ndarray) -> float | None:
    """MTLD of a text of any length; None if its type-token ratio never falls, so that there is no factor."""
    local = compact(words)
    return _known(_mtld(local, int(local.max()) + 1)) if len(local) else None


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def compact(words: np.ndarray) -> np.ndarray:
    """The same words numbered 0, 1, 2 … without gaps."""
    return np.unique(words, return_inverse=True)[1].astype(np.int64)


@numba.njit(cache=True, nogil=True)
def _mattr(words, types, window):
    if len(words) < window:
        return np.nan
    counts = np.zeros(types, np.int64)
    different, total = 0, 0
    for place in range(len(words)):
        counts[words[place]] += 1
        different += counts[words[place]] == 1
        if place >= window:
            gone = words[place - window]
            counts[gone] -= 1
            different -= counts[gone] == 0
        if place >= window - 1:
            total += different
    return total / (window * (len(words) - window + 1))


@numba.njit(cache=True, nogil=True)
def _mtld(words, types):
    return (_factors(words, types) + _factors(words[::-1], types)) / 2


@numba.njit(cache=True, nogil=True)
def _factors(words, types):
    """Words a factor in one direction; the rest after the last whole factor counts in part."""
    seen = np.full(types, -1, np.int64)
    factors, start, different, ratio = 0.0, 0, 0, 1.0
    for place in range(len(words)):
        different += seen[words[place]] < start
        seen[words[place]] = place
        ratio = different / (place - start + 1)
        if ratio < MTLD_THRESHOLD:
            factors += 1
            start, different, ratio = place + 1, 0, 1.0
    factors += (1 - ratio) / (1 - MTLD_THRESHOLD)
    return len(words) / factors if factors > 0 else np.nan


@numba.njit(cache=True, nogil=True)
def _hdd(words, types):
    total = len(words)
    if total < HDD_SAMPLE:
        return np.nan
    counts = np.zeros(types, np.int64)
    for word in words:
        counts[word] += 1
    absent = np.ones(counts.max() + 1)  # chance that a word of so many occurrences is not in the sample
    for many in range(1, len(absent)):
        absent[many] = absent[many - 1] * max(total - HDD_SAMPLE - many + 1, 0) / (total - many + 1)
    found = 0.0
    for count in counts:
        found += 1 - absent[count]
    return found / HDD_SAMPLE
