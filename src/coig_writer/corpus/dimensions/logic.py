"""Logic, as far as it shows without understanding: whole paragraphs twice, chapters that contradict each other.

Whether a text makes sense is for a model and for people to say, in the annotation room.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from coig_writer.corpus.findings import PLAIN, SERIOUS, SLIGHT, Finding, Text
from coig_writer.corpus.settings import CorpusSettings

_PARAGRAPH = 20
_CHAPTER = re.compile(
    r"^\s*第\s*(\d{1,4}|[一二三四五六七八九十百零〇]{1,6})\s*([章回节幕场])"
    r"(?=\s*$|[：:]|\s+(?![课課见見戏戲雨雪比电電]))"
)
"""A heading; `第二节课` and `第一场雨` in a sentence are none."""
_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0}


def findings(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    """Repetitions and contradictions in the order of things."""
    yield from _repeated(text, settings)
    yield from _chapters(text)


def _repeated(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    """Paragraphs that stand there more than once; a refrain in verse may."""
    if text.shape == "verse":
        return
    again = {line: count for line, count in Counter(text.lines).items() if count > 1 and len(line) >= _PARAGRAPH}
    if not again:
        return
    extra = sum(len(line) * (count - 1) for line, count in again.items())
    share = extra / len(text.text)
    weight = SERIOUS if share >= settings.repeated_paragraph_share else SLIGHT
    first = next(iter(again))
    detail = f"{len(again)} paragraphs more than once, {share:.0%} of the text"
    yield Finding("repeated-paragraphs", weight, detail, first[:60])


def _chapters(text: Text) -> Iterator[Finding]:
    """Headings of one kind whose numbers go back, recur or leave gaps; a new start at 1 is a new part."""
    series: dict[str, list[tuple[int, str]]] = {}
    for line in text.lines:
        if len(line) <= 40 and (match := _CHAPTER.match(line)):
            series.setdefault(match[2], []).append((_number(match[1]), line))
    for headings in series.values():
        odd = [
            (after <= before, before, after, f"{first[:30]} → {second[:30]}")
            for (before, first), (after, second) in pairwise(headings)
            if after != before + 1 and not (after == 1 and before > 1)
        ]
        if odd:
            back, before, after, spot = max(odd, key=lambda jump: jump[0])
            yield Finding("chapter-order", SERIOUS if back else PLAIN, f"{before} is followed by {after}", spot)


def _number(text: str) -> int:
    """A chapter's number from digits or Chinese numerals below a thousand."""
    if text.isdigit():
        return int(text)
    total = part = 0
    for char in text:
        if char in _DIGITS:
            part = _DIGITS[char]
        else:
            total += (part or 1) * (100 if char == "百" else 10)
            part = 0
    return total + part
