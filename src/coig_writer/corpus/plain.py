"""Texts in .txt and .md files: one a file, with what their first lines say about them."""

from __future__ import annotations

import re

from coig_writer.corpus.dates import parse_date
from coig_writer.corpus.fields import ALIASES, parse_count, row_from_record
from coig_writer.corpus.rows import Row, unreadable

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.S)
_YAML_LINE = re.compile(r"[\w-][^:：]{0,40}[:：].*|\s.*|-\s.*|#.*|")
_HEADER = re.compile(r"^[#>*\s]*([^\s:：*]{1,12})\s*\**\s*[:：]\s*(\S.*)$")
_HEADING = re.compile(r"^#{1,2}\s+(\S.*)$")
_NAMES = {name: ours for ours, names in ALIASES.items() if ours != "text" for name in names}
_HEADER_NAMES = frozenset(
    name
    for names in (
        "title 标题 標題 题目 題目 篇名 author 作者 platform 平台 来源平台 来源",
        "url link 链接 来源链接 原文链接 網址 网址 genre 文体 体裁 licence license 许可 授权",
        "date 日期 发布时间 发布日期 发表时间 发表日期 发布時間 發布時間 發表日期 创作时间",
        "likes 点赞 点赞数 赞同数 转发数 分享数 评论数",
    )
    for name in names.split()
    if name in _NAMES
)
"""Aliases that a line of a text itself hardly begins with. `时间：` and `地址：` open plays and letters."""
_DAY_AND_TIME = re.compile(
    r"[\d〇零○一二三四五六七八九十年月日号时時分秒上下中午星期周天星\s:：/.,+()（）A-Za-z-]{6,40}"
)
_URL = re.compile(r"(?:https?://|www\.)\S+")
_HEADER_LINES = 8
_TITLE_LENGTH = 40
_ENDS_SENTENCE = tuple("。！？，、；：…”」』.!?,;:")


def row_from_plain(text: str, source: str) -> Row:
    """The row of a plain text.

    A front matter block (`---`), header lines such as `作者：…` or `日期：…` among the first lines, and a heading
    (`# …`, or a short first line followed by a blank one) become columns and leave the text. A line leaves it only
    if its column is free and its value is what the column holds: a date, an address, a count.
    """
    record: dict[str, str] = {}
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    if match := _FRONT_MATTER.match(text):
        record = _front_matter(match[1].split("\n"))
        text = text[match.end() :] if record else text
    text = _take_head(text, record)
    if not text.strip():
        return unreadable(source, "no-text", "the file holds a title or header lines and no text", str(record))
    return row_from_record(record | {"text": text}, source, {})


def _front_matter(lines: list[str]) -> dict[str, str]:
    """The known columns in a block between two rules; nothing when the block is part of the text."""
    if not all(map(_YAML_LINE.fullmatch, lines)):
        return {}
    pairs = (_pair(line) for line in lines)
    return {name: value for name, value in filter(None, pairs) if name in _NAMES}


def _take_head(text: str, record: dict[str, str]) -> str:
    """Moves title and header lines from the head of `text` into `record`; returns the rest."""
    lines = text.split("\n")
    used = 0
    for number, line in enumerate(lines[:_HEADER_LINES]):
        titled = any(_NAMES[name] == "title" for name in record)
        if header := _header(line):
            name, value = header
            if not _is_free(name, record):
                break
            record[name] = value
        elif not titled and (heading := _HEADING.match(line.strip())):
            record["title"] = heading[1].strip()
        elif not titled and _is_title(lines, number):
            record["title"] = line.strip().strip("《》")
        elif line.strip():
            break
        used = number + 1
    return "\n".join(lines[used:])


def _is_free(name: str, record: dict[str, str]) -> bool:
    """Whether nothing was said for the column yet; several dates have places of their own."""
    ours = _NAMES[name]
    return name not in record and (ours == "date" or all(_NAMES[taken] != ours for taken in record))


def _header(line: str) -> tuple[str, str] | None:
    """Name and value of a header line whose value is what its name says."""
    pair = _pair(line)
    if not pair or pair[0] not in _HEADER_NAMES:
        return None
    return pair if _fits(_NAMES[pair[0]], pair[1]) else None


def _fits(ours: str, value: str) -> bool:
    if ours == "date":
        return _DAY_AND_TIME.fullmatch(value) is not None and parse_date(value) is not None
    if ours == "url":
        return _URL.fullmatch(value) is not None
    if ours in ("likes", "shares", "comments"):
        return parse_count(value) is not None
    return len(value) <= 2 * _TITLE_LENGTH


def _pair(line: str) -> tuple[str, str] | None:
    match = _HEADER.match(line)
    return (match[1].strip().lower(), match[2].strip().strip("*\"' ")) if match else None


def _is_title(lines: list[str], number: int) -> bool:
    """A short line without colon, date or final punctuation, that stands before a blank line or header and a text."""
    line = lines[number].strip()
    if not 0 < len(line) <= _TITLE_LENGTH or line.endswith(_ENDS_SENTENCE) or re.search("[:：]", line):
        return False
    after = lines[number + 1 :]
    stands_alone = bool(after) and (not after[0].strip() or _header(after[0]) is not None)
    return stands_alone and sum(map(len, after)) >= 3 * len(line) and not parse_date(line)
