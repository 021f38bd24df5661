"""What is sent to a model for a query: alone, after five exemplars, with or without a plan first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coig_writer.dataset.conversation import answer_with_thoughts
from coig_writer.errors import InputError
from coig_writer.files import read_jsonl
from coig_writer.infer.queries import Task
from coig_writer.packaged import load_exemplars
from coig_writer.schema import Triplet
from coig_writer.taxonomy import genres

SHOTS = 5
Mode = Literal["zero-shot", "five-shot"]
Shape = Literal["turns", "inline"]

_PLAN = {
    "zh": "请先想清楚怎样写，把构思放在 <think> 和 </think> 之间："
    "怎样理解这个要求，怎样安排结构，人物、语气、细节怎样取舍，要避开什么。"
    "构思写完，再写正文。正文里不要再提构思。",
    "en": "First work out how you will write it, between <think> and </think>: how you read the request, the "
    "structure, what to choose and what to leave out in voice, character and detail, what to avoid. Then write the "
    "piece itself, without mentioning the plan.",
}
_INLINE = {
    "zh": (
        "下面是{count}个范例，每个先列写作要求，再列成品。",
        "【范例{number} 写作要求】",
        "【范例{number} 成品】",
        "【写作要求】",
    ),
    "en": (
        "Here are {count} examples, each a request and the finished piece.",
        "[Request {number}]",
        "[Piece {number}]",
        "[Request]",
    ),
}


@dataclass(frozen=True)
class Prompting:
    """How queries become messages."""

    mode: Mode = "zero-shot"
    plan_first: bool = False
    """Whether the model is asked to write its reasoning before the text, as the triplets do."""
    shape: Shape = "turns"
    """Exemplars as earlier turns of the chat, or inside one message."""
    system: str | None = None
    exemplars: Mapping[str, Sequence[Triplet]] | None = None
    """By category slug; for five-shot."""

    @property
    def name(self) -> str:
        """Such as `five-shot+plan`."""
        return self.mode + ("+plan" if self.plan_first else "")

    @property
    def template(self) -> str:
        """Twelve hex digits that change with our own words and with the exemplars, not with the query."""
        shown = [[triplet.id for triplet in chosen] for _, chosen in sorted((self.exemplars or {}).items())]
        parts = [self.mode, self.plan_first, self.shape, self.system, shown, _PLAN if self.plan_first else "", _INLINE]
        return hashlib.blake2b(json.dumps(parts, ensure_ascii=False).encode(), digest_size=6).hexdigest()

    def messages(self, task: Task) -> list[dict[str, str]]:
        """The chat for one query; its last message is the user's."""
        chat = [{"role": "system", "content": self.system}] if self.system else []
        shown = self.shown_for(task) if self.mode == "five-shot" else []
        if self.shape == "inline" and shown:
            return [*chat, {"role": "user", "content": self._inline(task, shown)}]
        for triplet in shown:
            chat.append({"role": "user", "content": self._asked(triplet.prompt, task.language)})
            chat.append({"role": "assistant", "content": self._answered(triplet)})
        return [*chat, {"role": "user", "content": self._asked(task.query, task.language)}]

    def shown_for(self, task: Task) -> list[Triplet]:
        """The exemplars for a query: those of its category, or the first of each category; never the query itself."""
        assert self.exemplars is not None
        genre = genres().get(task.genre or "")
        category = genre.category if genre else None
        chosen = list(self.exemplars.get(category or "", ()))
        if not chosen:
            columns = [list(each) for each in self.exemplars.values()]
            chosen = [each[row] for row in range(SHOTS) for each in columns if row < len(each)]
        return [triplet for triplet in chosen if triplet.prompt.strip() != task.query.strip()][:SHOTS]

    def _asked(self, query: str, language: str) -> str:
        return f"{query}\n\n{_PLAN[language]}" if self.plan_first else query

    def _answered(self, triplet: Triplet) -> str:
        text = triplet.article.text
        return answer_with_thoughts(triplet.reasoning, text) if self.plan_first else text

    def _inline(self, task: Task, shown: list[Triplet]) -> str:
        opening, asked, answered, request = _INLINE[task.language]
        parts = [opening.format(count=len(shown))]
        for number, triplet in enumerate(shown, 1):
            parts += [f"{asked.format(number=number)}\n{triplet.prompt}"]
            parts += [f"{answered.format(number=number)}\n{self._answered(triplet)}"]
        return "\n\n".join([*parts, f"{request}\n{self._asked(task.query, task.language)}"])


def read_exemplars(path: Path | None) -> dict[str, list[Triplet]]:
    """Exemplars by category: the packaged ones, or a JSON Lines file of triplets in the order of showing.

    Raises:
        InputError: the file is missing, empty or holds no triplets; says where.
    """
    if path is None:
        return load_exemplars()
    found: dict[str, list[Triplet]] = {}
    for triplet in read_jsonl(path, Triplet):
        found.setdefault(genres()[triplet.genre].category, []).append(triplet)
    if not found:
        raise InputError(
            "no triplets in it", where=str(path), remedy="Write one triplet a line, as `data starter` does."
        )
    return found


def prompt_hash(messages: list[dict[str, str]]) -> str:
    """Sixteen hex digits of the messages as they are sent."""
    text = json.dumps(messages, ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
