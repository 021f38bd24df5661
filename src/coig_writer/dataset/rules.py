"""What one triplet must be like by itself, rule by rule. What concerns several of them is in `validate`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from coig_writer.annotate.checks import chinese_share
from coig_writer.annotate.overlap import quoted_spans
from coig_writer.corpus.language import identify
from coig_writer.corpus.personal import find_personal_data
from coig_writer.dataset.counts import text_of
from coig_writer.schema import GATE_EACH, GATE_SUM, Triplet
from coig_writer.taxonomy import PARTS, Part, Range, category_range, genres

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Rules:
    """The thresholds of validation, the published ones by default."""

    gate_sum: int = GATE_SUM
    gate_each: int = GATE_EACH
    longest_quote: int = 12
    """Characters that prompt or reasoning may share with the article in one run, as when drafts are checked."""
    least_chinese: float = 0.8
    """Share of Chinese among the letters of a part that goes with a Chinese article."""


@dataclass(frozen=True)
class Problem:
    """Something a rule found in a triplet."""

    rule: str
    severity: Severity
    message: str
    part: str | None = None
    """`article`, `prompt`, `reasoning` or a field."""


STRAY = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\ufeff]")
"""Characters that mean nothing in a text; `--fix` takes them out."""
_SEEN = 8
"""Characters of a quotation that are shown; a report should not repeat an article."""


def problems_of(triplet: Triplet, rules: Rules) -> Iterator[Problem]:
    """What is wrong with a triplet, by each rule in turn."""
    for rule in _RULES:
        yield from rule(triplet, rules)


def _gate(triplet: Triplet, rules: Rules) -> Iterator[Problem]:
    """Paper, section 2.3: sum at least 50 of 60, each at least 8 of 10."""
    if scores := triplet.deciding_scores:
        for shortfall in scores.shortfalls(rules.gate_sum, rules.gate_each):
            yield Problem("gate", "error", shortfall)
    elif triplet.stated_scores and triplet.stated_scores.total is not None:
        total = triplet.stated_scores.total
        if total < rules.gate_sum:
            yield Problem("gate", "error", f"sum {total} < {rules.gate_sum}")
        else:
            yield Problem("gate-unknown", "warning", f"the sum {total} is stated without the six scores")
    else:
        yield Problem("gate-unknown", "warning", "not scored")


def _genre(triplet: Triplet, rules: Rules) -> Iterator[Problem]:
    if triplet.genre not in genres():
        yield Problem("genre", "error", f"{triplet.genre!r} is no genre of the taxonomy", "genre")


def _lengths(triplet: Triplet, rules: Rules) -> Iterator[Problem]:
    """Against the published least and most of the genre's category, or of the whole dataset for other genres."""
    genre = genres().get(triplet.genre)
    category = genre.category if genre else "role_play"  # which has none of its own
    for part in PARTS:
        size, span = len(text_of(triplet, part)), _span(category, part)
        if not span.min <= size <= span.max:
            asked = f"published for {category if genre else 'all'}: {span.min:,.0f}–{span.max:,.0f}"
            yield Problem("length", "warning", f"{size:,} characters; {asked}", part)


@cache
def _span(category: str, part: Part) -> Range:
    return category_range(category, part)


def _language(triplet: Triplet, rules: Rules) -> Iterator[Problem]:
    said, seen = triplet.article.language, identify(triplet.article.text)
    if said and seen and said != seen:
        yield Problem("language", "error", f"said to be {said!r}, reads as {seen!r}", "article")
    if (said or seen) == "zh":
        for part in ("prompt", "reasoning"):
            if (share := chinese_share(text_of(triplet, part))) < rules.least_chinese:  # type: ignore[arg-type]
                yield Problem("language", "warning", f"only {share:.0%} of its letters are Chinese", part)


def _quotes(triplet: Triplet, rules: Rules) -> Iterator[Problem]:
    for part in ("prompt", "reasoning"):
        for span in quoted_spans(text_of(triplet, part), triplet.article.text, rules.longest_quote):  # type: ignore[arg-type]
            message = f"quotes {len(span)} characters of the article: {span[:_SEEN]}…"
            yield Problem("quoted-span", "error", message, part)


def _personal(triplet: Triplet, rules: Rules) -> Iterator[Problem]:
    """What was found is named by kind and place only, so that a report of it gives nothing away."""
    for part in PARTS:
        for spot in find_personal_data(text_of(triplet, part)):
            yield Problem("personal-data", "error", f"{spot.kind} at character {spot.start + 1:,}", part)


def _stray(triplet: Triplet, rules: Rules) -> Iterator[Problem]:
    for part in PARTS:
        text = text_of(triplet, part)
        if found := STRAY.search(text):
            message = f"a stray control character, U+{ord(found[0]):04X}, at character {found.start() + 1:,}"
            yield Problem("control-character", "warning", message, part)
        if "\ufffd" in text:
            yield Problem("damaged-text", "error", f"{text.count(chr(0xFFFD))} characters are lost (U+FFFD)", part)


def _provenance(triplet: Triplet, rules: Rules) -> Iterator[Problem]:
    article = triplet.article
    if not article.licence:
        yield Problem("no-licence", "warning", "the article has no licence")
    if not (article.url or article.platform or article.author or article.source or triplet.provenance.note):
        yield Problem("no-source", "warning", "nothing says where the article is from")


_RULES: tuple[Callable[[Triplet, Rules], Iterator[Problem]], ...] = (
    _gate,
    _genre,
    _lengths,
    _language,
    _quotes,
    _personal,
    _stray,
    _provenance,
)
EXPLAINED = {
    "unreadable": "is no triplet",
    "lost-field": "has a value that means nothing known",
    "gate": "does not reach the gate",
    "gate-unknown": "lacks the six scores",
    "genre": "has a genre that the taxonomy lacks",
    "length": "is shorter or longer than published ones",
    "language": "is in another language than said",
    "quoted-span": "quotes its article",
    "personal-data": "holds telephone numbers or the like",
    "control-character": "holds stray control characters",
    "damaged-text": "holds replacement characters",
    "no-licence": "has no licence",
    "no-source": "does not say where it is from",
    "duplicate-id": "has the id of another one",
    "duplicate-article": "has the article of another one",
    "duplicate-prompt": "has the prompt of another one",
    "near-duplicate": "has nearly the article of another one",
    "against": "is in the other set, or nearly",
}
"""Rule → what it says of a triplet."""
