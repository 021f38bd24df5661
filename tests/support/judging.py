"""A judge for the test server: marks from the text in the fences, quotations from the answer, never from a name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_FENCED = re.compile(r"【(\S.*?) ([0-9a-f]{16}) (?:开始|begins)】\n(.*?)\n【\1 \2 (?:结束|ends)】", re.DOTALL)


def fenced(body: dict[str, Any]) -> dict[str, str]:
    """What stands in the fences of a request, by title."""
    return {title: text for title, _, text in _FENCED.findall(body["messages"][1]["content"])}


def answer_in(body: dict[str, Any]) -> str:
    """The answer that is to be judged."""
    parts = fenced(body)
    return parts.get("待评作品") or parts["piece"]


def judge_by(mark: Callable[[str], int]) -> Callable[[dict[str, Any]], str]:
    """A judge that gives every dimension of an answer the mark that `mark` finds in its text.

    It quotes the answer's first eight characters, finds the first criterion met and the others not, and of two
    answers prefers the higher mark.
    """

    def write(body: dict[str, Any]) -> str:
        schema = body["response_format"]["json_schema"]["schema"]
        if schema["title"] == "PairAnswer":
            parts = fenced(body)
            first, second = (mark(parts[title]) for title in list(parts)[-2:])
            better = "tie" if first == second else "first" if first > second else "second"
            return json.dumps({"reason": "高下在此", "better": better}, ensure_ascii=False)
        text = answer_in(body)
        grounds = {"quote": text[:8], "reason": "开头如此"}
        if schema["title"] == "RatingAnswer":
            found = {name: {**grounds, "mark": mark(text)} for name in schema["properties"]}
        else:
            found = {name: {**grounds, "verdict": "met" if name == "c1" else "not"} for name in schema["properties"]}
        return json.dumps(found, ensure_ascii=False)

    return write
