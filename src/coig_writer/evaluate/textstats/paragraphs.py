"""Paragraphs, and answers that are one unsegmented block (paper, section 3.3)."""

from __future__ import annotations

BLOCK_CHINESE = 400
BLOCK_OTHER = 1300
"""From so many characters on, a text without a single line break is an unsegmented block; 1,300 characters of English
say about what 400 of Chinese do (Table 3 of the paper: 3.2–3.6 to one)."""


def paragraphs(text: str) -> list[str]:
    """The text's lines that are not blank, without white space around them."""
    return [bare for line in text.split("\n") if (bare := line.strip())]


def unsegmented(text: str, language: str) -> bool | None:
    """Whether a text is one block; None for a text too short to need paragraphs."""
    if len(text.strip()) < (BLOCK_CHINESE if language == "zh" else BLOCK_OTHER):
        return None
    return len(paragraphs(text)) == 1
