"""Personal data in texts: telephone, identity card and bank card numbers, e-mail, QQ and WeChat handles."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

_NARROW = str.maketrans("０１２３４５６７８９＠．－：＋", "0123456789@.-:+")
"""Full-width forms to half-width ones, character for character, so that places stay the same."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Personal data at `text[start:end]`; what it says is not repeated here."""

    kind: str
    start: int
    end: int


def find_personal_data(text: str) -> list[Spot]:
    """The personal data in `text`, in order and without overlaps; a surer kind wins over a vaguer one."""
    if not _WORTH_A_LOOK.search(text):
        return []
    narrow = text.translate(_NARROW)
    spots: list[Spot] = []
    for kind, pattern, check in _PATTERNS:
        for match in pattern.finditer(narrow):
            start, end = match.span(match.lastindex or 0)
            free = all(end <= spot.start or start >= spot.end for spot in spots)
            if free and check(narrow[start:end]):
                spots.append(Spot(kind, start, end))
    return sorted(spots, key=lambda spot: spot.start)


def mask(text: str, spots: list[Spot]) -> str:
    """`text` with a visible mark such as 〔手机号〕 in the place of each spot."""
    pieces, done = [], 0
    for spot in spots:
        pieces += [text[done : spot.start], f"〔{MARKS[spot.kind]}〕"]
        done = spot.end
    return "".join([*pieces, text[done:]])


def _is_identity_number(number: str) -> bool:
    """Whether date and check digit of an 18-digit identity number (GB 11643) are right."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return "10X98765432"[total % 11] == number[-1].upper()


def _is_card_number(number: str) -> bool:
    """Whether the check digit is right (Luhn)."""
    digits = [int(char) for char in reversed(number) if char.isdigit()]
    total = sum(digits[0::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return 16 <= len(digits) <= 19 and total % 10 == 0


def _any(_: str) -> bool:
    return True


_BEFORE, _AFTER = r"(?<![\dA-Za-z])", r"(?![\dA-Za-z])"
_GAP = r"[ \t]*"
_IS = rf"{_GAP}(?:是|为)?{_GAP}:?{_GAP}"
_HANDLE = (
    r"(?!mini-?program|(?:android|windows|linux|iphone|harmony|google|wechat|weixin|official|account)(?:os)?[\d.]*(?![\w-]))"
    r"[A-Za-z][\w-]{5,19}"
)
"""What follows the word WeChat in ordinary prose is mostly a platform, or the word once more in English."""
_WITH_FIGURE = r"(?=[A-Za-z-]*[\d_-])" + _HANDLE
_WECHAT = r"(?:微信|薇信|威信|(?<![A-Za-z])(?:weixin|wechat|VX))"
_ADD = r"(?:(?<!参)加|(?<![A-Za-z+])\+)(?:一下|我|他|她|老师|客服|小编|店主)?的?"
_NAMING = "|".join(
    (
        rf"{_WECHAT}{_GAP}(?:账号|帐号|号码|号){_IS}",
        rf"{_WECHAT}{_GAP}(?:ID)?{_GAP}(?:是|为|\bis\b)?{_GAP}:{_GAP}",
        rf"{_WECHAT}{_GAP}ID{_GAP}(?:是|为|\bis\b){_GAP}",
        rf"(?:我|你|他|她|它|咱|本人|老师|客服|店主)的?{_WECHAT}{_GAP}(?:是|为){_GAP}",
        rf"{_ADD}{_WECHAT}{_IS}",
        rf"{_ADD}V(?:{_GAP}(?:是|为)?{_GAP}:|{_GAP}(?:是|为)|[ \t]){_GAP}",
        rf"(?<![A-Za-z])VX{_GAP}",
    )
)
"""Signs that what follows is somebody's WeChat handle, whatever it looks like."""
_KINDS: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("email", r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}", _any),
    ("identity", rf"{_BEFORE}[1-9]\d{{16}}[\dXx]{_AFTER}", _is_identity_number),
    ("mobile", rf"{_BEFORE}(?:(?:\+|00)?86[- ]?)?1[3-9]\d(?:[- ]?\d{{4}}){{2}}{_AFTER}", _any),
    ("card", rf"{_BEFORE}(?:62|[45]\d)\d\d(?:[ -]?\d{{4}}){{3}}(?:[ -]?\d{{1,3}})?{_AFTER}", _is_card_number),
    ("landline", rf"{_BEFORE}(?:\(?0\d{{2,3}}\)?[- ]\d{{7,8}}|400[- ]?\d{{3,4}}[- ]?\d{{3,4}}){_AFTER}", _any),
    ("qq", rf"(?:QQ|扣扣){_GAP}(?:号码|群号|号|群|是|为|:){_IS}([1-9]\d{{4,11}}){_AFTER}", _any),
    ("qq", rf"企鹅{_GAP}(?:号码|群号|号|:){_IS}([1-9]\d{{4,11}}){_AFTER}", _any),
    ("qq", rf"加(?:一下|我|他|她|老师|客服|小编)?的?(?:QQ|扣扣){_GAP}([1-9]\d{{4,11}}){_AFTER}", _any),
    ("qq", rf"(?:QQ|扣扣){_GAP}([1-9]\d{{5,11}}){_AFTER}", _any),
    ("wechat", rf"(?:{_NAMING})({_HANDLE}){_AFTER}", _any),
    ("wechat", rf"{_ADD}V({_WITH_FIGURE}){_AFTER}", _any),
    ("wechat", rf"(?:{_WECHAT}){_GAP}(?:ID)?{_GAP}(?:是|为|\bis\b)?{_GAP}({_WITH_FIGURE}){_AFTER}", _any),
)
"""Kind, pattern (its group, if it has one, is the spot), and a check of what was matched; surer kinds first.

Handles look like words and numbers, so they are taken for personal data only where something names them as such, or
where they hold a figure or stroke, and on the line of what names them.
"""
_PATTERNS = [(kind, re.compile(pattern, re.ASCII | re.I), check) for kind, pattern, check in _KINDS]
_WORTH_A_LOOK = re.compile(r"[0-9０-９]{5}|\d{3}[- ]\d|[@＠]|微信|薇信|威信|weixin|wechat|vx|[加+＋].{0,4}v", re.I)

MARKS = {
    "email": "邮箱",
    "identity": "身份证号",
    "mobile": "手机号",
    "card": "银行卡号",
    "landline": "固定电话",
    "qq": "QQ号",
    "wechat": "微信号",
}
"""Kind of personal data → the name that its mark shows."""
