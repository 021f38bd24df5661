"""Whether an answer keeps the countable constraints of its query: length, sections, lines, rhyme, strings.

A constraint that a program cannot tell is None and not counted: English rhyme, which needs a dictionary of
pronunciation, and tonal patterns other than regulated verse and couplets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from coig_writer import verse
from coig_writer.evaluate.textstats.paragraphs import paragraphs
from coig_writer.evaluate.textstats.words import HAN, english_words
from coig_writer.schema import Form, Query, Span

RHYMED = 0.5
"""Share of a Chinese text's lines that must end in one rhyme group: half, as where every second one rhymes."""
TITLE = 24
"""A first line of at most so many characters without a stop at its end may be a title."""
KINDS = ("length", "sections", "lines", "line_length", "rhyme", "tones", "must_include", "must_avoid")

_HAN = re.compile(f"[{HAN}]")
_SPACE = r"[^\S\n]"
"""White space within a line: with `\\s` a text of many blank lines would take time by their square."""
_HEADING = re.compile(
    rf"^{_SPACE}*#{{1,6}}{_SPACE}+\S|^{_SPACE}*\*\*[^*\n]{{1,40}}\*\*{_SPACE}*[:：]?{_SPACE}*$", re.MULTILINE
)
_NUMBERED = re.compile(
    rf"^(?:{_SPACE}|[*#>【\[（(])*"
    r"(?:第\s*[0-9一二三四五六七八九十百]+|[0-9]{1,3}(?=\s*[.、．:：)）\]】/／\s])|[一二三四五六七八九十]{1,3}(?=[、.．:：)）\]】\s]|$)"
    r"|[①-⑳]|(?:part|chapter|section|day|post|scene|slide|entry|act|step|letter)\s+\w+|[IVX]{1,5}(?=[.:)\s]|$))",
    re.MULTILINE | re.IGNORECASE,
)
_RULE = re.compile(rf"^{_SPACE}*(?:[-*_—=]{_SPACE}*){{3,}}$", re.MULTILINE)
_BLANK = re.compile(r"\n\s*\n")
_STOP_AT_END = re.compile(r"[。！？；，!?;,.…”\"]\s*$")


def compliance(text: str, query: Query) -> dict[str, bool | None]:
    """Kind of constraint → whether it is met, for those that the query has; None where a program cannot tell."""
    asked = query.constraints
    found: dict[str, bool | None] = {}
    if asked.length:
        found["length"] = length_in(text, asked.length)
    if asked.form:
        found |= _form(text, asked.form, query.language)
    bare = text.casefold()
    if asked.must_include:
        found["must_include"] = all(each.casefold() in bare for each in asked.must_include)
    if asked.must_avoid:
        found["must_avoid"] = not any(_contains(bare, each.casefold()) for each in asked.must_avoid)
    return found


def _contains(text: str, word: str) -> bool:
    """Whether a text holds a word; Latin words only as whole words, so that `art` may stand in `start`."""
    if word.isascii():
        return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None
    return word in text


def measured(text: str, unit: str) -> int:
    """The length of a text as a query means it: words, or characters without white space."""
    return len(english_words(text)) if unit == "words" else len("".join(text.split()))


def length_in(text: str, span: Span) -> bool:
    """Whether a text's length lies in the span, both ends included; characters with or without punctuation."""
    sizes = [measured(text, span.unit)]
    if span.unit == "characters":
        sizes.append(sum(char.isalnum() for char in text))
    return any((span.min or 0) <= size and (span.max is None or size <= span.max) for size in sizes)


def _form(text: str, form: Form, language: str) -> dict[str, bool | None]:
    found: dict[str, bool | None] = {}
    if form.sections:
        found["sections"] = form.sections in section_counts(text)
    readings = _line_readings(text, form)
    if form.lines:
        found["lines"] = any(len(lines) == form.lines for lines in readings)
    if form.line_length:
        found["line_length"] = any(
            bool(lines) and all(_line_length(line, language) == form.line_length for line in lines)
            for lines in readings
        )
    if form.rhyme:
        found["rhyme"] = _rhymes(text) if language == "zh" else None
    if form.tones:
        found["tones"] = _tones(text, form)
    return found


def section_counts(text: str) -> set[int]:
    """How many sections a text may be said to have: by headings, numbers, rules, blank lines, or lines.

    A title or an opening before the first section may stand outside them. A constraint is met if any reading fits.
    """
    text = text.strip()
    blocks = len([each for each in _BLANK.split(_RULE.sub("", text)) if each.strip()])
    lines = paragraphs(text)
    titled = int(bool(lines) and _is_title(lines[0]))
    ruled = len([each for each in _RULE.split(text) if each.strip()])
    headings, numbers = len(_HEADING.findall(text)), len(_NUMBERED.findall(text))
    return {headings, headings - 1, numbers, ruled, blocks, blocks - titled, len(lines), len(lines) - titled} - {0, -1}


def _is_title(line: str) -> bool:
    return len(line) <= TITLE and not _STOP_AT_END.search(line)


def _line_readings(text: str, form: Form) -> list[list[str]]:
    """The ways in which a text may be cut into verse lines: as printed or by stops, with or without a title."""
    printed = [line for line in paragraphs(text) if not _RULE.fullmatch(line)]
    readings = [printed, printed[1:]]
    if form.line_length:
        readings += [verse.clauses("\n".join(each)) for each in (printed, printed[1:])]
    return readings


def _line_length(line: str, language: str) -> int:
    return len(_HAN.findall(line)) if language == "zh" else len(english_words(line))


def _rhymes(text: str) -> bool:
    """Whether at least half of the lines end in one rhyme group, by the lines as printed or by stops."""
    return any(
        len(lines) > 1 and verse.rhyme_share(lines) >= RHYMED
        for lines in (_with_han(paragraphs(text)), _with_han(verse.clauses(text)))
    )


def _with_han(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if _HAN.search(line)]


def _tones(text: str, form: Form) -> bool | None:
    body = "\n".join(paragraphs(text))
    rest = "\n".join(paragraphs(text)[1:])
    if re.search("绝句|律诗", form.name):
        return any(not verse.regulated_verse_faults(each) for each in (body, rest))
    if form.lines == 2:
        return any(not verse.couplet_faults(each) for each in (body, rest))
    return None
