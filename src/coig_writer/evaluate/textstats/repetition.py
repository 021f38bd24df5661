"""How much a text repeats itself, and how much the answers of one model repeat each other."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np

from coig_writer.evaluate.textstats.diversity import compact

ORDERS = (2, 3, 4)
"""Lengths of the n-grams of rep-n."""
BLEU_ORDERS = (1, 2, 3, 4)
COMPRESSION_LEVEL = 6


def repeated_shares(words: np.ndarray) -> tuple[float | None, ...]:
    """rep-2, rep-3, rep-4: one minus different n-grams over n-grams (Welleck et al. 2020); None for a shorter text.

    Args:
        words: numbers of the words in order.
    """
    if len(words) < ORDERS[0]:
        return (None,) * len(ORDERS)
    local = compact(words)
    types = int(local.max()) + 1
    return tuple(
        None if len(local) < order else 1 - _different(local, types, order) / (len(local) - order + 1)
        for order in ORDERS
    )


@numba.njit(cache=True, nogil=True)
def _different(words, types, order):
    """Different n-grams; exact while types to the power of n fit 63 bits, as they do up to 55,000 types."""
    grams = np.empty(len(words) - order + 1, np.int64)
    for place in range(len(grams)):
        gram = 0
        for offset in range(order):
            gram = gram * types + words[place + offset]
        grams[place] = gram
    grams.sort()
    found = 1
    for place in range(1, len(grams)):
        found += grams[place] != grams[place - 1]
    return found


def compression_ratio(text: str) -> float | None:
    """UTF-8 bytes over the bytes that DEFLATE (zlib, level 6) leaves of them: higher is more repetitive."""
    raw = text.encode("utf-8", "surrogatepass")
    return len(raw) / len(zlib.compress(raw, COMPRESSION_LEVEL)) if raw else None


@dataclass(frozen=True, slots=True)
class Across:
    """How alike several answers of one model are."""

    answers: int
    distinct: tuple[float | None, ...]
    """distinct-1 … distinct-4: different n-grams over n-grams, all answers together (Li et al. 2016)."""
    self_bleu: float | None
    """Mean BLEU-4 of each answer with all others as references (Zhu et al. 2018), 0–1; None for one answer."""
    compression_ratio: float | None
    """Of all answers as one text."""


def across(texts: Sequence[str], words: Sequence[Sequence[str]]) -> Across:
    """How alike some answers are.

    Args:
        texts: the answers; `words` their words, in the same order.
    """
    grams = [[_grams(each, order) for each in words] for order in BLEU_ORDERS]
    return Across(
        answers=len(texts),
        distinct=tuple(_distinct(each) for each in grams),
        self_bleu=self_bleu(words),
        compression_ratio=compression_ratio("\n".join(texts)),
    )


def _grams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(order)), strict=False))


def _distinct(grams: Sequence[Counter[tuple[str, ...]]]) -> float | None:
    total = sum(each.total() for each in grams)
    return len(set().union(*grams)) / total if total else None


def self_bleu(answers: Sequence[Sequence[str]]) -> float | None:
    """Mean over answers of BLEU-4 against all the others: clipped precisions, closest reference length.

    Where an order has no match, half a match is counted (Chen & Cherry 2014, method 1 with ε = ½), but an answer that
    shares no word with any other has 0, as in NLTK and sacreBLEU; an answer of fewer than four words counts by the
    orders that it has. An answer's n-gram is clipped by its greatest count in any other
    answer: to know the two greatest counts of each n-gram is enough, so the cost grows with words, not with pairs.
    """
    kept = [each for each in answers if each]
    if len(kept) < 2:
        return None
    precisions: list[list[float]] = [[] for _ in kept]
    for order in BLEU_ORDERS:
        counts = [_grams(each, order) for each in kept]
        best, second = _two_greatest(counts)
        for place, found in enumerate(counts):
            if total := found.total():
                matched = sum(
                    min(many, best[gram] if best[gram] > many else second[gram]) for gram, many in found.items()
                )
                precisions[place].append((matched or (0.5 if order > 1 else 0)) / total)
    lengths = sorted(map(len, kept))
    return sum(
        math.prod(shares) ** (1 / len(shares)) * _brevity(len(answer), lengths)
        for shares, answer in zip(precisions, kept, strict=True)
    ) / len(kept)


def _two_greatest(counts: Sequence[Counter]) -> tuple[Counter, Counter]:
    """For each n-gram its greatest count in one answer, and the next one in another answer."""
    best: Counter = Counter()
    second: Counter = Counter()
    for found in counts:
        for gram, many in found.items():
            if many > best[gram]:
                best[gram], second[gram] = many, best[gram]
            elif many > second[gram]:
                second[gram] = many
    return best, second


def _brevity(length: int, lengths: Sequence[int]) -> float:
    """BLEU's penalty of an answer shorter than the closest of the others; of two equally close the shorter counts.

    Args:
        lengths: of all answers, this one among them, in ascending order.
    """
    from bisect import bisect_left

    place = bisect_left(lengths, length)
    others = [lengths[each] for each in (place - 1, place + 1) if 0 <= each < len(lengths)]
    closest = min(others, key=lambda other: (abs(other - length), other))
    return 1.0 if length >= closest else math.exp(1 - closest / length)
