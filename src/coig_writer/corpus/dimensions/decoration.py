"""What posts add to their texts beside the words: emoji, kaomoji, laughter, hashtags, mentions and links."""

from __future__ import annotations

import re
import unicodedata

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
_NO_ORNAMENT = "□\ufffd°"
"""Symbols that stand for lost characters, and one that belongs to figures."""


def without_labels(line: str) -> str:
    """`line` without the hashtags, mentions and links at its end."""
    while (shorter := _LABELS.sub("", line).rstrip()) != line:
        line = shorter
    return line


def without_moods(line: str) -> str:
    """`line` without the emoji, kaomoji and laughter at its end, in whatever order they stand."""
    while (shorter := _LAUGHTER.sub("", _FACE.sub("", _without_symbols(line))).rstrip()) != line:
        line = shorter
    return line


def is_symbols(text: str) -> bool:
    """Whether `text` is nothing but emoji and the like."""
    return not _without_symbols(text)


def _without_symbols(line: str) -> str:
    return line.rstrip("".join(char for char in set(line) if _is_symbol(char)))


def _is_symbol(char: str) -> bool:
    return char.isspace() or (unicodedata.category(char) in _SYMBOLS and char not in _NO_ORNAMENT)
