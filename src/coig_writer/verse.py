"""Tone and rhyme of Chinese verse, by 中华新韵: the tones of today's Mandarin and its fourteen rhyme groups.

Readings come from pypinyin, which chooses among several by the words around. It may choose wrongly in verse, so the
usual characters that are 平 in one reading and 仄 in another count as either: a fault reported here stands under both.
平水韵, the rhymes of the Song dynasty, is another standard: a poem that keeps to it alone may be reported here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

LEVEL = frozenset("平")
OBLIQUE = frozenset("仄")
EITHER = LEVEL | OBLIQUE
Tone = frozenset[str]
"""The tones that a character may have: 平 (first and second), 仄 (third and fourth), or both."""

_GROUPS = {
    "麻": "a ia ua",
    "波": "o e uo",
    "皆": "ie ve",
    "开": "ai uai",
    "微": "ei uei",
    "豪": "ao iao",
    "尤": "ou iou",
    "寒": "an ian uan van",
    "文": "en in uen vn",
    "唐": "ang iang uang",
    "庚": "eng ing ueng ong iong",
    "齐": "i er v",
    "支": "-i",
    "姑": "u",
}
_GROUP_OF = {final: group for group, finals in _GROUPS.items() for final in finals.split()}
_BARE_I = re.compile(r"(?:zh|ch|sh|r|z|c|s)i$")
"""The vowel of 支 and 诗 is written i and is none: a rhyme group of its own."""
_STOPS = re.compile(r"[，。、；：？！,.;:?!\s]+")
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_BOTH_TONES = frozenset(
    "为看中间教相应长将难几分调当更重传强兴量藏号和华缝冠观荷横禁空累笼宁铺曲扇盛鲜要予晕占正只钻燕咽钉弹担干挑凉磨漂片"
    "悄塞丧旋论过令思胜听"
)
_TURNED = "平平仄平仄"
"""The one line that may break the alternation: its third and fourth character change places (拗救)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Where verse leaves its form."""

    rule: str
    line: int
    """From 1."""
    message: str


def clauses(text: str) -> list[str]:
    """The text's runs between stops and line breaks, in order: the lines of a poem however it is set."""
    return [clause for clause in _STOPS.split(text) if clause]


def readings(line: str) -> list[frozenset[tuple[str, int]]]:
    """Rhyme group and tone (1–4, 5 for the neutral one) of each Chinese character of a line.

    One for most characters, all for those that are read in several tones; none where pypinyin knows no reading.
    """
    from pypinyin import Style, pinyin

    chars = _HAN.findall(line)
    if not chars:
        return []
    # Characters that it does not know come one by one, not as one run: it takes lists, whatever its types say.
    one_by_one: Any = list
    spelt = pinyin("".join(chars), style=Style.TONE3, neutral_tone_with_five=True, errors=one_by_one)
    return [
        _all_readings(char) if char in _BOTH_TONES else _parsed(one) for char, one in zip(chars, spelt, strict=True)
    ]


@cache
def _all_readings(char: str) -> frozenset[tuple[str, int]]:
    from pypinyin import Style, pinyin

    return _parsed(pinyin(char, style=Style.TONE3, heteronym=True, neutral_tone_with_five=True)[0])


def _parsed(syllables: Sequence[str]) -> frozenset[tuple[str, int]]:
    from pypinyin.contrib.tone_convert import to_finals

    found = set()
    for syllable in syllables:
        if syllable[-1:].isdigit():
            final = "-i" if _BARE_I.match(syllable[:-1]) else to_finals(syllable, strict=True)
            found.add((_GROUP_OF.get(final, final), int(syllable[-1])))
    return frozenset(found)


def tones(line: str) -> list[Tone]:
    """The tone of each Chinese character of a line; a character without a known reading may have either."""
    return [
        frozenset("平" if tone <= 2 else "仄" for _, tone in heard if tone < 5) or EITHER for heard in readings(line)
    ]


def rhyme_groups(line: str) -> frozenset[str]:
    """The rhyme groups that a line's last character may belong to; empty for a line without Chinese characters."""
    heard = readings(line)
    return frozenset(group for group, _ in heard[-1]) if heard else frozenset()


def shared_rhyme(lines: Sequence[str]) -> str | None:
    """The rhyme group in which all lines end, or None."""
    groups = [rhyme_groups(line) for line in lines]
    common = frozenset.intersection(*groups) if groups else frozenset()
    return min(common) if common else None


def rhyme_share(lines: Sequence[str]) -> float:
    """Share (0–1) of the lines that end in the rhyme group in which most of them end; 0 without lines."""
    groups = [rhyme_groups(line) for line in lines]
    counts = [sum(group in found for found in groups) for group in _GROUPS]
    return max(counts) / len(lines) if lines else 0.0


def regulated_verse_faults(text: str) -> list[Fault]:
    """Where a 绝句 or 律诗 leaves its form: lengths, rhyme, tones.

    The rules are the usual ones: 4 or 8 lines of 5 or 7; even lines rhyme in 平, odd ones end in 仄 (the first
    may rhyme); the even places of a line alternate, are opposite within a couplet (对) and alike between couplets
    (粘); no three like tones at the end; no 孤平. Parallelism of words is left to a reader.

    Args:
        text: the poem without title, lines divided by stops or line breaks.
    """
    lines = clauses(text)
    sizes = {len(_HAN.findall(line)) for line in lines}
    if len(lines) not in (4, 8) or len(sizes) != 1 or not sizes <= {5, 7}:
        shape = "、".join(str(len(line)) for line in lines)
        return [Fault("lines", 1, f"regulated verse has 4 or 8 lines of 5 or 7 characters; here: {shape}")]
    heard = [tones(line) for line in lines]
    faults = [*_rhyme_faults(lines, heard)]
    for number, line in enumerate(heard, 1):
        faults += _line_faults(number, line)
    for number in range(2, len(heard) + 1):
        before, here = heard[number - 2][1], heard[number - 1][1]
        if number % 2 == 0 and not _opposite(before, here):
            faults.append(Fault("couplet", number, "second character has the tone of the line before (失对)"))
        if number % 2 == 1 and not before & here:
            faults.append(Fault("link", number, "second character has not the tone of the line before (失粘)"))
    return sorted(faults, key=lambda fault: fault.line)


def _rhyme_faults(lines: Sequence[str], heard: Sequence[list[Tone]]) -> list[Fault]:
    faults = []
    rhyming = list(range(1, len(lines), 2))
    first_rhymes = "仄" not in heard[0][-1]
    if first_rhymes:
        rhyming.insert(0, 0)
    if shared_rhyme([lines[place] for place in rhyming]) is None:
        ends = "、".join(f"{lines[place][-1]}({'/'.join(sorted(rhyme_groups(lines[place])))})" for place in rhyming)
        faults.append(Fault("rhyme", rhyming[0] + 1, f"rhyming lines end in different groups: {ends}"))
    for place, line in enumerate(heard):
        wanted = "平" if place in rhyming else "仄"
        if wanted not in line[-1]:
            faults.append(Fault("ending", place + 1, f"ends in {lines[place][-1]}, which is not {wanted}"))
    return faults


def _line_faults(number: int, line: list[Tone]) -> list[Fault]:
    faults = []
    last = line[-5:]
    turned = all(want in heard for want, heard in zip(_TURNED, last, strict=True))
    for place in range(3, len(line), 2):
        if not _opposite(line[place - 2], line[place]) and not (turned and place == len(line) - 2):
            faults.append(Fault("alternation", number, f"characters {place - 1} and {place + 1} have the same tone"))
    for tone in (LEVEL, OBLIQUE):
        if all(heard == tone for heard in last[-3:]):
            faults.append(Fault("three-alike", number, f"ends in three {min(tone)}"))
    if last == [OBLIQUE, LEVEL, OBLIQUE, OBLIQUE, LEVEL]:
        faults.append(Fault("lone-level", number, "one 平 alone beside the rhyme (孤平)"))
    return faults


def couplet_faults(text: str) -> list[Fault]:
    """Where a 对联 leaves its form: two sides alike in length and stops, opposite in tone, sharing no character.

    The first side ends in 仄, the second in 平; at every second character of a clause and at its end the sides
    are opposite. Words matching in kind and meaning is left to a reader.

    Args:
        text: the first side, a line break, the second; further lines (横批) are not looked at.
    """
    sides = [line.strip() for line in text.strip().split("\n") if line.strip()][:2]
    if len(sides) < 2:
        return [Fault("sides", 1, "a couplet has two lines")]
    first, second = (clauses(side) for side in sides)
    if [len(clause) for clause in first] != [len(clause) for clause in second]:
        return [Fault("length", 2, "the sides differ in length or in where they stop")]
    faults = []
    for side, wanted in ((0, "仄"), (1, "平")):
        end = tones((first, second)[side][-1])[-1:]
        if not end or wanted not in end[0]:
            faults.append(Fault("ending", side + 1, f"does not end in {wanted}"))
    for upper, lower in zip(first, second, strict=True):
        above, below = tones(upper), tones(lower)
        for place in sorted({*range(1, len(above), 2), len(above) - 1}):
            if not _opposite(above[place], below[place]):
                faults.append(Fault("tone", 2, f"{upper[place]} and {lower[place]} have the same tone"))
    shared = set(_HAN.findall(sides[0])) & set(_HAN.findall(sides[1]))
    if shared:
        faults.append(Fault("shared", 2, f"both sides use {'、'.join(sorted(shared))}"))
    return faults


def _opposite(one: Tone, other: Tone) -> bool:
    return bool(EITHER - one & other) if len(one) == len(other) == 1 else True
