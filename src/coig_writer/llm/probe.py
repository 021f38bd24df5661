"""What a model's server can do, found out by asking it."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from coig_writer.errors import ModelError
from coig_writer.llm.answers import AnswerError, answer_schema, parse_answer
from coig_writer.llm.client import CallError, ChatClient, RefusedError, RetryableError
from coig_writer.llm.registry import ModelSpec

PASSAGE = "江南的春天来得很早。河边的柳树先绿了，然后是田里的油菜，一夜之间黄成一片。" * 8


class Verdict(BaseModel):
    """What the structured question asks for; its fields are not named in the question."""

    model_config = ConfigDict(extra="forbid")

    season: str
    liveliness: int = Field(ge=1, le=10)


@dataclass(frozen=True)
class Probe:
    """What a server tells of itself, and its answers to two small questions."""

    listed: list[str] | None
    """Model ids that the server lists; None when it does not list any."""
    context: int | None
    """Tokens that one call may fill; None when the server does not say."""
    reply: str
    first_token_seconds: float | None
    tokens_per_second: float | None
    """Of the answer, after its first token; None when the server does not count tokens."""
    structured: bool
    """Whether it followed a JSON Schema in the way the registry says."""
    structured_note: str
    cached_tokens: int
    """Of the second question, which begins as the first one did."""
    prompt_tokens: int
    """Of the second question."""


async def probe(spec: ModelSpec) -> Probe:
    """Asks the server of `spec` what it lists, then its model for a sentence and for a record.

    Raises:
        ModelError: it cannot be reached or does not answer a plain question.
    """
    async with ChatClient(spec) as client:
        try:
            listed = list(await client.models()) or None
        except CallError:  # many gateways have no such list; the chat decides
            listed = None
        # Our own server tells the room of all its slots together, not that of one call.
        context = spec.context if spec.local else await client.context()
        begin = {"role": "system", "content": f"你读到一段文字：\n{PASSAGE}"}
        try:
            sentence = await client.complete(
                [begin, {"role": "user", "content": "用一句话说说它写了什么。"}],
                sampling={"max_tokens": 96},
                stream=True,
            )
        except RetryableError as error:
            raise ModelError(
                error.message, where=spec.base_url, remedy="Check that the server runs and that base_url is right."
            ) from error
        structured, note, cached, prompt = False, "", 0, 0
        try:
            record = await client.complete(
                [begin, {"role": "user", "content": "它写的是什么季节，有多生动？"}],
                schema=answer_schema(Verdict),
                sampling={"max_tokens": 256},
            )
            cached, prompt = record.cached_tokens, record.prompt_tokens
            parse_answer(record.text, Verdict)
            structured = True
        except AnswerError as error:
            note = f"the answer did not follow the schema: {error.message}"
        except (RefusedError, RetryableError) as error:
            note = error.message
    speaking = sentence.seconds - (sentence.first_token_seconds or 0)
    return Probe(
        listed=listed,
        context=context,
        reply=sentence.text.strip(),
        first_token_seconds=sentence.first_token_seconds,
        tokens_per_second=sentence.completion_tokens / speaking if sentence.completion_tokens and speaking else None,
        structured=structured,
        structured_note=note,
        cached_tokens=cached,
        prompt_tokens=prompt,
    )
