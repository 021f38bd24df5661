"""Where texts speak of what people may be treated unfairly for: gender, origin, belief, disability and the like."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from coig_writer.dataset.counts import text_of
from coig_writer.schema import Triplet
from coig_writer.taxonomy import PARTS


@dataclass
class Mentions:
    """What was found of one attribute."""

    attribute: str
    triplets: int = 0
    """Triplets that mention it in any part."""
    derogatory: int = 0
    """Of those, with a word that puts somebody down."""
    words: Counter[str] = field(default_factory=Counter)
    """Word → triplets that have it."""
    examples: list[str] = field(default_factory=list)
    """Ids of some triplets with a derogatory word."""


EXAMPLES = 20


class Register:
    """Counts mentions as triplets pass."""

    def __init__(self) -> None:
        self.found = {attribute: Mentions(attribute) for attribute in _patterns()}

    def add(self, triplet: Triplet) -> None:
        text = "\n".join(text_of(triplet, part) for part in PARTS)
        for attribute, (pattern, derogatory) in _patterns().items():
            words = {match.casefold() for match in pattern.findall(text)}
            if not words:
                continue
            mentions = self.found[attribute]
            mentions.triplets += 1
            mentions.words.update(words)
            if words & derogatory:
                mentions.derogatory += 1
                if len(mentions.examples) < EXAMPLES:
                    mentions.examples.append(triplet.id)


@cache
def _patterns() -> dict[str, tuple[re.Pattern[str], frozenset[str]]]:
    """Attribute → a pattern of its words, and which of them are derogatory; longer words win."""
    text = (files("coig_writer") / "data" / "sensitive.toml").read_text(encoding="utf-8")
    return {attribute: _pattern(words) for attribute, words in tomllib.loads(text).items()}


def _pattern(words: dict[str, list[str]]) -> tuple[re.Pattern[str], frozenset[str]]:
    every = sorted({word for group in words.values() for word in group}, key=lambda word: (-len(word), word))
    pieces = [rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])" if word.isascii() else re.escape(word) for word in every]
    return re.compile("|".join(pieces), re.IGNORECASE), frozenset(word.casefold() for word in words["derogatory"])
