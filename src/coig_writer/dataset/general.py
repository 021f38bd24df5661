"""General instruction data, such as a mixture adds to creative triplets: Alpaca, ShareGPT or messages.

A file is of any kind that `containers` reads; a table holds lists as JSON.
What cannot be used comes back as a `Reject` with its place and the reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from coig_writer.dataset.containers import records_of
from coig_writer.dataset.conversation import ROLES, text_of_turn
from coig_writer.dataset.read import Reject


@dataclass(frozen=True)
class Message:
    """One turn."""

    role: str
    """`system`, `user` or `assistant`."""
    content: str


@dataclass(frozen=True)
class Example:
    """A conversation that ends with an answer."""

    id: str
    """Derived from roles and texts, so the same conversation has the same id wherever it is read."""
    messages: tuple[Message, ...]
    where: str
    """`FILE:LINE`."""

    @property
    def asked(self) -> str:
        """All that the user says."""
        return "\n".join(message.content for message in self.messages if message.role == "user")

    @property
    def answered(self) -> str:
        """All that the assistant says."""
        return "\n".join(message.content for message in self.messages if message.role == "assistant")


def read_general(path: Path) -> Iterator[Example | Reject]:
    """The conversations of a file, in order; each record is told by its own keys which form it has.

    Raises:
        InputError: the file cannot be read or is of no known kind.
    """
    for found in records_of(path):
        if found.error:
            yield Reject(found.where, found.error, found.field)
            continue
        try:
            messages = tuple(_messages(found.parsed()))
            _check(messages)
        except ValueError as error:
            yield Reject(found.where, str(error), getattr(error, "field", None))
        else:
            yield Example(_id(messages), messages, found.where)


def _messages(record: Any) -> Iterator[Message]:
    """The turns of a record in any of the known forms; raises ValueError with the reason where there is none."""
    if not isinstance(record, dict):
        raise ValueError("not an object")
    for key in ("messages", "conversations", "conversation"):
        if key in record:
            if record.get("system"):
                yield Message("system", text_of_turn(record["system"], "system"))
            yield from _turns(record[key], key)
            return
    if "instruction" not in record:
        raise ValueError("neither Alpaca (instruction, output) nor ShareGPT (conversations) nor messages")
    yield from _alpaca(record)


def _turns(turns: Any, key: str) -> Iterator[Message]:
    """ShareGPT says `from` and `value`, messages say `role` and `content`."""
    if isinstance(turns, str) and turns.lstrip().startswith("["):  # a cell of a table
        turns = from_json(turns)
    if not isinstance(turns, list):
        raise ValueError(f"{key} is not a list")
    for at, turn in enumerate(turns):
        if not isinstance(turn, dict):
            raise ValueError(f"{key}[{at}] is not an object")
        role = turn.get("role", turn.get("from"))
        if not isinstance(role, str) or role not in ROLES:
            raise ValueError(f"{key}[{at}] has the role {role!r}, which is none of system, user, assistant")
        yield Message(ROLES[role], text_of_turn(turn.get("content", turn.get("value")), f"{key}[{at}]"))


def _alpaca(record: dict[str, Any]) -> Iterator[Message]:
    if record.get("system"):
        yield Message("system", text_of_turn(record["system"], "system"))
    history = record.get("history") or []
    if not isinstance(history, list):
        raise ValueError("history is not a list")
    for at, pair in enumerate(history):
        if not isinstance(pair, list) or len(pair) != 2:
            raise ValueError(f"history[{at}] is not a pair of question and answer")
        yield Message("user", text_of_turn(pair[0], f"history[{at}]"))
        yield Message("assistant", text_of_turn(pair[1], f"history[{at}]"))
    given = record.get("input")
    asked = text_of_turn(record["instruction"], "instruction")
    yield Message("user", f"{asked}\n{text_of_turn(given, 'input')}" if given else asked)
    yield Message("assistant", text_of_turn(record.get("output"), "output"))


def _check(messages: tuple[Message, ...]) -> None:
    """Users and assistants take turns, the assistant has the last word, and all of it can be written as UTF-8."""
    for at, message in enumerate(messages):
        try:
            message.content.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"half a character (a lone surrogate) in turn {at + 1}, at {error.start + 1}") from error
    turns = [message.role for message in messages]
    spoken = turns[1:] if turns and turns[0] == "system" else turns
    if "system" in spoken:
        raise ValueError("a system message stands after the beginning")
    if not spoken or spoken[-1] != "assistant":
        raise ValueError("does not end with an answer")
    if any(role != ("user", "assistant")[at % 2] for at, role in enumerate(spoken)):
        raise ValueError("user and assistant do not take turns")


def _id(messages: tuple[Message, ...]) -> str:
    told = json.dumps([[message.role, message.content] for message in messages], ensure_ascii=False)
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
