"""Reasoning behaviour along a text: how much is writing, and how much thinks about the writing (paper, appendix C).

The paper names four kinds and does not say how segments were classed; these are our rules. A segment is a sentence.
It is looked at with its quotations taken out, for what a character says is not what the writer thinks:

- **self-reflection** looks back at what was written or thought, doubts or corrects it (`不对`, `on second thought`);
- **self-exploration** weighs what could be done, several ways open (`或者`, `要不要`, `what if`), or, in a reasoning,
  asks itself a question;
- **deep reasoning** plans, with a reason or an aim (`为了`, `应该`, `because`, `so that`) for something of the craft
  (`开头`, `读者`, `the reader`, `the ending`);
- **normal writing** is everything else.

The first that fits in this order counts. In a reasoning one cue is enough, for deep reasoning a cue or a word of the
craft. In a response the cues are words of stories as well, so there a word of the craft must stand in the sentence.
All cues are in `data/behaviour.toml`.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np

Class = Literal["normal_writing", "deep_reasoning", "self_exploration", "self_reflection"]
CLASSES: tuple[Class, ...] = ("normal_writing", "deep_reasoning", "self_exploration", "self_reflection")
TENTHS = 10

_THOUGHT = re.compile(r"<think(?:ing)?>(.*?)(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_SENTENCE = re.compile(r"[^。！？!?\n.]*(?:[。！？!?…]+[”」』’\"]*|\n+|\.(?=\s|$)[”\"’]*\s*|\.)|[^。！？!?\n.]+")
_QUOTATION = re.compile(r"“[^”\n]*”|「[^」\n]*」|『[^』\n]*』|\"[^\"\n]*\"|《[^》\n]*》")


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence with its class."""

    text: str
    kind: Class


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Shares of the four classes, in the order of `CLASSES`, each 0–1, weighed by characters."""

    shares: tuple[float, ...]
    along: tuple[tuple[float, ...], ...]
    """The same for each tenth of reasoning and response together; their mean is `shares`."""
    reasoned: bool
    """Whether there is a reasoning, apart from the response or marked in it."""


def parts(response: str, reasoning: str | None) -> list[tuple[str, bool]]:
    """The text in the order in which it was generated, in pieces; each with whether it is reasoning.

    Reasoning is what stands apart from the response, and what a response marks with `<think>`.
    """
    found: list[tuple[str, bool]] = [(reasoning, True)] if reasoning else []
    end = 0
    for thought in _THOUGHT.finditer(response):
        found += [(response[end : thought.start()], False), (thought.group(1), True)]
        end = thought.end()
    found.append((response[end:], False))
    return [(text, is_reasoning) for text, is_reasoning in found if text.strip()]


def without_thoughts(response: str) -> tuple[str, str | None]:
    """A response without what it marks as thinking, and that thinking; None if nothing is marked."""
    if not _THOUGHT.search(response):
        return response, None
    pieces = parts(response, None)
    text, thought = ("\n".join(piece for piece, is_thought in pieces if is_thought is kind) for kind in (False, True))
    return text.strip(), thought


def segments(text: str, language: str, *, is_reasoning: bool, whole: bool = True) -> Iterator[Segment]:
    """The sentences of a text, classed; joined, they are the text.

    Args:
        whole: a response that never speaks of the craft is one segment of normal writing.
    """
    craft, *cues = _patterns("zh" if language == "zh" else "en")
    if whole and text and not is_reasoning and not craft.search(text):  # as in most stories
        yield Segment(text, "normal_writing")
        return
    for sentence in _SENTENCE.findall(text):
        yield Segment(sentence, _class_of(sentence, craft, cues, is_reasoning))


def _class_of(sentence: str, craft: re.Pattern, cues: list[re.Pattern], is_reasoning: bool) -> Class:
    bare = _QUOTATION.sub("", sentence)
    named = craft.search(bare) is not None
    if not is_reasoning and not named:
        return "normal_writing"
    reflection, exploration, reasoning = cues
    if reflection.search(bare):
        return "self_reflection"
    if exploration.search(bare) or (is_reasoning and bare.rstrip().endswith(("？", "?"))):
        return "self_exploration"
    if reasoning.search(bare):
        return "deep_reasoning"
    return "deep_reasoning" if is_reasoning and named else "normal_writing"


def behaviour(response: str, reasoning: str | None, language: str) -> Behaviour:
    """The shares of the four classes in one answer, all of it and in each tenth of its length."""
    pieces = parts(response, reasoning)
    runs = [
        (len(segment.text), CLASSES.index(segment.kind))
        for text, is_reasoning in pieces
        for segment in segments(text, language, is_reasoning=is_reasoning)
    ]
    along = tenths(runs)
    return Behaviour(
        shares=tuple(float(value) for value in along.mean(axis=0)),
        along=tuple(tuple(float(value) for value in tenth) for tenth in along),
        reasoned=any(is_reasoning for _, is_reasoning in pieces),
    )


def tenths(runs: list[tuple[int, int]]) -> np.ndarray:
    """Share of each class in each tenth, shape (10, 4); a run that crosses a border counts on both sides.

    Args:
        runs: (characters, class) in order.
    """
    total = sum(length for length, _ in runs)
    found = [[0.0] * len(CLASSES) for _ in range(TENTHS)]  # lists, for numpy is slow at single values
    if not total:
        runs, total = [(1, 0)], 1
    place = 0.0
    for length, kind in runs:
        start, place = place, place + length * TENTHS / total
        for tenth in range(int(start), min(TENTHS, math.ceil(place - 1e-9))):
            found[tenth][kind] += max(0.0, min(place, tenth + 1) - max(start, tenth))
    shares = np.array(found)
    return shares / shares.sum(axis=1, keepdims=True)


@cache
def _patterns(language: str) -> list[re.Pattern]:
    """Craft, reflection, exploration, reasoning."""
    cues = tomllib.loads((files("coig_writer") / "data" / "behaviour.toml").read_text(encoding="utf-8"))
    names = ("craft", "self_reflection", "self_exploration", "deep_reasoning")
    return [re.compile("|".join(cues[name][language]), re.IGNORECASE) for name in names]
