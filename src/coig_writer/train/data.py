"""Training samples of a mixture: messages that are given, and the text that is to be learnt."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coig_writer.corpus.language import identify
from coig_writer.dataset.general import Message
from coig_writer.errors import InputError
from coig_writer.train.settings import Form

_THINKING = re.compile(r"<think>\n(?P<reasoning>.*?)\n</think>\n\n(?P<article>.+)", re.DOTALL)
_ROLES = {"system", "user", "assistant"}


@dataclass(frozen=True)
class Sample:
    """One conversation, the last turn of which is learnt."""

    id: str
    source: str
    """`creative` or `general`."""
    prompt: tuple[Message, ...]
    completion: str
    where: str
    """`FILE:LINE`."""
    genre: str | None = None


def read_mixture(path: Path, form: Form) -> list[Sample]:
    """The samples of a file that `dataset mix` wrote, or of any JSON Lines in prompt-completion or messages form.

    Samples of the source `creative` are put into `form`; all others stay as they are.

    Raises:
        InputError: the file cannot be read, a line is no conversation, or a creative sample lacks the reasoning
            that the form needs; names the line.
    """
    samples = [_in_form(sample, form) for sample in _read(path)]
    if not samples:
        raise InputError("there is nothing to train on", where=str(path), remedy="Give a mixture with samples.")
    return samples


def _read(path: Path) -> Iterator[Sample]:
    if path.is_dir():
        names = ", ".join(sorted(each.name for each in path.glob("*.jsonl") if each.name != "left_out.jsonl"))
        raise InputError("this is a folder", where=str(path), remedy=f"Name one of its mixtures: {names or 'none'}.")
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read: {error}", where=str(path), remedy="Check the path.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            where = f"{path}:{number}"
            try:
                yield _sample(json.loads(line), where)
            except ValueError as error:
                raise InputError(str(error), where=where, remedy="Mend or remove this line.") from error


def _sample(row: Any, where: str) -> Sample:
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    messages = _messages(row)
    if len(messages) < 2 or messages[-1].role != "assistant" or messages[-2].role != "user":
        raise ValueError("the conversation does not end with a question and its answer")
    if not messages[-1].content.strip():
        raise ValueError("the answer is empty")
    text = json.dumps([(each.role, each.content) for each in messages], ensure_ascii=False)
    made_up = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Sample(
        id=str(row.get("id") or made_up),
        source=str(row.get("source") or "general"),
        prompt=tuple(messages[:-1]),
        completion=messages[-1].content,
        where=where,
        genre=row.get("genre"),
    )


def _messages(row: dict[str, Any]) -> list[Message]:
    if "messages" in row:
        turns = row["messages"]
    elif {"prompt", "completion"} <= row.keys():
        turns = _turns(row["prompt"], "user") + _turns(row["completion"], "assistant")
    else:
        raise ValueError("neither `prompt` and `completion` nor `messages`")
    if not isinstance(turns, list):
        raise ValueError("`messages` is not a list")
    return [_message(turn) for turn in turns]


def _turns(value: Any, role: str) -> list[Any]:
    return value if isinstance(value, list) else [{"role": role, "content": value}]


def _message(turn: Any) -> Message:
    if not isinstance(turn, dict) or turn.get("role") not in _ROLES or not isinstance(turn.get("content"), str):
        raise ValueError("a turn is not a role (system, user, assistant) with a text as content")
    return Message(turn["role"], turn["content"])


def _in_form(sample: Sample, form: Form) -> Sample:
    if sample.source != "creative":
        return sample
    parts = _THINKING.fullmatch(sample.completion)
    if parts is None:
        if form == "article":
            return sample
        raise InputError(
            f"a creative sample has no reasoning, which the form {form!r} needs",
            where=sample.where,
            remedy="Build the mixture without --without-reasoning, or train with --form article.",
        )
    reasoning, article = parts["reasoning"], parts["article"]
    chinese = identify(article) == "zh"
    plan, text = ("构思：", "正文：") if chinese else ("Plan:", "Text:")
    if form == "article":
        return replace(sample, completion=article)
    if form == "plain":
        return replace(sample, completion=f"{plan}\n{reasoning}\n\n{text}\n{article}")
    if form == "plan":
        *before, asked = sample.prompt
        with_plan = Message(asked.role, f"{asked.content}\n\n{plan}\n{reasoning}")
        return replace(sample, prompt=(*before, with_plan), completion=article)
    return sample


def hold_out(samples: Sequence[Sample], share: float, seed: int) -> tuple[list[Sample], dict[str, list[Sample]]]:
    """(samples to train on, samples held out by source); which ones depends on seed and ids alone.

    Of each source at least one sample is held out when `share` is above 0 and there are two.
    """
    chosen: set[int] = set()
    sources = dict.fromkeys(sample.source for sample in samples)
    for source in sources:
        at = sorted(
            (index for index, sample in enumerate(samples) if sample.source == source),
            key=lambda index: hashlib.blake2b(f"{seed}:{samples[index].id}".encode(), digest_size=16).digest(),
        )
        count = max(1, round(share * len(at))) if share and len(at) > 1 else 0
        chosen |= set(at[:count])
    kept = [sample for index, sample in enumerate(samples) if index not in chosen]
    held = {
        source: [samples[index] for index in sorted(chosen) if samples[index].source == source] for source in sources
    }
    return kept, {source: found for source, found in held.items() if found}
