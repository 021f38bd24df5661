"""Idioms (成语) and four-character words in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from coig_writer.evaluate.textstats.words import HAN

_FOUR = re.compile(f"[{HAN}]{{4}}")


def idioms_in(words: Iterable[str]) -> int:
    """How many of the words are idioms: four characters, tagged `i` in jieba's dictionary."""
    return sum(map(idioms().__contains__, words))


def four_character_in(words: Iterable[str]) -> int:
    """How many of the words have exactly four Chinese characters, idioms among them."""
    return sum(_FOUR.fullmatch(word) is not None for word in words if len(word) == 4)


@cache
def idioms() -> frozenset[str]:
    """The idioms of jieba's dictionary."""
    import jieba

    with jieba.get_dict_file() as file:
        rows = (line.decode("utf-8").split() for line in file)
        return frozenset(row[0] for row in rows if row[-1] == "i" and _FOUR.fullmatch(row[0]))
