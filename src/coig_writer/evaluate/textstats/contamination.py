"""Language contamination: Chinese in answers to English queries, and Latin words in answers to Chinese ones.

A span is a run of foreign words with only spaces and punctuation between them. What does not count, in this order:

- everything, when the query asks for the other language by name (`in Mandarin`, `用英文`, `双语`);
- words that stand in the query, in what it tells to include, or in its context;
- a short quoted name: a span that fills quotation marks, title marks or brackets, of at most 12 Chinese characters or
  40 Latin ones, without the stops of a sentence;
- in Chinese: addresses, abbreviations in capitals, single letters, units, names in capitals (`Mozart`), and words that
  Chinese has taken in as they are (`Wi-Fi`, `vlog`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from coig_writer.evaluate.textstats.words import HAN

QUOTED_CHINESE = 12
QUOTED_LATIN = 40
"""Longest quoted name, in characters."""
OPENING = "\"'“‘「『《〈（([【"
CLOSING = "\"'”’」』》〉）)]】"
_STOPS = re.compile(r"[。！？；!?;]|[.,，]\s*\S")

_CHINESE_RUN = re.compile(f"[{HAN}](?:[^\\w\n]*[{HAN}0-9])*")
_LATIN_WORD = "[A-Za-zÀ-ɏ]+(?:['’\\-][A-Za-zÀ-ɏ]+)*"
_LATIN_RUN = re.compile(f"{_LATIN_WORD}(?:[ ,.;:!?'’\"“”\\-—…()0-9]*[ ,.;:!?—…]{_LATIN_WORD})*")
_LATIN = re.compile(_LATIN_WORD)
_ADDRESS = re.compile(
    r"https?://[!-~]+|www\.[!-~]+|[\w.+-]+@[\w-]+\.\w+|\b[\w-]+\.(?:com|cn|org|net|io|py|md|txt|html)\b|`[^`\n]*`",
    re.ASCII,
)
_CODE_LIKE = re.compile(r"[A-Z]{1,6}s?|[A-Za-z]|[A-Z][a-zÀ-ɏ]+(?:['’\-]?[A-ZÀ-Þ]?[a-zÀ-ɏ]+)*")
"""An abbreviation, a letter, or a word with a capital, which in Chinese is a name."""
_ASKS_CHINESE = re.compile(
    r"\b(?:in|into|from|of|with|some|mixed?|the)\s+(?:\w+\s+)?(?:chinese|mandarin|cantonese|hanzi)\b"
    r"|\bbilingual|\bpinyin\b|\bchinese\s+(?:text|original|characters?|version|words?|phrases?|poem|idioms?)\b",
    re.IGNORECASE,
)
_ASKS_LATIN = re.compile(r"英文|英语|英譯|英译|双语|雙語|中英|法语|法文|德语|德文|拉丁|外语|外文|拼音|单词|代码")
NATURALISED = frozenset(
    re.findall(
        r"\S+",
        """
        wifi wi-fi app vlog vlogger blog emo ok okay bug call diss email e-mail offer ppt pdf word excel mini max plus
        pro vs live show tips logo cos cosplay karaoke ktv gps led usb bgm rap hiphop hip-hop jazz bye hi hello no yes
        cp ip iphone ipad ios android python java html css km cm mm kg mg ml kb mb gb ghz mhz hz am pm etc""",
    )
)
"""Latin words and units that Chinese texts use as they are."""


@dataclass(frozen=True, slots=True)
class ForeignSpan:
    """A run in the other language."""

    start: int
    """Characters from the beginning of the answer."""
    text: str


def foreign_spans(text: str, language: str, query: str = "", required: str = "") -> list[ForeignSpan]:
    """The contaminating spans of an answer, in order.

    Args:
        text: the answer.
        language: of the query; only `zh` and `en` have another language to be mixed with.
        query: what was asked.
        required: what else the answer has to hold: strings to include, the query's context.
    """
    if language == "en":
        return _chinese_in(text, f"{query}\n{required}")
    if language == "zh":
        return _latin_in(text, f"{query}\n{required}")
    return []


def has_foreign(text: str, language: str) -> bool:
    """Whether there is anything of the other script at all, before any exclusion."""
    return bool(re.search(f"[{HAN}]", text) if language == "en" else language == "zh" and _LATIN.search(text))


def _chinese_in(text: str, asked: str) -> list[ForeignSpan]:
    if not has_foreign(text, "en") or _ASKS_CHINESE.search(asked):
        return []
    return [
        ForeignSpan(run.start(), run.group())
        for run in _CHINESE_RUN.finditer(text)
        if not _is_quoted_name(text, run.start(), run.end(), QUOTED_CHINESE) and run.group() not in asked
    ]


def _latin_in(text: str, asked: str) -> list[ForeignSpan]:
    if not _LATIN.search(text) or _ASKS_LATIN.search(asked):
        return []
    bare = _ADDRESS.sub(lambda found: " " * len(found.group()), text)
    known = {word.lower() for word in _LATIN.findall(asked)}
    found = []
    for run in _LATIN_RUN.finditer(bare):
        words = _LATIN.findall(run.group())
        if all(_belongs(word, known, alone=len(words) <= 3) for word in words):
            continue
        if not _is_quoted_name(text, run.start(), run.end(), QUOTED_LATIN):
            found.append(ForeignSpan(run.start(), run.group()))
    return found


def _belongs(word: str, known: set[str], *, alone: bool) -> bool:
    """Whether a Latin word may stand in Chinese; capitals make a name of a short span only."""
    low = word.lower()
    return low in known or low in NATURALISED or (alone and bool(_CODE_LIKE.fullmatch(word)))


def _is_quoted_name(text: str, start: int, end: int, longest: int) -> bool:
    """Whether quotation marks, title marks or brackets close in on both ends of a short span without stops."""
    while start > 0 and text[start - 1] in " *_":
        start -= 1
    while end < len(text) and text[end] in " *_":
        end += 1
    if end - start > longest or _STOPS.search(text[start:end].strip()):
        return False
    return start > 0 and end < len(text) and text[start - 1] in OPENING and text[end] in CLOSING
