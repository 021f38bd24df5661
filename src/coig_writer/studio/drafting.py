"""Drafts by a model while somebody waits: an analysis, a prompt or a reasoning, streamed as it is written."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction

from coig_writer.annotate.answers import REASONING_FACETS
from coig_writer.annotate.injection import find_instructions
from coig_writer.annotate.steps import STEPS, Job, Step
from coig_writer.errors import CoigError
from coig_writer.llm.registry import ModelSpec
from coig_writer.llm.streaming import streaming, texts_so_far
from coig_writer.schema import Draft
from coig_writer.studio.configure import MODEL
from coig_writer.studio.live import SETTINGS
from coig_writer.studio.models import Item
from coig_writer.studio.models.audit import record
from coig_writer.studio.refusal import Refusal

DRAFTED = {"analyse": "analysis", "draft-prompt": "prompt", "draft-reasoning": "reasoning"}
"""Step → what of a draft it fills in."""
EVERY = 0.15
"""Seconds between two messages to the browser."""
_FACETS = ("structure", "style", "rhetoric", "effectiveness", "insight")
_busy: set[int] = set()
"""People whose draft is being written by this process: one at a time each."""


def model() -> ModelSpec | None:
    """What drafts are asked of; None where the server was started without."""
    text = os.environ.get(MODEL)
    return ModelSpec.model_validate_json(text) if text else None


def shown(step: str, written: str) -> str:
    """The text that an answer amounts to, as far as it has come."""
    found = texts_so_far(written)
    names = {"draft-prompt": ("prompt",), "draft-reasoning": REASONING_FACETS, "analyse": _FACETS}[step]
    return "\n\n".join(str(found[name]) for name in names if isinstance(found.get(name), str))


async def stream(item: Item, user: Any, step: str, prompt: str) -> AsyncIterator[dict[str, str]]:
    """What to tell the browser: `text` so far, again and again; at last `done`, or `error` with words for people.

    Args:
        prompt: as the person has it, which the reasoning is to answer.
    """
    spec = model()
    if spec is None:
        raise Refusal("这个服务没有接模型。", "This server has no model.", status=409)
    if find_instructions(item.article.text):
        raise Refusal(
            "文中似有写给模型的指令，不交给模型；请自己写。",
            "The text seems to instruct the model that reads it, so it is not shown to one. Write it yourself.",
            status=409,
        )
    if user.pk in _busy:
        raise Refusal("你已有一份草稿在写。", "A draft is being written for you already.", status=429)
    _busy.add(user.pk)
    try:
        async for message in _write(item, user, STEPS[step], step, prompt, spec):
            yield message
    finally:
        _busy.discard(user.pk)


async def _write(
    item: Item, user: Any, run: Step, step: str, prompt: str, spec: ModelSpec
) -> AsyncIterator[dict[str, str]]:
    written = ""

    def took(text: str) -> None:
        nonlocal written
        written = text

    async def work() -> Draft:
        async with streaming(spec, took) as ask:
            return await run(_begun(item, step, prompt), ask, Job(SETTINGS, spec.model, spec.context))  # type: ignore[arg-type]

    task = asyncio.create_task(work())
    told = ""
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=EVERY)
            if written != told and (text := shown(step, told := written)):
                yield {"text": text}
        draft = task.result()
    except CoigError as error:
        yield {"error": str(error)}
        return
    finally:
        task.cancel()
    await sync_to_async(_store)(item.pk, user, step, draft)
    yield {"done": _final(draft, step)}


def _begun(item: Item, step: str, prompt: str) -> Draft:
    """What the model is given: never what the reviewers said, and for a reasoning the person's own prompt."""
    draft = item.draft or Draft(id=item.key, article=item.article)
    return draft.model_copy(update={"prompt": prompt or draft.prompt} if step == "draft-reasoning" else {})


def _final(draft: Draft, step: str) -> str:
    value = getattr(draft, DRAFTED[step])
    return value if isinstance(value, str) else "\n\n".join(value.model_dump(exclude={"by"}).values())


def _store(item_id: int, user: Any, step: str, draft: Draft) -> None:
    """Keeps what the model wrote beside the text, so that the person's share can be told."""
    with transaction.atomic():
        item = Item.objects.select_for_update().get(pk=item_id)
        kept = item.draft or Draft(id=item.key, article=item.article)
        part = DRAFTED[step]
        update = {part: getattr(draft, part), "model": draft.model or kept.model, "templates": draft.templates}
        item.draft_json = kept.model_copy(update=update).model_dump(mode="json", exclude={"article"})
        item.save(update_fields=["draft_json"])
        record("draft", actor=user, item=item, step=step, model=draft.model)
