"""Prompt templates and how they become messages.

Each template is a Markdown file in this folder, in Chinese, rendered by Jinja2. Every message has
the same build: the system text, then the material in fences (article first, then what has been
made of it so far), then the task. Calls about one article thus share a prefix up to the task, and
a server's prefix cache reads the article once.

A fence is labelled with a hash of the text inside it, so that a text cannot close its own fence:
it would have to contain its own hash. Marks of chat formats inside a text (`<|im_end|>`, `[INST]`)
are split (`llm/marks.py`).
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined

from coig_writer.llm.marks import CHAT_MARK, split_marks

PARTS = {"article": "文章", "analysis": "文章分析", "prompt": "写作要求", "reasoning": "写作思考"}
"""Fenced parts in the order in which they stand in a message, with their Chinese names."""

_environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)


@cache
def source(name: str) -> str:
    """The text of template `name` as it is in its file."""
    return resources.files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")


@cache
def template_hash(*names: str) -> str:
    """Twelve hex digits that change when one of the named templates, the system text or the fence changes."""
    texts = [source("system"), fence("", ""), CHAT_MARK.pattern] + [source(name) for name in names]
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=6).hexdigest()


def fence(title: str, text: str) -> str:
    """`text` between two lines that it cannot imitate."""
    label = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    return f"【{title} {label} 开始】\n{split_marks(text)}\n【{title} {label} 结束】"


def messages(*names: str, parts: dict[str, str], **values: object) -> list[dict[str, str]]:
    """Chat messages for the task that the named templates state together.

    Args:
        parts: fenced material by part name (see `PARTS`); unknown names raise `KeyError`.
        values: what the templates' placeholders stand for; a missing one raises `UndefinedError`.
    """
    unknown = set(parts) - set(PARTS)
    if unknown:
        raise KeyError(f"no such part: {', '.join(sorted(unknown))}")
    material = [fence(title, parts[part]) for part, title in PARTS.items() if part in parts]
    task = "".join(_environment.from_string(source(name)).render(values).rstrip() + "\n" for name in names)
    return [
        {"role": "system", "content": source("system").strip()},
        {"role": "user", "content": "\n\n".join([*material, task.strip()])},
    ]
