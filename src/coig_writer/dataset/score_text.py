"""The multi-line `score` of the earlier hub record, in the spellings that one meets.

A line names a part (答案 or answer, 提示 or query, 思路 or thought) or the total, and gives a number:
`总分：55/60`, `total: 55`, `答案 answer：18/20（质量 9，创意 9）`, `query quality: 8分`. Lines may be missing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from pydantic import ValidationError

from coig_writer.schema import DIMENSIONS, Scores, StatedScores

UNNAMED = "human:unnamed"
"""The scorer where a file names none: the earlier record's scores were given by annotators."""
_TOTAL = re.compile(r"总分|總分|总计|合计|总评|总得分|总体|综合评分|得分|分数|total|overall|score|sum\b", re.IGNORECASE)
_PARTS = {
    "article": re.compile(r"答案|文章|正文|作品|回答|answer|article|output", re.IGNORECASE),
    "prompt": re.compile(r"提示|问题|指令|题目|提问|query|prompt|question", re.IGNORECASE),
    "reasoning": re.compile(r"思路|思考|推理|思维|构思|thought|reasoning|thinking", re.IGNORECASE),
}
_KIND = r"质量|品质|quality|创意|创造性|创造力|创新性?|creativity|creative"
_CREATIVE = re.compile(r"创|creativ", re.IGNORECASE)
_NUMBER = re.compile(
    rf"(?:(?P<kind>{_KIND})[^\d/\n]{{0,12}}?)?(?P<value>\d+(?:\.\d+)?)\s*(?:/\s*(?P<of>\d+)|分|points?|pts?)?",
    re.IGNORECASE,
)
_LABEL = "|".join(pattern.pattern for pattern in (_TOTAL, *_PARTS.values()))
_NEXT = re.compile(rf"[\n;]|(?<=[\d分)])[,\s(]+(?=[\"'*]*(?:{_LABEL})[^\d\n]{{0,14}}\d)", re.IGNORECASE)
"""Where a statement ends: at a line's end, or before the next label of a line that has several."""
_NO_SCORE = re.compile(
    r"\(?\s*满分\s*:?\s*\d+\s*分?\s*\)?"  # what could have been given
    r"|\(\s*\d+\s*分?\s*\)(?=\s*:)"  # the same, in brackets after a label
    r"|^\s*\d{1,2}\s*[.、)](?=\s*[^\s\d])",  # the number of an item in a list
    re.MULTILINE,
)
_NEGATIVE = re.compile(r":\s*-\s*\d")
_SHOWN = 100
"""Characters of a line that are told."""
_BY = re.compile(r"(?:打分者|评分者|评分人|scored by|rater)\s*:\s*(?P<by>(?:human:|llm:)?\S.*)", re.IGNORECASE)
_REVIEWED = re.compile(r"审阅\s*:|reviewed?\s*:", re.IGNORECASE)


@dataclass
class ScoreText:
    """What a score text says."""

    scores: Scores | None = None
    """If all six are there."""
    stated: StatedScores | None = None
    """If some of them are not."""
    reviewed: bool = False
    """Whether it says that a person has accepted the triplet."""
    unread: list[str] = field(default_factory=list)
    """Lines that say nothing that is known, or numbers out of range."""


def read_scores(text: str) -> ScoreText:
    """The scores in `text`; what is not understood is listed, never guessed."""
    found = ScoreText()
    six: dict[str, int] = {}
    sums: dict[str, int] = {}
    by, part = UNNAMED, None
    for raw in _NEXT.split(_NO_SCORE.sub("", unicodedata.normalize("NFKC", text.replace("\\n", "\n")))):
        line = raw.strip()
        if not line:
            continue
        if named := _BY.match(line):
            by = named["by"] if ":" in named["by"] else f"human:{named['by']}"
        elif _REVIEWED.match(line):
            found.reviewed = "未" not in line and ("已" in line or "yes" in line.lower())
        else:
            part = _part(line) or part
            if not _read_line(line, part, six, sums):
                found.unread.append(line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…")
    _settle(found, six, sums, by)
    return found


def _part(line: str) -> str | None:
    return next((part for part, pattern in _PARTS.items() if pattern.search(line)), None)


def _read_line(line: str, part: str | None, six: dict[str, int], sums: dict[str, int]) -> bool:
    """Takes the numbers of a line; False, and none of them is taken, if it holds one that is not understood."""
    taken: dict[bool, dict[str, int]] = {True: {}, False: {}}
    if _NEGATIVE.search(line):
        return False
    for match in _NUMBER.finditer(line):
        one_of_six = bool(match["kind"] and part)
        scale = 10 if one_of_six else 20 if _part(line) else 60
        if max(len(match["value"]), len(match["of"] or "")) > 9:
            return False
        value = float(match["value"])
        if value != int(value) or int(match["of"] or scale) != scale:
            return False
        if one_of_six:
            name = f"{part}_{'creativity' if _CREATIVE.match(match['kind']) else 'quality'}"
        elif _part(line):
            name = part or ""
        elif _TOTAL.search(line) or re.fullmatch(r"[\d\s/.分]+", line):  # a bare number is the total
            name = "total"
        else:
            return False
        known = six if one_of_six else sums
        if taken[one_of_six].setdefault(name, int(value)) != value or known.get(name, value) != value:
            return False  # two numbers for one thing
    six.update(taken[True])
    sums.update(taken[False])
    return any(taken.values()) or (bool(_part(line)) and line.rstrip(" :")[-1:].isalpha())


def _settle(found: ScoreText, six: dict[str, int], sums: dict[str, int], by: str) -> None:
    """Six scores if all are there and valid; else the sums."""
    if len(six) == len(DIMENSIONS):
        try:
            found.scores = Scores(**six, by=by)  # type: ignore[arg-type]
        except ValidationError as error:
            found.unread += _reasons(error)
        else:
            stated = sums.get("total")
            if stated is not None and stated != found.scores.total:
                found.unread.append(f"the total says {stated}, the six scores add up to {found.scores.total}")
            return
    for part in _PARTS:
        both = [six.get(f"{part}_quality"), six.get(f"{part}_creativity")]
        if part not in sums and None not in both:
            sums[part] = sum(value for value in both if value is not None)
        elif part not in sums and both != [None, None]:
            found.unread.append(f"{part}: one of quality and creativity is given, the other is not")
    while sums:
        try:
            found.stated = StatedScores(**sums)
            return
        except ValidationError as error:
            found.unread += _reasons(error)
            for problem in error.errors():
                sums.pop(str(problem["loc"][0]), None)


def _reasons(error: ValidationError) -> list[str]:
    return [f"{'.'.join(map(str, each['loc']))} {each['input']}: {each['msg']}" for each in error.errors()]
