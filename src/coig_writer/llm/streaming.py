"""A question that a person waits for: the answer is shown while it is written, and validated when it is whole.

This is the one way to a model beside `batch`: it makes no data by itself. What a person takes over from it is
theirs to save, and is kept with the model's name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from coig_writer.llm.answers import AnswerError, answer_schema, parse_answer
from coig_writer.llm.batch import Answer
from coig_writer.llm.client import ChatClient, request_body
from coig_writer.llm.registry import ModelSpec

TRIES = 2
"""How often an unusable answer is asked for again before the person is told."""


class StreamingAsk:
    """Asks one question after another, as `batch.Ask` does, without a ledger."""

    def __init__(self, client: ChatClient, on_text: Callable[[str], None]) -> None:
        self._client, self._on_text = client, on_text

    async def __call__(
        self,
        step: str,
        messages: list[dict],
        *,
        answer: type[BaseModel] | None = None,
        template: str = "",
        sampling: dict | None = None,
        check: Callable[[Any], None] | None = None,
    ) -> Answer:
        """The answer; `on_text` is told all of it that has come so far, again and again.

        Raises:
            CallError: the model cannot be reached or refuses.
            AnswerError: what it wrote cannot be used, also when asked again.
        """
        schema = answer_schema(answer) if answer else None
        for turn in range(TRIES):
            seed = {"seed": turn} if turn else {}
            body = request_body(self._client.spec, messages, schema=schema, sampling={**(sampling or {}), **seed})
            parts: list[str] = []

            def took(piece: str, parts: list[str] = parts) -> None:
                parts.append(piece)
                self._on_text("".join(parts))

            completion = await self._client.send(body, stream=True, on_text=took)
            try:
                value = parse_answer(completion.text, answer) if answer else completion.text.strip()
                if not value:
                    raise AnswerError("the answer is empty")
                if check:
                    check(value)
            except AnswerError:
                if turn + 1 == TRIES:
                    raise
            else:
                return Answer(value, datetime.now(UTC).replace(microsecond=0))
        raise AssertionError("the last try raises or returns")


@asynccontextmanager
async def streaming(spec: ModelSpec, on_text: Callable[[str], None]) -> AsyncIterator[StreamingAsk]:
    """A connection to a model for the length of the block.

    Raises:
        SettingError: the variable that should hold the key is not set.
    """
    async with ChatClient(spec) as client:
        yield StreamingAsk(client, on_text)


def texts_so_far(written: str) -> dict[str, Any]:
    """What an answer in JSON says as far as it has come; the last value may be half."""
    import json_repair

    found = json_repair.loads(written) if "{" in written else {}
    return found if isinstance(found, dict) else {}
