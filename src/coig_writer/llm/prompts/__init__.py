"""Prompt templates and how they become messages.

Each template is a Markdown file in this folder, rendered by Jinja2. Every message has the same
build: the system text, then the material in fences (article first, then what has been made of it so
far), then the task. Calls about one article thus share a prefix up to the task, and a server's
prefix cache reads the article once. What stands around all tasks of one kind is a `Frame`.

A fence is labelled with a hash of the text inside it, so that a text cannot close its own fence:
it would have to contain its own hash. Marks of chat formats inside a text (`<|im_end|>`, `[INST]`)
are split (`llm/marks.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined

from coig_writer.llm.marks import CHAT_MARK, split_marks

PARTS = {"article": "文章", "analysis": "文章分析", "prompt": "写作要求", "reasoning": "写作思考"}
"""Fenced parts in the order in which they stand in a message, with their Chinese names."""


@dataclass(frozen=True, eq=False)
class Frame:
    """What stands around every task of one kind."""

    system: str
    """Template of the system text."""
    parts: Mapping[str, str]
    """Fenced parts in the order in which they stand in a message, with their names for the reader."""
    begins: str = "开始"
    ends: str = "结束"


ANNOTATING = Frame("system", PARTS)
"""Around the tasks of annotation."""

_environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)


@cache
def source(name: str) -> str:
    """The text of template `name` as it is in its file."""
    return resources.files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")


@cache
def template_hash(*names: str, frame: Frame = ANNOTATING) -> str:
    """Twelve hex digits that change when one of the named templates, the system text or the fence changes."""
    texts = [source(frame.system), fence("", "", frame), CHAT_MARK.pattern] + [source(name) for name in names]
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=6).hexdigest()


def fence(title: str, text: str, frame: Frame = ANNOTATING) -> str:
    """`text` between two lines that it cannot imitate."""
    label = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    return f"【{title} {label} {frame.begins}】\n{split_marks(text)}\n【{title} {label} {frame.ends}】"


def messages(*names: str, parts: dict[str, str], frame: Frame = ANNOTATING, **values: object) -> list[dict[str, str]]:
    """Chat messages for the task that the named templates state together.

    Args:
        parts: fenced material by part name (see the frame's `parts`); unknown names raise `KeyError`.
        values: what the templates' placeholders stand for; a missing one raises `UndefinedError`.
    """
    unknown = set(parts) - set(frame.parts)
    if unknown:
        raise KeyError(f"no such part: {', '.join(sorted(unknown))}")
    material = [fence(title, parts[part], frame) for part, title in frame.parts.items() if part in parts]
    task = "".join(_environment.from_string(source(name)).render(values).rstrip() + "\n" for name in names)
    return [
        {"role": "system", "content": source(frame.system).strip()},
        {"role": "user", "content": "\n\n".join([*material, task.strip()])},
    ]
