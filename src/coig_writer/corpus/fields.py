"""Records of any shape to rows: columns found by alias or by the user's mapping, figures and dates taken along."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from coig_writer.corpus.rows import Row, Stamp, unreadable

ALIASES: dict[str, tuple[str, ...]] = {
    ours: tuple(names.split())
    for ours, names in {
        "text": """text content 正文 article body 文章 内容 全文 answer output my_response article_content full_text
            response completion 原文 作品""",
        "title": "title 标题 题目 題目 標題 headline name 篇名",
        "author": "author 作者 writer byline user username nickname 昵称 用户名 发布者 博主",
        "url": "url link 链接 来源链接 原文链接 網址 网址 href source_url permalink 地址",
        "platform": "platform 平台 site sitename 网站 站点 媒体 来源平台 来源",
        "date": """date published publish_date published_at publish_time pubdate pub_date pub_time datepublished created
            created_at createtime create_time ctime timestamp time 发布时间 发布日期 发表时间 发表日期 日期 时间
            發布時間 發表日期 创作时间 创建时间""",
        "likes": """likes like like_count likecount 点赞 点赞数 赞 赞同 赞同数 喜欢 upvotes voteup_count digg_count""",
        "shares": """shares share share_count sharecount 转发 转发数 分享 分享数 reposts reposts_count forwards""",
        "comments": """comments comment_count commentcount comments_count 评论 评论数 回复 回复数 replies""",
        "genre": "genre 文体 体裁 類型 类型 分类 category query_type type 题材",
        "licence": "licence license 许可 许可证 版权 授权 rights",
    }.items()
}
"""Our column → the names under which sources are known to have it, the likeliest first."""

_INNER = frozenset(("metadata", "meta", "metrics", "stats", "statistics", "data"))
"""Mappings inside a record that describe its text. Others (author, question, source) describe something else."""
_MOST = 2**62
"""No platform counts further, and a column of integers holds no more."""
_FIGURE = re.compile(r"([\d,，]+(?:\.\d+)?)\s*([万萬千亿kKwWmM]?)\+?")
_UNITS = {"": 1, "千": 1e3, "k": 1e3, "万": 1e4, "萬": 1e4, "w": 1e4, "m": 1e6, "亿": 1e8}


def row_from_record(record: Mapping[str, Any], source: str, columns: Mapping[str, str]) -> Row:
    """A row from one record.

    Args:
        record: the columns of one text; a mapping inside it that describes the text (`metadata`, `metrics`) is looked
            into, one level deep.
        source: where it stands.
        columns: the user's mapping, our column → the source's; a column named here is looked for nowhere else.
            `OUTER.INNER` names one inside any mapping.

    Returns:
        The row; its `problem` says so when no column holds a text.
    """
    flat = _flatten(record)
    found = [(name, flat[name]) for name in _names("text", columns) if name in flat]
    if not found:
        return unreadable(source, "no-text-column", _no_text(record, columns), str(dict(record)))
    said = [(name, value) for name, value in found if _said(value)]
    texts = [text for _, value in said if (text := _text(value)) is not None]
    if said and not texts:
        name, value = said[0]
        detail = f"column {name!r} is {_kind(value)}, not text; name the column that is with --map text=COLUMN"
        return unreadable(source, "broken-record", detail, str(dict(record)))
    text = texts[0] if texts else ""
    if not text.strip():
        return unreadable(source, "no-text", "the text is blank", str(dict(record)))
    values = {ours: _first(flat, ours, columns) for ours in ALIASES if ours not in ("date", "text")}
    lines = {name: _line(values[name]) for name in ("title", "author", "url", "platform", "genre", "licence")}
    counts = {name: parse_count(values[name]) for name in ("likes", "shares", "comments")}
    return Row(
        source,
        text=text,
        **lines,  # type: ignore[arg-type]
        **counts,  # type: ignore[arg-type]
        stamps=[Stamp(f"column {name}", str(flat[name])) for name in _names("date", columns) if _said(flat.get(name))],
    )


def parse_count(value: Any) -> int | None:
    """A count as platforms print it (`3,456`, `1.2万`, `12k`, `100+`); None when it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return int(value) if 0 <= value < _MOST else None
    match = _FIGURE.fullmatch(str(value).strip())
    if not match:
        return None
    number = match[1].replace(",", "").replace("，", "")
    count = float(number) * _UNITS[match[2].lower()] if number.strip(".") else -1
    return round(count) if 0 <= count < _MOST else None


def _no_text(record: Mapping[str, Any], columns: Mapping[str, str]) -> str:
    names: list[str] = []
    for name, value in record.items():
        names += [f"{name}.{inner}" for inner in value] if isinstance(value, Mapping) and value else [str(name)]
    seen = ", ".join(names[:20]) or "none"
    wanted = f"no column {columns['text']!r}" if "text" in columns else "no column is known to hold the text"
    remedy = "build sources of other columns on their own" if "text" in columns else "name it with --map text=COLUMN"
    return f"{wanted}; columns seen: {seen}; {remedy}"


def _flatten(record: Mapping[str, Any]) -> dict[str, Any]:
    """Names as written and normalised → values; inner names that describe the text count where no outer one does."""
    flat: dict[str, Any] = {}
    inner: list[tuple[str, Mapping]] = []
    for name, value in record.items():
        flat[str(name)] = value
        flat.setdefault(_key(str(name)), value)
        if isinstance(value, Mapping):
            inner.append((str(name), value))
    for outer, mapping in inner:
        for name, value in mapping.items():
            flat.setdefault(f"{outer}.{name}", value)
            if _key(outer) in _INNER:
                flat.setdefault(_key(str(name)), value)
    return flat


def _key(name: str) -> str:
    return name.strip().strip("\ufeff").lower().replace(" ", "_").replace("-", "_")


def _names(ours: str, columns: Mapping[str, str]) -> Iterable[str]:
    return (columns[ours],) if ours in columns else ALIASES[ours]


def _first(flat: Mapping[str, Any], ours: str, columns: Mapping[str, str]) -> Any:
    return next((flat[name] for name in _names(ours, columns) if _said(flat.get(name))), None)


def _said(value: Any) -> bool:
    return value is not None and value != "" and not (isinstance(value, float) and math.isnan(value))


def _text(value: Any) -> str | None:
    """A text, or a list of paragraphs as one."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return value if isinstance(value, str) else None


def _kind(value: Any) -> str:
    """What a value that is no text is, for a message."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        kinds = sorted({_kind(item).split()[-1] for item in value})
        return f"a list of {kinds[0]}s" if len(kinds) == 1 else "a list of several kinds"
    return (
        "a number" if isinstance(value, (int, float)) and not isinstance(value, bool) else f"a {type(value).__name__}"
    )


def _line(value: Any) -> str | None:
    """A short value on one line; lists are joined, and of an object its name is taken."""
    if isinstance(value, list):
        value = "、".join(line for item in value if (line := _line(item)))
    if isinstance(value, Mapping):
        value = next((value[name] for name in ("name", "title", "nickname", "username") if value.get(name)), None)
    return " ".join(str(value).split()) or None if _said(value) else None
