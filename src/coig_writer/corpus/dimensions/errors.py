"""Errors: characters lost or garbled, the same run again and again, punctuation that does not pair up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from coig_writer.corpus.dimensions.decoration import is_symbols
from coig_writer.corpus.findings import PLAIN, SERIOUS, SLIGHT, Finding, Text, quote
from coig_writer.corpus.settings import CorpusSettings

_KNOWN_GARBAGE = re.compile("锟斤拷|锟届|烫烫烫|屯屯屯|鐨勬|浣犲|涓€|銆傦|锛屾")
_GARBLED = re.compile(
    "(?<![a-zA-Z])[\u0080-\u00a6\u00a8\u00aa\u00ac\u00ad\u00af\u00b4\u00b8-\u00ba\u00bf-\u00d6\u00d8-\u00f6\u00f8-\u024f"
    "\u02c6\u02dc\ue000-\uf8ff\ufff0-\ufff8\U000f0000-\U0010ffff](?![a-zA-Z])"
)
"""What Chinese turns into under a Western table, and private characters; among plain letters it is an accent."""
_PAIRS = ("“”", "‘’", "（）", "《》", "【】", "「」", "『』", "〔〕")
_BRACKETS = frozenset("".join(_PAIRS))
_LONE_CLOSERS = {
    "（）": re.compile(
        r"(?:^|[；;。])[ \t]*(?:[\d０-９]{1,3}|[A-Za-zＡ-Ｚａ-ｚ]|[一二三四五六七八九十]{1,3}|[①-⑳])）", re.M
    ),
    "‘’": re.compile(r"(?<=[A-Za-z])’|’(?=[A-Za-z])"),
}
"""Where a closing mark needs no partner: after the number of an item, and as an apostrophe."""
_HALF_WIDTH = re.compile(r"(?<=[\u4e00-\u9fff])[,;:?!](?=[\u4e00-\u9fff\s]|$)")
_FULL_WIDTH = re.compile(r"[，；：？！。、]")
_DOUBLED = re.compile(r"，，+|。。(?!。)|、、+|；；+|，。|。，|、，|，、|；，")
_LAUGHTER = "哈呵嘿嘻啊呜哇嗷呀咚滴哒啦轰嘀—…-=*~～·.。_─━＝＊！!？? 　"
_SAME_CHARACTER = re.compile(r"([^\s])\1{9,}")
_ANY_PUNCTUATION = re.compile(r"[，。！？；、：,.!?;:…\s]")


def findings(text: Text, settings: CorpusSettings, notes: list[str]) -> Iterator[Finding]:
    """Faults of characters and punctuation; `notes` are the reader's about the encoding."""
    for note in notes:
        yield Finding("mixed-encodings", SLIGHT, note)
    yield from _lost(text, settings)
    yield from _garbled(text, settings)
    yield from _runs(text, settings)
    yield from _pairs(text, settings)
    yield from _marks(text)


def _lost(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    count = text.text.count("\ufffd")
    if count:
        density, at = text.density(count), text.text.index("\ufffd")
        weight = SERIOUS if density >= settings.replacement_density else PLAIN
        detail = f"{count} replacement characters, {density:.1f} per 1,000"
        yield Finding("replacement-characters", weight, detail, quote(text.text, at, at + 1))


def _garbled(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    if match := _KNOWN_GARBAGE.search(text.text):
        yield Finding("garbled", SERIOUS, f"“{match[0]}” comes from a wrong encoding", quote(text.text, *match.span()))
        return
    found = list(_GARBLED.finditer(text.text))
    share = len(found) / max(1, len(text.text))
    if share >= settings.garbled_share and len(found) >= 3:
        detail = f"{len(found)} odd characters, {share:.0%} of the text"
        yield Finding("garbled", SERIOUS, detail, quote(text.text, *found[0].span()))


def _runs(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    for match in _SAME_CHARACTER.finditer(text.text):
        if match[1] not in _LAUGHTER:
            detail = f"“{match[1]}” {len(match[0])} times in a row"
            yield Finding("repeated-run", PLAIN, detail, quote(text.text, *match.span()))
            break
    if run := _repeated_phrase(text.text, settings.repeated_run):
        times = len(run[0]) // len(run[1])
        weight = SERIOUS if len(run[0]) > 60 or len(run[0]) > 0.2 * len(text.text) else PLAIN
        yield Finding("repeated-run", weight, f"“{run[1][:20]}” {times} times in a row", quote(text.text, *run.span()))


def _repeated_phrase(text: str, times: int) -> re.Match[str] | None:
    """A phrase of 2–30 characters repeated at once; looked for only where 8-grams recur at all, as it is slow."""
    grams = len(text) - 7
    if grams <= 0 or len({text[at : at + 8] for at in range(grams)}) > 0.97 * grams:
        return None
    return next(
        (
            match
            for match in re.finditer(rf"(.{{2,30}}?)\1{{{times - 1},}}", text)
            if not set(match[1]) <= set(_LAUGHTER) and len(set(match[1])) > 1 and not is_symbols(match[1])
        ),
        None,
    )


def _pairs(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    """Quotes and brackets without partner; a long speech may open its quote anew at the head of each paragraph."""
    marks = Counter(char for char in text.text if char in _BRACKETS)
    heads = Counter(line[0] for line in text.lines)
    alone = {}
    for pair in _PAIRS:
        surplus = marks[pair[0]] - marks[pair[1]]
        alone[pair] = max(0, surplus - heads[pair[0]]) if surplus > 0 else _partnerless(text.text, pair, -surplus)
    odd = sum(alone.values())
    share = odd / max(1, marks.total())
    if odd < 2 or share < 0.2:
        return
    detail = "; ".join(f"{marks[pair[0]]} {pair[0]} and {marks[pair[1]]} {pair[1]}" for pair in alone if alone[pair])
    serious = share >= settings.unpaired_share and odd >= 6
    yield Finding("unpaired-punctuation", SERIOUS if serious else SLIGHT, detail)


def _partnerless(text: str, pair: str, surplus: int) -> int:
    """How many of the surplus closing marks ought to have a partner."""
    if surplus and (pattern := _LONE_CLOSERS.get(pair)):
        return max(0, surplus - len(pattern.findall(text)))
    return surplus


def _marks(text: Text) -> Iterator[Finding]:
    half, full = len(_HALF_WIDTH.findall(text.text)), len(_FULL_WIDTH.findall(text.text))
    if half >= 10 and half > full:
        yield Finding(
            "wrong-punctuation", PLAIN, f"{half} half-width marks between Chinese characters, {full} full-width"
        )
    doubled = list(_DOUBLED.finditer(text.text))
    if len(doubled) >= 2:
        weight = PLAIN if text.density(len(doubled)) >= 5 else SLIGHT
        detail = f"{len(doubled)} doubled or clashing marks"
        yield Finding("wrong-punctuation", weight, detail, quote(text.text, *doubled[0].span()))
    longest = max(_ANY_PUNCTUATION.split(text.text), key=len)
    if text.shape == "prose" and len(longest) > 150 and len(longest) > 0.5 * len(text.text):
        yield Finding("no-punctuation", SERIOUS, f"{len(longest)} characters without punctuation", longest[:40])
