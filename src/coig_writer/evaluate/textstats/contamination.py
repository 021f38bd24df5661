"""Language contamination: Chinese in answers to English queries, and Latin words in answers to Chinese ones.

A span is a run of foreign words with only spaces and punctuation between them. What does not count, in this order:

- everything, when the query asks for the other language (`in Mandarin`, `用英文`, `双语`), and not to keep it out;
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
_CHINESE_TEXT = (
    r"(?:characters?|words?|phrases?|idioms?|sayings?|sentences?|lines?|dialogues?|text|script|original|versions?|poems?"
    r"|couplets?|translations?|titles?|names?|terms?)"
)
_ASKS_CHINESE = re.compile(
    r"\b(?:bilingual|pinyin|hanzi)\b"
    r"|\b(?:in|into)\s+(?:(?:both|either|simplified|traditional|classical|modern|written|mandarin|english|and|or)\s+)*"
    r"(?:chinese|mandarin|cantonese)\b(?!\s+(?!(?:and|or|but|with|then|for|to|on|at|by|as|only|first|too|instead)\b)\w)"
    r"|\b(?:some|mixe?d?|use|using|includ\w+|with)\s+(?:in\s+|a\s+(?:little|few)\s+)?(?:mandarin|cantonese)\b"
    rf"|\b(?:chinese|mandarin|cantonese)\s+{_CHINESE_TEXT}\b",
    re.IGNORECASE,
)
"""Not where `Chinese` tells of something else: `in a Chinese village`, `readers of Chinese fiction`."""
_ASKS_LATIN = re.compile(
    r"(?:英文|英语|英語|外语|外語|外文|法语|法文|德语|德文|拉丁|双语|雙語|中英)"
    r"(?!老师|老師|教师|教師|课|課|系|学院|學院|学校|學校|专业|專業|考试|考試|培训|水平|成绩|角)"
    r"|英译|英譯|拼音|单词|單詞|代码|代碼"
)
_REFUSED = re.compile(
    r"(?:\b(?:no|not|never|without|avoid(?:ing)?|free\s+of|instead\s+of|rather\s+than)|n['’]t)(?:\s+[\w-]+){0,3}\s*$"
    r"|(?:不|别|別|勿|禁止|避免|没有|沒有|无|無)[^，。；！？、\n]{0,6}$",
    re.IGNORECASE,
)
"""What turns a request for the other language, which follows, into its opposite."""
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


def _asks(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether a query asks for the other language, and does not ask to keep it out."""
    return any(
        not _REFUSED.search(text[max(0, found.start() - 40) : found.start()]) for found in pattern.finditer(text)
    )


def _chinese_in(text: str, asked: str) -> list[ForeignSpan]:
    if not has_foreign(text, "en") or _asks(asked, _ASKS_CHINESE):
        return []
    return [
        ForeignSpan(run.start(), run.group())
        for run in _CHINESE_RUN.finditer(text)
        if not _is_quoted_name(text, run.start(), run.end(), QUOTED_CHINESE) and run.group() not in asked
    ]


def _latin_in(text: str, asked: str) -> list[ForeignSpan]:
    if not _LATIN.search(text) or _asks(asked, _ASKS_LATIN):
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
