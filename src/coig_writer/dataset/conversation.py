"""Conversations with the reasoning in `<think>` before the article: written here, and read back to the character."""

from __future__ import annotations

import re
from typing import Any

ROLES = {
    "system": "system",
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bing", "bard", "model", "bot"), "assistant"),
}
"""Role as files name it → role as the chat templates name it."""
_SAID = ("role", "from", "content", "value")
_BEFORE, _BETWEEN = "<think>\n", "\n</think>\n\n"
_LOOSE = re.compile(r"\s*<think>[ \t]*\n?(.*?)\n?[ \t]*</think>[ \t]*\n{0,2}(.*)", re.DOTALL)


def answer_with_thoughts(reasoning: str, article: str) -> str:
    """What an assistant says that thinks aloud first."""
    return f"{_BEFORE}{reasoning}{_BETWEEN}{article}"


def split_thoughts(answer: str, characters: Any = None) -> tuple[str, str]:
    """Reasoning and article of an answer.

    Args:
        answer: as `answer_with_thoughts` makes it, or looser.
        characters: length of the reasoning where the file says it; without it a text that itself holds `</think>`
            would be cut at the wrong place.

    Raises:
        ValueError: there is no reasoning or no article.
    """
    if isinstance(characters, int | float | str) and re.fullmatch(r"\d{1,9}(\.0*)?", str(characters)):
        end = len(_BEFORE) + int(float(characters))
        if answer.startswith(_BEFORE) and answer[end:].startswith(_BETWEEN):
            return answer[len(_BEFORE) : end], answer[end + len(_BETWEEN) :]
    if answer.startswith(_BEFORE) and _BETWEEN in answer:
        reasoning, _, article = answer[len(_BEFORE) :].partition(_BETWEEN)
    elif match := _LOOSE.match(answer):
        reasoning, article = match[1], match[2]
    else:
        raise ValueError("no reasoning: the answer has no <think> … </think> before the article")
    if not reasoning.strip() or not article.strip():
        raise ValueError(f"the {'reasoning' if not reasoning.strip() else 'article'} is empty")
    return reasoning, article


def prompt_and_answer(
    turns: Any, characters: Any = None, unplaced: list[str] | None = None
) -> tuple[str, str, str, str]:
    """System message (or ``""``), prompt, reasoning and article of a conversation with one question and one answer.

    Args:
        turns: what the file has in place of them.
        characters: as for `split_thoughts`.
        unplaced: gets the names of what a turn says beside role, text and reasoning.

    Raises:
        ValueError: it has another form; says which.
    """
    if not isinstance(turns, list):
        raise ValueError("not a list of turns")
    said: dict[str, str] = {}
    thoughts: str | None = None
    for at, turn in enumerate(turns):
        if not isinstance(turn, dict):
            raise ValueError(f"turn {at} is not an object")
        role = ROLES.get(str(turn.get("role", turn.get("from"))))
        if role is None:
            raise ValueError(f"turn {at} has the role {turn.get('role', turn.get('from'))!r}")
        if role in said or (role == "system" and said):
            raise ValueError("several turns: a triplet has one prompt and one answer")
        said[role] = text_of_turn(turn.get("content", turn.get("value")), f"turn {at}")
        aloud = turn.get("reasoning_content")
        thoughts = aloud if isinstance(aloud, str) and aloud.strip() else thoughts
        if unplaced is not None:
            unplaced += [str(name) for name, value in turn.items() if value and not _has_place(name, value)]
    if list(said)[-2:] != ["user", "assistant"]:
        raise ValueError("not one question and then one answer")
    if thoughts is not None:
        return said.get("system", ""), said["user"], thoughts, said["assistant"]
    return said.get("system", ""), said["user"], *split_thoughts(said["assistant"], characters)


def _has_place(name: Any, value: Any) -> bool:
    return name in _SAID or (name == "reasoning_content" and isinstance(value, str))


def text_of_turn(value: Any, place: str) -> str:
    """What is said in a turn; a list of parts is joined if all of them are text.

    Raises:
        ValueError: it is not text, or empty; names `place`.
    """
    if isinstance(value, list) and all(
        isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str) for part in value
    ):
        value = "".join(part["text"] for part in value)
    if not isinstance(value, str):
        raise ValueError(f"{place} is not text")
    if not value.strip():
        raise ValueError(f"{place} is empty")
    return value
