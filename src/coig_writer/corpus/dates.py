"""When a text was published: every date its source gives, and what they say together."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from coig_writer.corpus.rows import Stamp
from coig_writer.corpus.settings import CorpusSettings

_BEIJING = timezone(timedelta(hours=8))
"""Where epoch seconds are read: Chinese platforms show their users Beijing time."""
_EARLIEST, _LATEST = 1900, 2100
_NUMERALS = {char: str(value) for value, char in enumerate("〇一二三四五六七八九")} | dict.fromkeys("零○Ｏ", "0")
_HAN_NUMBER = r"([〇零一二三四五六七八九十]{1,3})\s*"
_HAN_DATE = re.compile(rf"([〇零○Ｏ一二三四五六七八九]{{4}})\s*年\s*{_HAN_NUMBER}月(?:\s*{_HAN_NUMBER}[日号])?")
_ZH_DATE = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*[日号]|(\d{1,2})(?=\s|$))?")
_ISO_DATE = re.compile(r"(?<!\d)(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2}))?(?!\d)")
_COMPACT_DATE = re.compile(r"(?<!\d)(\d{4})(\d{2})(\d{2})(?!\d)")
_COMPACT_TIME = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)\d{4}(?:\d\d)?")
_EPOCH = re.compile(r"([1-9]\d{9})(?:\.\d+|\d{3})?")
_YEAR, _MONTH, _DAY = r"(199[5-9]|20[0-4]\d)", r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])"
_URL_DAYS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<!\d){_YEAR}[/_.-]{_MONTH}[/_.-]?{_DAY}(?!\d)",  # 2024/03/05, 2024-03/05, 2024/0305
        rf"(?<![^/]){_YEAR}{_MONTH}/{_DAY}(?=/)",  # 202403/05
        rf"(?<![^/])t?{_YEAR}{_MONTH}{_DAY}(?=[A-Za-z_-])",  # 20240305A01, t20240305_1
        rf"(?<![^/]){_YEAR}{_MONTH}{_DAY}(?=/[^/]+\.\w+$)",  # 20240305/1.html
        rf"(?<![^/])([0-4]\d)/{_MONTH}{_DAY}(?=/)",  # 24/0305
    )
)
"""Days in paths. Eight digits alone are a number as likely as a day: those need something else beside them."""
_URL_MONTHS = (
    re.compile(rf"(?<![^/]){_YEAR}[/-]{_MONTH}(?=/)"),
    re.compile(rf"(?<![^/]){_YEAR}{_MONTH}(?=/[^/]+\.\w+$)"),
)
_LABELLED = re.compile(
    r"(?:发布|发表|刊登|發布|發表|首发|首發)(?:时间|日期|時間|于|於|在)?\s*[:：]?\s*"
    r"(\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}(?:\s*[日号])?)"
)
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_EN_DATE = re.compile(
    r"([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})|(\d{1,2})\s+([A-Za-z]{3})[a-z]*\.?,?\s+(\d{4})"
)


@dataclass(frozen=True, slots=True)
class Dating:
    """The date of publication, or the reason (a code of `reasons.REASONS`) against the text."""

    published: date | None
    reason: str | None = None
    detail: str | None = None


def parse_date(value: str) -> date | None:
    """The day that `value` names; the first of the month where it names a month only.

    Understands ISO 8601 (the day is taken as written, whatever the zone), `2024/3/5`, `20240305`, `2024年3月5日`,
    `202403051230`, `二〇二四年三月五日`, English and RFC 2822 forms, and epoch seconds and milliseconds of 10 and 13
    digits (read in Beijing time).
    Relative forms such as `3天前` and bare years are no dates: None.
    """
    value = value.strip()
    if match := _COMPACT_TIME.fullmatch(value):
        return _day(*match.groups())
    if match := _EPOCH.fullmatch(value):
        return datetime.fromtimestamp(int(match[1]), _BEIJING).date()
    if match := _HAN_DATE.search(value):
        year = "".join(_NUMERALS[char] for char in match[1])
        return _day(year, _han_number(match[2]), _han_number(match[3]) if match[3] else 1)
    if match := _ZH_DATE.search(value):
        return _day(match[1], match[2], match[3] or match[4] or 1)
    if match := _ISO_DATE.search(value):
        return _day(match[1], match[3], match[4] or 1)
    if match := _COMPACT_DATE.search(value):
        return _day(*match.groups())
    return _english(value)


def date_in_url(url: str) -> date | None:
    """The day, or the first day of the month, in a URL's path."""
    path = re.split(r"[?#]", url.partition("://")[2])[0].partition("/")[2]
    if match := next(filter(None, (pattern.search(path) for pattern in _URL_DAYS)), None):
        return _day(match[1] if len(match[1]) == 4 else f"20{match[1]}", match[2], match[3])
    match = next(filter(None, (pattern.search(path) for pattern in _URL_MONTHS)), None)
    return _day(match[1], match[2], 1) if match else None


def date_in_text(text: str) -> str | None:
    """A date of publication that the text's first or last lines print with a label (`发布时间：…`)."""
    lines = text.split("\n")
    for line in [*lines[:8], *lines[-4:]]:
        if len(line) <= 80 and (match := _LABELLED.search(line)):
            return match[1]
    return None


def settle(stamps: list[Stamp], settings: CorpusSettings, today: date | None = None) -> Dating:
    """What several stamps say together; the first that can be read is the date of publication.

    Stamps further apart than `max_date_gap_days` speak against the text, as do no date, one on or before
    `published_after`, and one in the future (from tomorrow on, as days differ around the world).
    """
    read = [(found, stamp) for stamp in stamps if (found := parse_date(stamp.value))]
    shown = ", ".join(f"{found} ({stamp.origin})" for found, stamp in read)
    if not read:
        unread = "; ".join(f"{stamp.origin}: {stamp.value[:40]!r} is no date" for stamp in stamps)
        refused = None if settings.allow_undated else "undated"
        return Dating(None, refused, unread or "no date in data, page or URL")
    days = [found for found, _ in read]
    published, gap = days[0], (max(days) - min(days)).days
    if gap > settings.max_date_gap_days:
        return Dating(published, "dates-disagree", f"{shown}: {gap} days apart, allowed {settings.max_date_gap_days}")
    if max(days) > (today or datetime.now(UTC).date()) + timedelta(days=1):
        return Dating(published, "future-date", shown)
    if published <= settings.published_after:
        return Dating(published, "too-old", f"{shown}; wanted after {settings.published_after}")
    return Dating(published, detail=shown)


def _day(year: str | int, month: str | int, day: str | int) -> date | None:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if _EARLIEST <= found.year < _LATEST else None


def _han_number(text: str) -> int:
    """一 to 三十一, with or without 十."""
    tens, ten, ones = text.partition("十")
    if not ten:
        return int("".join(_NUMERALS[char] for char in text))
    return int(_NUMERALS.get(tens, "1")) * 10 + int(_NUMERALS.get(ones, "0"))


def _english(value: str) -> date | None:
    if match := _EN_DATE.search(value):
        month = _MONTHS.get((match[1] or match[5]).lower())
        return _day(match[3] or match[6], month, match[2] or match[4]) if month else None
    try:
        return parsedate_to_datetime(value).date()
    except (ValueError, TypeError):
        return None
