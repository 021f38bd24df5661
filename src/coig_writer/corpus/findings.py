"""What the five dimensions share: the text as they look at it, and the findings that they make."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Literal

SERIOUS = 0.6
"""Penalty of a finding that refuses a text by itself at the default thresholds."""
PLAIN = 0.3
"""Penalty of a fault; two of one dimension refuse a text."""
SLIGHT = 0.1
"""Penalty of a blemish."""

Shape = Literal["prose", "verse", "short"]

SENTENCE_END = tuple("。！？!?…”’」』）)》】〉〕］]~～♪.")
_PAUSES = re.compile(r"[，。！？；、,!?;\s]+")
_HAN_ONLY = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af□]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that speaks against a text: the rule, how much it weighs, and where it is seen."""

    rule: str
    """A reason code of `reasons.REASONS`."""
    penalty: float
    detail: str
    """What was found, with figures, for people."""
    quote: str = ""
    """The spot, a few characters with their surroundings."""


@dataclass(frozen=True)
class Text:
    """A cleaned text with the views of it that several rules need."""

    text: str
    genre: str | None = None

    @cached_property
    def lines(self) -> list[str]:
        """Lines that are not blank."""
        return [line for line in self.text.split("\n") if line]

    @cached_property
    def shape(self) -> Shape:
        """`verse` has short lines or classical metre, `short` is a slogan, couplet or caption, the rest is `prose`.

        What counts is how lines end and how long they may be, so that no rule for prose is held against a poem.
        """
        lengths = [len(line) for line in self.lines]
        if len(lengths) >= 3 and median(lengths) <= 20 and max(lengths) <= 60:
            return "verse"
        if _is_metrical(self.text):
            return "verse"
        return "short" if len(self.text) < 60 else "prose"

    def density(self, count: int) -> float:
        """`count` per 1,000 characters; texts of less than 200 characters are taken as that long."""
        return 1000 * count / max(len(self.text), 200)


def _is_metrical(text: str) -> bool:
    """Whether nearly all clauses are of three to seven Chinese characters, as in classical verse and couplets."""
    if len(text) > 4000:
        return False
    clauses = [clause for clause in _PAUSES.split(text) if clause]
    metrical = sum(3 <= len(clause) <= 7 and _HAN_ONLY.fullmatch(clause) is not None for clause in clauses)
    return len(clauses) >= 2 and metrical >= 0.8 * len(clauses)


def quote(text: str, start: int, end: int, around: int = 12) -> str:
    """`text[start:end]` with a few characters on both sides, on one line, at most about 80 characters."""
    before = "…" if start > around else ""
    after = "…" if end + around < len(text) else ""
    return (before + text[max(0, start - around) : min(end, start + 50) + around] + after).replace("\n", "⏎")


def score(findings: Iterable[Finding]) -> float:
    """1 less the penalties, never below 0."""
    return round(max(0.0, 1.0 - sum(finding.penalty for finding in findings)), 3)


def any_of(patterns: str) -> re.Pattern[str]:
    """A pattern that matches what any of `patterns` does; they stand apart by white space and hold none."""
    return re.compile("|".join(patterns.split()), re.I | re.M)
