"""Whether what a judge quotes stands in the answer, and where."""

from __future__ import annotations

import re
import unicodedata

_AROUND = "\"'“”‘’「」『』《》〈〉…. \t\r\n\u3000"
_GAP = re.compile(r"(?:\.{3,}|…+|[\[【(（]\s*(?:\.{3,}|…+)\s*[\]】)）])")
_SAME = str.maketrans({"“": '"', "”": '"', "「": '"', "」": '"', "‘": "'", "’": "'", "『": "'", "』": "'", "—": "-"})


def find_quote(quote: str, text: str) -> tuple[int, int] | None:
    """Where a quotation stands in `text`, as start and end in characters; None when it does not.

    White space, the width of characters, the shape of quotation marks and letters' case make no difference, nor do
    quotation marks around it. Dots in its middle stand for a passage left out: its parts must follow in this order,
    and the place is from the first to the last. Anything else that differs is another text.
    """
    parts = [bare for part in _GAP.split(quote.strip(_AROUND)) if (bare := _bare(part)[0])]
    if not parts:
        return None
    bare, places = _bare(text)
    begin = end = 0
    for number, part in enumerate(parts):
        at = bare.find(part, end)
        if at < 0:
            return None
        begin, end = (at if number == 0 else begin), at + len(part)
    return places[begin], places[end - 1] + 1


def _bare(text: str) -> tuple[str, list[int]]:
    """`text` without what makes no difference, and for each of its characters the place in `text`."""
    found: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        folded = unicodedata.normalize("NFKC", character).translate(_SAME).casefold()
        kept = "".join(each for each in folded if not each.isspace() and each != "\u200b")
        found.append(kept)
        places += [place] * len(kept)
    return "".join(found), places
