"""Marks of chat formats inside a text, which some servers turn into control tokens."""

from __future__ import annotations

import re

CHAT_MARK = re.compile(
    r"<(?=[|｜])"  # ChatML, Llama 3, GLM, Kimi; DeepSeek writes a full-width bar
    r"|<(?=/?(?:s|think|tool_call|tool_response|bos|eos|sop|start_of_turn|end_of_turn)>|</?SYS>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|THINK)\]|gMASK\])",
    re.IGNORECASE,
)
_ZERO_WIDTH_SPACE = "\u200b"


def split_marks(text: str) -> str:
    """`text` with each mark broken by a zero-width space, so that it reads the same and means nothing."""
    return CHAT_MARK.sub(lambda mark: mark.group() + _ZERO_WIDTH_SPACE, text)
