"""What is odd about an answer, found by rules that a reader can check."""

from __future__ import annotations

import re

CUT_OFF, EMPTY, REFUSAL, REPETITION = "cut-off", "empty", "refusal", "repetition"
LONGEST_PERIOD = 200
"""Characters of the longest passage that is looked for as a loop."""
LOOP = 80
"""Characters that a loop at the end of an answer must fill, four rounds at least."""
ROUNDS = 4
REFUSAL_LENGTH = 300
"""A refusal is short; a longer text that begins so may be a character speaking."""
_REFUSAL = re.compile(
    r"^\W*(?:很?抱歉|对不起|不好意思|很遗憾)?[，,\s]*(?:我|作为.{0,20}?(?:AI|人工智能|语言模型|助手)).{0,20}?"
    r"(?:无法|不能|不便|没有办法|不可以)"
    r"|^\W*(?:I(?:'|’)?m sorry|I am sorry|Sorry|I apologi[sz]e)?[,.;:\s]*(?:but\s+)?"
    r"(?:As an? (?:AI|language model).{0,40})?"
    r"I (?:can(?:no|'|’)t|cannot|am unable|am not able|won(?:'|’)t)\b",
    re.IGNORECASE,
)


def flags(response: str, finish_reason: str | None) -> list[str]:
    """What is odd about a response: `empty`, `refusal`, `cut-off` (the token limit ended it), `repetition`.

    A refusal is a text of at most 300 characters that begins by saying that it cannot; repetition is a passage of up
    to 200 characters that comes at least four times in a row at the very end, over 80 characters or more.
    """
    found = []
    if not response.strip():
        found.append(EMPTY)
    if len(response) <= REFUSAL_LENGTH and _REFUSAL.search(response):
        found.append(REFUSAL)
    if finish_reason == "length":
        found.append(CUT_OFF)
    if loops(response):
        found.append(REPETITION)
    return found


def loops(text: str) -> bool:
    """Whether a text ends in a loop."""
    tail = text.rstrip()[-(LONGEST_PERIOD * (ROUNDS + 1)) :]
    for period in range(1, min(LONGEST_PERIOD, len(tail) // ROUNDS) + 1):
        wanted = max(LOOP, ROUNDS * period)
        run = period
        while run < min(wanted, len(tail)) and tail[-1 - run] == tail[-1 - run + period]:
            run += 1
        if run >= wanted:
            return True
    return False
