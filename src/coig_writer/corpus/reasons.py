"""Why a text is not kept: every reason code, the stage that gives it, and what it means."""

from __future__ import annotations

STAGES = ("read", "clean", "assess", "dates", "personal", "engagement", "sources", "duplicates")
"""The stages in the order in which a text meets them; the first that refuses it names the reason."""

REASONS: dict[str, tuple[str, str]] = {
    "unreadable-file": ("read", "the file cannot be opened, or breaks off while it is read"),
    "empty-file": ("read", "the file holds no record"),
    "binary-file": ("read", "the file is not text"),
    "broken-record": (
        "read",
        "a line or record that is not valid JSON or CSV, no object, or has no text where its text should be",
    ),
    "too-large": ("read", "a line, record or page larger than `max_record_bytes`"),
    "no-text-column": ("read", "no column that is known to hold the text"),
    "no-text": ("read", "the text is missing or blank"),
    "too-short": ("clean", "fewer characters than `min_characters`"),
    "too-long": ("clean", "more characters than `max_characters`"),
    "language": ("clean", "not in the language asked for"),
    "cut-off": ("assess", "ends in the middle of a sentence"),
    "to-be-continued": ("assess", "says that it goes on elsewhere"),
    "paywall": ("assess", "ends at a paywall, log-in or read-more stub"),
    "missing-head": ("assess", "begins in the middle"),
    "lacunae": ("assess", "characters marked as lost (□)"),
    "unsegmented": ("assess", "one block without paragraphs"),
    "markup": ("assess", "tags, entities or code left in the text"),
    "boilerplate": ("assess", "mostly the furniture of a site"),
    "contents-page": ("assess", "a table of contents"),
    "advertisement": ("assess", "sales talk with a contact"),
    "replacement-characters": ("assess", "characters lost in decoding (U+FFFD)"),
    "garbled": ("assess", "mojibake or unassigned characters"),
    "repeated-run": ("assess", "the same phrase many times in a row"),
    "unpaired-punctuation": ("assess", "quotes or brackets without their partners"),
    "no-punctuation": ("assess", "long prose without punctuation"),
    "wrong-punctuation": ("assess", "half-width or doubled punctuation in Chinese"),
    "mixed-encodings": ("assess", "decoded otherwise than its file"),
    "repeated-paragraphs": ("assess", "whole paragraphs more than once"),
    "chapter-order": ("assess", "chapter numbers that contradict each other"),
    "partial-work": ("assess", "a later chapter without the earlier ones"),
    "cliches": ("assess", "mostly stock phrases"),
    "template": ("assess", "a form with blanks left to fill in"),
    "low-variety": ("assess", "too few different character pairs for its length"),
    "undated": ("dates", "no date in data, page or URL"),
    "too-old": ("dates", "published on or before `published_after`"),
    "future-date": ("dates", "dated after today"),
    "dates-disagree": ("dates", "two dates further apart than `max_date_gap_days`"),
    "personal-data": ("personal", 'holds personal data (with `personal_data = "reject"`)'),
    "low-engagement": ("engagement", "below `min_engagement_percentile` within its platform"),
    "duplicate-url": ("sources", "another text of the same URL is kept"),
    "duplicate": ("duplicates", "the same text as another that is kept"),
    "near-duplicate": ("duplicates", "nearly the same text as another that is kept"),
}

UNREADABLE = ("unreadable-file", "empty-file", "binary-file", "broken-record", "too-large", "no-text-column")
"""Reasons that mean the input needs mending; the command then leaves with an error."""


def stage_of(reason: str) -> str:
    """The stage that gives `reason`."""
    return REASONS[reason][0]
