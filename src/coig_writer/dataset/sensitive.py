"""Where texts speak of what people may be treated unfairly for: gender, origin, belief, disability and the like."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import NamedTuple

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
        self.found = {attribute: Mentions(attribute) for attribute in _vocabularies()}

    def add(self, triplet: Triplet) -> None:
        text = "\n".join(text_of(triplet, part) for part in PARTS).casefold()
        english = bool(re.search("[a-z]{3}", text))
        for attribute, wanted in _vocabularies().items():
            words = set(wanted.chinese.findall(text))
            if english:
                words.update(wanted.english.findall(text))
            if not words:
                continue
            mentions = self.found[attribute]
            mentions.triplets += 1
            mentions.words.update(words)
            if words & wanted.derogatory:
                mentions.derogatory += 1
                if len(mentions.examples) < EXAMPLES:
                    mentions.examples.append(triplet.id)


class _Vocabulary(NamedTuple):
    """What is looked for of one attribute, in lower case; of two words that begin alike the longer wins."""

    chinese: re.Pattern[str]
    english: re.Pattern[str]
    derogatory: frozenset[str]


@cache
def _vocabularies() -> dict[str, _Vocabulary]:
    text = (files("coig_writer") / "data" / "sensitive.toml").read_text(encoding="utf-8")
    return {attribute: _vocabulary(words) for attribute, words in tomllib.loads(text).items()}


def _vocabulary(words: dict[str, list[str]]) -> _Vocabulary:
    every = {word.casefold() for group in words.values() for word in group}
    pieces = [re.escape(word) for word in sorted(every, key=lambda word: (-len(word), word))]
    chinese, english = ("|".join(each for each in pieces if each.isascii() is ascii) for ascii in (False, True))
    derogatory = frozenset(word.casefold() for word in words["derogatory"])
    return _Vocabulary(re.compile(chinese), re.compile(rf"(?<![a-z])(?:{english})(?![a-z])"), derogatory)
