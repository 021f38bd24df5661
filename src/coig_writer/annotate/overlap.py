"""How much of one text stands literally in another: longest common run, quoted spans, n-gram overlap.

White space and punctuation do not count, so that a quotation is found although it was re-punctuated.
Articles reach 31,071 characters, and what is shared is nearly always short: cost and memory follow from that.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain


@dataclass(frozen=True)
class Bare:
    """A text without white space and punctuation, and where each remaining character stood."""

    text: str
    places: tuple[int, ...]

    @classmethod
    @lru_cache(maxsize=32)
    def of(cls, text: str) -> Bare:
        """Kept for the last few texts: one draft's checks ask for the same article again and again."""
        if _ORDINARY.fullmatch(text):
            runs = [run.span() for run in _INSIDE.finditer(text)]
            return cls(bare_text(text), tuple(chain.from_iterable(range(*run) for run in runs)))
        kept = [(char, place) for place, char in enumerate(text) if unicodedata.category(char)[0] in "LNM"]
        return cls("".join(char.casefold()[:1] for char, _ in kept), tuple(place for _, place in kept))


_ORDINARY = re.compile(
    "[\x00-\xde\xe0-\u012f\u2010-\u20cf\u20f1-\u2cee\u2e80-\u3029\u3030-\u3098\u309b-\ua4cf"
    "\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\U00020000-\U000323af]*"
)
"""Those for which `re` agrees with Unicode's categories: no combining marks, nothing that casefolding lengthens."""
_OUTSIDE = re.compile(r"[\W_]+")
_INSIDE = re.compile(r"[^\W_]+")


@lru_cache(maxsize=32)
def bare_text(text: str) -> str:
    """`Bare.of(text).text`, faster for ordinary texts, where nobody asks for the places."""
    return _OUTSIDE.sub("", text).casefold() if _ORDINARY.fullmatch(text) else Bare.of(text).text


_SEARCHED = 10_000_000
"""Product of two lengths up to which looking for each run is faster than hashing all: a reasoning and its article."""


def longest_common_run(first: str, second: str) -> int:
    """Length in characters of the longest run that both texts share (bare texts)."""
    if len(first) * len(second) <= _SEARCHED:
        longest = start = 0
        while start + longest < len(first):
            half, end = (longest + 1) // 2, start + longest + 1
            if half and first[start + half : end] not in second:
                start += half + 1  # no longer run begins up to there: it would hold what is not in the second
            elif first[start:end] in second:
                longest += 1
            else:
                start += 1
        return longest

    def shared(size: int) -> bool:  # a shared run implies shared runs of every shorter length
        return size <= min(len(first), len(second)) and not _hashes(first, size).isdisjoint(_hashes(second, size))

    low, high = 0, 1
    while shared(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if shared(middle) else (low, middle)
    return low


@lru_cache(maxsize=16)
def _hashes(text: str, size: int) -> frozenset[int]:
    """64-bit hashes of the grams: long grams themselves would fill the memory. An article's serve both parts."""
    return frozenset(hash(text[start : start + size]) for start in range(len(text) - size + 1))


def ngram_overlap(draft: str, article: str, size: int = 8) -> float:
    """Share (0–1) of the draft's character n-grams that occur in the article; 0 for a draft shorter than `size`."""
    grams = {draft[start : start + size] for start in range(len(draft) - size + 1)}
    return len(grams & _grams(article, size)) / len(grams) if grams else 0.0


@lru_cache(maxsize=2)
def _grams(article: str, size: int) -> frozenset[str]:
    """Prompt and reasoning are held against the same article one after the other."""
    return frozenset(article[start : start + size] for start in range(len(article) - size + 1))


def quoted_spans(draft: str, article: str, longer_than: int) -> list[str]:
    """The maximal runs of more than `longer_than` characters that the draft has in common with the article.

    Args:
        draft: text as written; the spans come back as they stand in it, with their punctuation.
        article: text as written.
        longer_than: characters, not counting punctuation, up to which a common run is no quotation.
    """
    size = longer_than + 1
    bare, source = bare_text(draft), bare_text(article)
    spans: list[tuple[int, int]] = []
    # A run of `size` holds a whole block of half that length, and few blocks occur in the article at all.
    block = (size + 1) // 2
    for at in range(0, len(bare) - block + 1, block):
        if bare[at : at + block] not in source:
            continue
        start = max(at + block - size, spans[-1][1] if spans else 0)
        while start <= min(at, len(bare) - size):
            if bare[start : start + size] not in source:
                start += 1
                continue
            end = start + size
            while end < len(bare) and bare[start : end + 1] in source:
                end += 1
            spans.append((start, end))
            start = end
    places = Bare.of(draft).places if spans else ()
    return [draft[places[start] : places[end - 1] + 1] for start, end in spans]
