"""Samples as token ids and labels: the one place where it is decided what is learnt.

The messages that are given are rendered by the model's chat template up to where the model takes over, as at
inference; the completion's tokens and the token that ends a turn follow. The template never sees the completion,
for newer ones take the thinking out of it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from coig_writer.dataset.general import Message
from coig_writer.errors import InputError, SettingError
from coig_writer.train.data import Sample

IGNORED = -100
"""The label of a token that is not learnt, by PyTorch's convention."""
_ASKED, _ANSWERED, _SYSTEM = "问α", "答β", "系γ"


@dataclass(frozen=True)
class Encoded:
    """One sample for the trainer."""

    sample: Sample
    ids: list[int]
    prompt: int
    """So many of `ids` are given; the rest is learnt, the last of it ends the turn."""

    @property
    def labels(self) -> list[int]:
        return [IGNORED] * self.prompt + self.ids[self.prompt :]


class ChatFormat:
    """How a tokenizer's chat template frames a conversation.

    Args:
        tokenizer: of `transformers`; with `system`, its template is changed so that the trained model carries it.
        system: the system message of conversations that have none; None: as the template has it.

    Raises:
        SettingError: there is no chat template, or it shows no token with which an answer ends.
    """

    def __init__(self, tokenizer: Any, system: str | None = None):
        if not tokenizer.chat_template:
            raise SettingError(
                "the model's tokenizer has no chat template",
                where="--model",
                remedy="Take the model's instruct version, or put a chat_template.jinja into its folder.",
            )
        self.tokenizer = tokenizer
        self.injected = injected_system(tokenizer)
        """The system message that the template puts in by itself; None if it does not."""
        if system is not None:
            tokenizer.chat_template = with_system(tokenizer.chat_template, system)
        self.end = end_of_turn(tokenizer)
        """The id of the token that ends an answer."""
        self.marks = control_marks(tokenizer)

    def encode(self, sample: Sample) -> Encoded:
        """The sample as ids.

        Raises:
            InputError: a message holds a control token of this chat format.
        """
        for text in (*(message.content for message in sample.prompt), sample.completion):
            if mark := self.marks.search(text):
                raise InputError(
                    f"a message holds {mark.group()}, a control token of this chat format",
                    where=sample.where,
                    remedy="Remove the mark from the text, or the line from the file.",
                )
        opened, completion = _continued(render(self.tokenizer, sample.prompt), sample.completion)
        given = self.tokenizer.encode(opened, add_special_tokens=False)
        learnt = self.tokenizer.encode(completion, add_special_tokens=False)
        return Encoded(sample, [*given, *learnt, self.end], len(given))


def render(tokenizer: Any, messages: tuple[Message, ...]) -> str:
    """Text of the conversation up to where the model is to write."""
    turns = [{"role": each.role, "content": each.content} for each in messages]
    return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)


def _continued(opened: str, completion: str) -> tuple[str, str]:
    """Prompt and completion for templates that open `<think>` themselves, as those of R1 and QwQ do."""
    if not opened.rstrip().endswith("<think>"):
        return opened, completion
    thought = completion.removeprefix("<think>")
    if thought != completion:
        return opened, thought.removeprefix("\n") if opened.endswith("\n") else thought
    return opened, f"\n</think>\n\n{completion}"


def end_of_turn(tokenizer: Any) -> int:
    """The id of the first control token after an answer, as the template writes it.

    Raises:
        SettingError: the template puts none there, so that a model would never learn to stop.
    """
    turns = [{"role": "user", "content": _ASKED}, {"role": "assistant", "content": _ANSWERED}]
    after = tokenizer.apply_chat_template(turns, tokenize=False).rpartition(_ANSWERED)[2]
    control = {*tokenizer.all_special_ids, *tokenizer.added_tokens_decoder}
    for token in tokenizer.encode(after, add_special_tokens=False):
        if token in control:
            return token
    if not after.strip() and tokenizer.eos_token_id is not None:
        return tokenizer.eos_token_id
    raise SettingError(
        f"the chat template ends an answer with {after!r}, which is no control token",
        where="--model",
        remedy="Take a model whose template ends a turn with a token of its own.",
    )


def control_marks(tokenizer: Any) -> re.Pattern[str]:
    """Finds what this tokenizer would take for the frame of a conversation inside a text; `<think>` is none of it."""
    added = {str(token) for token in tokenizer.added_tokens_decoder.values()}
    marks = {*tokenizer.all_special_tokens, *(each for each in added if each.startswith(("<|", "<｜")))}
    return re.compile("|".join(map(re.escape, sorted(marks, key=len, reverse=True))) or "(?!)")


def injected_system(tokenizer: Any) -> str | None:
    """The system message that the template writes when a conversation has none, as Qwen2.5's does."""
    user = {"role": "user", "content": _ASKED}
    framed = tokenizer.apply_chat_template([{"role": "system", "content": _SYSTEM}, user], tokenize=False)
    bare = tokenizer.apply_chat_template([user], tokenize=False)
    before, found, after = framed.partition(_SYSTEM)
    if not found or not bare.startswith(before) or not bare.endswith(after):
        return None
    said = bare[len(before) : len(bare) - len(after)]
    return said if len(before) + len(after) <= len(bare) and said else None


def with_system(template: str, system: str) -> str:
    """The template with a system message of its own for conversations that have none."""
    turn = f"[{{'role': 'system', 'content': {json.dumps(system, ensure_ascii=False)}}}]"
    return (
        "{%- if not messages or messages[0]['role'] != 'system' %}"
        f"{{%- set messages = {turn} + (messages | list) %}}"
        "{%- endif %}" + template
    )
