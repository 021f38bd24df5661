"""Words of a text: jieba's for Chinese, a stated rule for everything else.

jieba is written in Python; rjieba, in Rust, cuts the same words eight times faster, with one exception known: runs that
hold a sign which jieba allows within words (`+ # & . _ % -`), as in 1823-49 or min_price, and Chinese characters
outside jieba's range. Only such runs go to jieba itself; jieba never looks beyond a run, so the rest is not affected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib import metadata

import numpy as np

from coig_writer import __version__

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""Chinese characters, for use in a character class."""
_JIEBA = "\u4e00-\u9fd5a-zA-Z0-9+#&._%\\-"
"""What jieba's blocks consist of (`jieba.re_han_default`)."""
_SIGNS = "+#&._%\\-"
_OTHER_HAN = "\u3400-\u4dbf\u9fd6-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_PART = re.compile(f"[{_SIGNS}{_OTHER_HAN}]")
_RUN = re.compile(f"[{_JIEBA}{_OTHER_HAN}]*[{_SIGNS}{_OTHER_HAN}][{_JIEBA}{_OTHER_HAN}]*")

ENGLISH = re.compile(f"[{HAN}]|[^\\W_{HAN}]+(?:['’\\-][^\\W_{HAN}]+)*")
"""A word outside Chinese: letters and digits, joined by inner apostrophes and hyphens; a Chinese character is one."""

MAX_VOCABULARY = 2_000_000
"""Different words that a process remembers before it starts afresh."""


def segment(text: str) -> list[str]:
    """The text cut as `jieba.lcut(text)` cuts it, punctuation and white space included: joined, it is the text."""
    import rjieba

    if not _PART.search(text):
        return list(rjieba.cut(text))
    pieces: list[str] = []
    end = 0
    for run in _RUN.finditer(text):
        pieces += rjieba.cut(text[end : run.start()])
        pieces += _by_jieba(run.group())
        end = run.end()
    pieces += rjieba.cut(text[end:])
    return pieces


@lru_cache(maxsize=100_000)
def _by_jieba(run: str) -> tuple[str, ...]:
    return tuple(_jieba().cut(run))


@cache
def _jieba():
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    return jieba


@lru_cache(maxsize=100_000)
def is_word(piece: str) -> bool:
    """Whether a piece holds a letter, digit or character, and is not punctuation or white space alone."""
    return piece.isalnum() or any(map(str.isalnum, piece))


def chinese_words(text: str) -> list[str]:
    """jieba's words, without punctuation and white space."""
    return [piece for piece in segment(text) if piece.isalnum() or is_word(piece)]


def english_words(text: str) -> list[str]:
    """Words by the rule of `ENGLISH`, in lower case; ’ and ' are one."""
    return [word.lower() for word in ENGLISH.findall(text.replace("’", "'"))]


def words_of(text: str, language: str) -> list[str]:
    """The words that all figures count: jieba's for `zh`, else those of `english_words`."""
    return chinese_words(text) if language == "zh" else english_words(text)


class Vocabulary(dict[str, int]):
    """Numbers for words, in the order in which they are first met."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number

    def numbers(self, words: Sequence[str]) -> np.ndarray:
        """The numbers of some words, as an array of int64."""
        if len(self) > MAX_VOCABULARY:
            self.clear()
        return np.fromiter(map(self.__getitem__, words), np.int64, len(words))


def segmenter(language: str) -> str:
    """What cuts the words of a language, with its version."""
    if language == "zh":
        return f"jieba {metadata.version('jieba')}, as cut by rjieba {metadata.version('rjieba')}"
    return f"letters and digits, joined by inner apostrophes and hyphens, in lower case (coig-writer {__version__})"


def differing(texts: Iterable[str], cut: Callable[[str], Iterable[str]] = segment) -> Iterator[str]:
    """The texts that `cut` cuts otherwise than jieba does."""
    for text in texts:
        if list(cut(text)) != _jieba().lcut(text):
            yield text
