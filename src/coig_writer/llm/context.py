"""Whether a text fits a model's context, known before anything is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
_RARE = re.compile(r"[\u3400-\u4dbf\U00010000-\U0010ffff]")
_SENTENCE_END = re.compile(r"[。！？…!?.][”’」』）)]*")


def estimate_tokens(text: str) -> int:
    """A count of tokens that errs on the high side for the tokenizers in use.

    One token a Chinese character (Qwen needs about 0.7 for modern prose, 1 for classical verse),
    three for characters outside the common plane, one for two and a half characters of anything else.
    """
    rare = len(_RARE.findall(text))
    wide = len(_WIDE.findall(text))
    return 3 * rare + wide + -(-2 * (len(text) - wide - rare) // 5)


@dataclass(frozen=True)
class Fitted:
    """The part of a text that a model gets to see."""

    text: str
    note: str | None
    """None when the text is whole; else what was left out, for the record."""


def fit(text: str, tokens: int) -> Fitted:
    """`text` cut to at most `tokens` estimated tokens, at the end of a paragraph, else of a sentence, with a mark.

    A text whose second half has no such end within reach is cut where the room ends.

    Raises:
        ValueError: fewer than 64 tokens are left for the text.
    """
    if tokens < 64:
        raise ValueError(f"only {tokens} tokens of context are left for the text")
    if estimate_tokens(text) <= tokens:
        return Fitted(text, None)
    mark_tokens = 24
    kept = text[: _good_end(text, len(_longest_prefix(text, tokens - mark_tokens)))].rstrip()
    left_out = len(text) - len(kept)
    note = f"the model saw the first {len(kept):,} of {len(text):,} characters (room for {tokens:,} tokens)"
    return Fitted(f"{kept}\n〔以下略去 {left_out} 字〕", note)


def _good_end(text: str, end: int) -> int:
    """Where the last paragraph, else the last sentence of `text[:end]` ends; `end` if that would cost half of it."""
    paragraph = text.rfind("\n", 0, end + 1)
    sentence = max((match.end() for match in _SENTENCE_END.finditer(text, 0, end)), default=0)
    return next((place for place in (paragraph, sentence) if place > end // 2), end)


def _longest_prefix(text: str, tokens: int) -> str:
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if estimate_tokens(text[:middle]) <= tokens:
            low = middle
        else:
            high = middle - 1
    return text[:low]
