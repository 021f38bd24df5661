"""Completeness: is the text whole, or does it begin in the middle, break off, or go on elsewhere?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from coig_writer.corpus.dimensions.decoration import without_labels, without_moods
from coig_writer.corpus.findings import PLAIN, SENTENCE_END, SERIOUS, SLIGHT, Finding, Text, any_of, quote
from coig_writer.corpus.personal import MARKS
from coig_writer.corpus.settings import CorpusSettings

_CONTINUED = any_of(
    r"""
    未完[,，]?待[续續] [（(【\[]\s*(?:待[续續]|未完)\s*[)）】\]] 本章未完
    且[听聽]下回分解 下一?[章回集期](?:继续|繼續|更新|待续) to\sbe\scontinued 更多章节[,，]?(?:请|敬请)
    """
)
_PAYWALL = any_of(
    r"""
    (?:点击|點擊)?(?:展开|展開|阅读|閱讀|查看|显示)(?:全文|剩余|余下) (?:试|試)(?:读|讀)(?:已)?(?:结束|結束|完)
    (?:付费|付費|会员|會員|订阅|訂閱|登[录錄]|开通|解锁|购买|扫码)[^。，！？\n]{0,12}(?:阅读|閱讀|查看|解锁|观看|解鎖)[^。，！？\n]{0,2}(?:全文|全部|本文|后续|余下|完整|剩余)
    剩余\s*\d+\s*[%％] 余下全文 此处为付费内容 (?:下载|打开)(?:APP|客户端|应用)[^。\n]{0,6}(?:阅读|查看|看)
    ^\W*(?:点击)?(?:阅读|查看|显示|展开)更多\W*$ ^\W*read\smore\W*$ subscribe\sto\s(?:read|continue)
    """
)
_HEADLESS = re.compile(r"^[，。、；：）》」』”’】,;:)\]]")
_CONTINUES = re.compile(r"^[（(【\[]?\s*(?:接上[文回篇期页章]|上接|续上[文篇])")
_FAREWELL = re.compile(
    r"^(?:[（(【\[—\-\s]*(?:全文|全书|正文|本文|全篇)?(?:完|完结|终|终章|剧终|the end|end|fin)[)）】\]—\-\s]*"
    r"|[（(]?[^。！？]{0,14}[\d〇○零一二三四五六七八九十]{1,4}\s*[年./-][^。！？]{0,16}[)）]?"
    r"|[（(]?(?:作者|文|撰文|编辑|图|来源|出处|选自|摘自)\s*[:：/丨|].{1,30}[)）]?"
    r"|(?:#[^#\s]{1,20}#?\s*)+|https?://\S+|[-—]{2}.{1,24})$",
    re.I,
)
_MASKED_END = re.compile(rf"〔(?:{'|'.join(MARKS.values())})〕$")
"""A number that was masked; its bracket ends no sentence."""
_LOST = re.compile(r"□{2,}|(?<!^)□", re.M)
"""One at the head of a line is a bullet."""
_MARKUP = re.compile(r"</?\w[^<>]*>|&\w+;")
_DANGLING = tuple("，、；：,;:（(《「『【“‘—-")
_BARE_WORDS = tuple("的和与在是把被对而但就也都很一不这那从向为以及或如将比因所跟让使")
_TAIL = 160
_SENTENCES = re.compile(r"[。！？!?…]|[.](?=\s)")
_WORDS = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]|[A-Za-z\u00c0-\u024f]+")
_FEW_WORDS = 6
"""A sentence without its mark may be this short, in Chinese characters or Latin words: a farewell, a name."""
_LATER_CHAPTER = re.compile(r"^\s*第\s*([\d一二三四五六七八九十百]{1,5})\s*[章回集话]")
_FIRST = {"1", "一", "01", "001"}


def findings(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    """What is missing, at the head, at the end, or behind a wall."""
    yield from _elsewhere(text)
    yield from _head(text)
    yield from _end(text)
    yield from _lacunae(text)


def _elsewhere(text: Text) -> Iterator[Finding]:
    """Notices that the rest is elsewhere; in the body they count only on a line of their own."""
    for rule, pattern in (("to-be-continued", _CONTINUED), ("paywall", _PAYWALL)):
        for match in pattern.finditer(text.text):
            line_start = text.text.rfind("\n", 0, match.start()) + 1
            line_end = text.text.find("\n", match.end())
            alone = (line_end if line_end >= 0 else len(text.text)) - line_start <= 40
            if alone or match.end() > len(text.text) - _TAIL:
                detail = f"“{match[0]}” at character {match.start():,} of {len(text.text):,}"
                yield Finding(rule, SERIOUS, detail, quote(text.text, *match.span()))
                break


def _head(text: Text) -> Iterator[Finding]:
    if match := _HEADLESS.match(text.text) or _CONTINUES.match(text.text):
        yield Finding("missing-head", SERIOUS, f"begins with “{match[0]}”", quote(text.text, 0, 20))
    match = _LATER_CHAPTER.match(text.text)
    if match and match[1] not in _FIRST:
        yield Finding("partial-work", PLAIN, f"begins with {match[0].strip()}", quote(text.text, *match.span()))


def _end(text: Text) -> Iterator[Finding]:
    lines = _without_farewell(text.lines)
    if not lines:
        return
    whole = _MASKED_END.sub("0", _bare(lines[-1]))
    if whole.endswith(SENTENCE_END):
        return
    last = without_moods(whole)
    spot = quote(text.text, max(0, len(text.text) - 30), len(text.text))
    if last.endswith(_DANGLING):
        weight = SLIGHT if last.endswith(("—", "-", "：", ":")) else SERIOUS
        yield Finding("cut-off", weight, f"the last line ends with “{last[-1]}”", spot)
    elif last != whole:
        return  # an emoji or laughter stands for the full stop
    elif text.shape == "prose" and _punctuated(lines[:-1], last) and _looks_torn(last):
        yield Finding("cut-off", SERIOUS, "the last sentence has no end, while the others have", spot)


def _lacunae(text: Text) -> Iterator[Finding]:
    """Characters that an edition marks as lost."""
    found = list(_LOST.finditer(text.text))
    if found:
        count = sum(len(match[0]) for match in found)
        share = count / len(text.text)
        detail = f"{count} characters are marked as lost, {share:.0%} of the text"
        yield Finding("lacunae", SERIOUS if share >= 0.1 else SLIGHT, detail, quote(text.text, *found[0].span()))


def _without_farewell(lines: list[str]) -> list[str]:
    """The lines before a signature, date, `全文完`, tags, emoji or a link at the end."""
    end = len(lines)
    while end > 1 and len(lines) - end < 4 and (_FAREWELL.match(lines[end - 1]) or not _words(lines[end - 1])):
        end -= 1
    return lines[:end]


def _bare(line: str) -> str:
    """A line without leftover markup, labels, and quotes and emphasis at its end."""
    return without_labels(_MARKUP.sub("", line)).rstrip(" \"'*_`")


def _words(line: str) -> str:
    """What a line says beside its decoration."""
    return without_moods(_bare(line))


def _punctuated(before: list[str], last: str) -> bool:
    """Whether this text's paragraphs usually end as sentences do."""
    ends = [line.endswith(SENTENCE_END) for line in before if len(line) > 12]
    if not ends:
        return sum(last.count(mark) for mark in "。！？") >= 1
    return sum(ends) >= 0.7 * len(ends)


def _looks_torn(last: str) -> bool:
    """A last line without final punctuation that is no signature, caption, catch-phrase or short farewell."""
    if last.endswith(_BARE_WORDS) and len(last) > 4:
        return True
    *before, tail = _SENTENCES.split(last)
    return len(_WORDS.findall(tail)) > _FEW_WORDS and (len(last) > 24 or bool(before))
