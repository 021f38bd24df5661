"""Which language a text is in, and for Chinese, which script."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Literal

Script = Literal["hans", "hant"]

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]+")
_HANGUL = re.compile("[\uac00-\ud7a3]+")
_WORD = re.compile("[^\\W\\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af]+")
_CLAUSES = re.compile(r"([\s，。、；：！？…—“”‘’「」『』《》（）]+)")
_CJK_SHARE = 0.5
_KANA_SHARE = 0.1


def identify(text: str) -> str | None:
    """ISO 639-1 code of the language, None when there are no words.

    Chinese, Japanese and Korean are told by their scripts, which is surer than a statistical guess and knows
    classical Chinese too; other languages by py3langid. A Chinese character weighs as much as a Latin word.
    """
    han, kana, hangul = (sum(map(len, pattern.findall(text))) for pattern in (_HAN, _KANA, _HANGUL))
    words = len(_WORD.findall(text))
    cjk = han + kana + hangul
    if cjk + words == 0:
        return None
    if cjk < _CJK_SHARE * (cjk + words):
        return _guessed(text)
    if hangul > han + kana:
        return "ko"
    return "ja" if kana > _KANA_SHARE * cjk else "zh"


def script_of(text: str) -> Script | None:
    """Whether Chinese is in simplified or traditional characters; None when it shows neither."""
    simplified, traditional = _one_sided()
    hans = hant = 0
    for char, count in Counter(text).items():
        hans += count if char in simplified else 0
        hant += count if char in traditional else 0
    if hans == hant:
        return None
    return "hans" if hans > hant else "hant"


def convert(text: str, script: Script, context: Script | None = None) -> str:
    """Chinese text in the script asked for (OpenCC, phrase by phrase).

    Args:
        text: may hold both scripts.
        script: the one to convert to.
        context: script of the text around, which decides about clauses that show neither; that of `text` by default.

    To simplified characters all is converted. The way back has to guess (余 is 餘 or 余), so that clauses which are in
    traditional characters already are left.
    """
    if script == "hans":
        return _converter("t2s").convert(text)
    context = context or script_of(text)
    return "".join(
        clause if _is_traditional(clause, context) else _converter("s2t").convert(clause)
        for clause in _CLAUSES.split(text)
    )


def _is_traditional(clause: str, context: Script | None) -> bool:
    simplified, traditional = _one_sided()
    if any(char in simplified and not _in_big5(char) for char in clause):
        return False
    return context == "hant" or any(char in traditional for char in clause)


def _in_big5(char: str) -> bool:
    """Whether traditional texts use the character too, as they do 余 and 后 beside 餘 and 後."""
    try:
        return bool(char.encode("big5"))
    except UnicodeEncodeError:
        return False


def _guessed(text: str) -> str:
    import py3langid

    return py3langid.classify(text[:2000])[0]


@cache
def _converter(name: str):
    import opencc

    return opencc.OpenCC(name)


@cache
def _one_sided() -> tuple[frozenset[str], frozenset[str]]:
    """Characters that are only simplified and only traditional, by OpenCC's own tables."""
    every = [chr(code) for code in range(0x4E00, 0x9FFF)]
    lines = "\n".join(every)
    as_hans = _converter("t2s").convert(lines).split("\n")
    as_hant = _converter("s2t").convert(lines).split("\n")
    traditional = {char for char, other in zip(every, as_hans, strict=True) if char != other}
    simplified = {char for char, other in zip(every, as_hant, strict=True) if char != other}
    return frozenset(simplified - traditional), frozenset(traditional - simplified)
