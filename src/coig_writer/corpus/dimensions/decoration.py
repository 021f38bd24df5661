"""What posts add to their texts beside the words: emoji, kaomoji, laughter, hashtags, mentions and links."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_LABELS = re.compile(
    r"(?:(?<![A-Za-z0-9])(?:[#＃][^#＃\n]{1,30}[#＃]|[#＃][^#＃\s]{1,30}|[@＠][\w-]{1,30})|https?://[!-~]+)\s*$"
)
"""A hashtag, mention or link at the end of a line. They stand beside the text and do not end its sentence."""
_FACE = re.compile(
    r"[(（](?=[^)）]*[^\w\s.,%&/+-])[^()（）\u4e00-\u9fff，。！？\n]{2,16}[)）][^()（）\u4e00-\u9fff，。！？\s]{0,3}$"
    r"|(?<![A-Za-z])(?:([\^=\-TQOUXqoux;])[_\-.wA▽ω~﹏]\1|>[_.]<|[Oo]rz|[Xx]D|[:;=]-?[DPp])$"
)
"""Such as (^_^)v, T_T, QAQ, >_<, orz, :D."""
_LAUGHTER = re.compile(r"(?:[哈呵嘿嘻嘎噗吼呜]{2,}|(?<![A-Za-z])(?:[hH]{2,}|(?:ha|HA|Ha){2,}h?)|(?<!\d)233+)[~～]*$")
_SYMBOLS = ("So", "Sk", "Sm", "Mn", "Me", "Cf")
"""Unicode categories of emoji, of what emoji are joined from, and of the strokes that faces are drawn with."""
_END = 400
"""Characters at the end of a line that are looked at, since every round looks at all of them."""
_NO_ORNAMENT = "□\ufffd°"
"""Symbols that stand for lost characters, and one that belongs to figures."""


def without_labels(line: str) -> str:
    """`line` without the hashtags, mentions and links at its end."""
    return _shorten(line, lambda end: _LABELS.sub("", end))


def without_moods(line: str) -> str:
    """`line` without the emoji, kaomoji and laughter at its end, in whatever order they stand."""
    return _shorten(line, lambda end: _LAUGHTER.sub("", _FACE.sub("", _without_symbols(end))))


def is_symbols(text: str) -> bool:
    """Whether `text` is nothing but emoji and the like."""
    return not _without_symbols(text)


def _shorten(line: str, strip: Callable[[str], str]) -> str:
    """`line` after as many rounds of `strip` as change its last `_END` characters."""
    head, end = line[:-_END], line[-_END:]
    while (shorter := strip(end).rstrip()) != end:
        end = shorter
    return (head + end).rstrip() if end != line[-_END:] else line


def _without_symbols(line: str) -> str:
    return line.rstrip("".join(char for char in set(line) if _is_symbol(char)))


def _is_symbol(char: str) -> bool:
    return char.isspace() or (unicodedata.category(char) in _SYMBOLS and char not in _NO_ORNAMENT)
