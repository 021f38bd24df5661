"""One client for every server that speaks OpenAI chat completions over HTTP.

A call either gives a `Completion` or raises an error that says whether asking again can help:
`RetryableError` (busy, cut off, timed out) or `RefusedError` (will not change).
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from coig_writer import __version__
from coig_writer.errors import ModelError, SettingError
from coig_writer.llm.registry import ModelSpec

CONNECT_SECONDS = 10
IDLE_SECONDS = 4
"""Connections idle for longer are not used again: common servers close them after five seconds."""
_CONTEXT = ("max_model_len", "context_length", "context_window", "max_context_length")
"""What vLLM and SGLang, OpenRouter, Groq and Mistral call a model's context in their lists."""
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_OVERFLOW = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context|context (length|size|window)"
    r"|too many tokens|input length should be|prompt is too long",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(
    r"insufficient[_ ](?:quota|balance|credits?|funds)|balance is (?:insufficient|not enough|too low)"
    r"|exceeded_current_quota_error|billing_hard_limit_reached|arrearage|余额不足|欠费",
    re.IGNORECASE,
)
"""The account is empty. An ordinary 429 speaks of quota and billing too, and passes with time."""
_THINKING = re.compile(r"\s*<think>(.*?)(?:</think>[ \r\n\t]*|\Z)", re.DOTALL)
_THOUGHT_END = re.compile(r"(.*?)^</think>[ \r\t]*$[ \r\n\t]*", re.DOTALL | re.MULTILINE)

TOO_LONG = "set the model's context in the registry, and longer texts are cut to fit it"
"""What to do about a prompt that the server found too long."""

Kind = Literal["rate-limit", "server", "timeout", "connection", "refusal", "context", "auth", "setup", "invalid-answer"]
"""Why a call failed. `rate-limit`: busy (429, 503). `setup`: wrong URL, model or certificate."""


class CallError(ModelError):
    """A call without an answer; `kind` says why."""

    def __init__(self, kind: Kind, message: str, *, where: str | None = None, remedy: str | None = None):
        super().__init__(message, where=where, remedy=remedy)
        self.kind = kind


class RetryableError(CallError):
    """Asking again may help, after `retry_after` seconds if the server named a time."""

    def __init__(self, kind: Kind, message: str, *, where: str | None = None, retry_after: float | None = None):
        super().__init__(kind, message, where=where)
        self.retry_after = retry_after


class RefusedError(CallError):
    """The server understood and will answer the same next time.

    `ambiguous`: it may be about this text alone (a filter's 403 or web page) or about the whole
    set-up; who knows whether the server answers others can tell.
    """

    def __init__(
        self, kind: Kind, message: str, *, where: str | None = None, remedy: str | None = None, ambiguous: bool = False
    ):
        super().__init__(kind, message, where=where, remedy=remedy)
        self.ambiguous = ambiguous


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's answer with what it took."""

    text: str
    reasoning: str | None = None
    """The model's own thinking, if the server or the text sets it apart."""
    finish_reason: str | None = None
    """`stop`, or `length` when the answer was cut off at the token limit."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens that the server had in its cache; part of `prompt_tokens`."""
    seconds: float = 0.0
    first_token_seconds: float | None = None
    """Known for streamed answers only."""


def request_body(
    spec: ModelSpec, messages: list[dict], *, schema: dict | None = None, sampling: dict | None = None
) -> dict[str, Any]:
    """What is sent for these messages: everything that changes the answer and nothing else.

    A setting of `sampling` that is None leaves out what the model's own settings say of it. A server
    without JSON Schema support is told the schema in words, at the end of the last message.
    """
    chosen = {**spec.sampling, **(sampling or {})}
    settings = {name: value for name, value in chosen.items() if value is not None} | spec.extra_body
    body: dict[str, Any] = {"model": spec.model, **dict(sorted(settings.items()))}
    if schema is not None and spec.structured == "json_schema":
        named = {"name": schema.get("title", "answer"), "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    elif schema is not None:
        if spec.structured == "json_object":
            body["response_format"] = {"type": "json_object"}
        last = messages[-1]
        rule = f"只输出一个符合下列 JSON Schema 的 JSON 对象：\n{json.dumps(schema, ensure_ascii=False)}"
        messages = [*messages[:-1], {**last, "content": f"{last['content']}\n\n{rule}"}]
    body["messages"] = messages
    return body


class ChatClient:
    """Calls one model; an async context manager around one HTTP session.

    Raises:
        SettingError: on construction, when the variable that should hold the key is not set.
    """

    def __init__(self, spec: ModelSpec):
        if spec.base_url is None:
            raise ModelError(f"model {spec.name} has no server", remedy="Start one with embedded.serving().")
        self.spec = spec
        self._url = URL(f"{spec.base_url}/chat/completions")
        self._key = _api_key(spec)
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> ChatClient:
        headers = {"User-Agent": f"coig-writer/{__version__}", "Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        self._session = aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),  # the caller bounds the number
            timeout=aiohttp.ClientTimeout(total=self.spec.timeout, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            # A proxy set for the outside world must not swallow calls to this machine.
            trust_env=urlsplit(self.spec.base_url).hostname not in _LOOPBACK,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def complete(
        self, messages: list[dict], *, schema: dict | None = None, sampling: dict | None = None, stream: bool = False
    ) -> Completion:
        """One answer to `messages`.

        Args:
            schema: JSON Schema that the answer should follow; the server is asked, the answer is not checked.
            sampling: overrides the model's own; None in it leaves a setting out.
            stream: measures the time to the first token.

        Raises:
            RetryableError: busy (429, 503), other 5xx, connection cut, time-out, half a response.
            RefusedError: anything that asking again will not change.
        """
        return await self.send(request_body(self.spec, messages, schema=schema, sampling=sampling), stream=stream)

    async def send(
        self, body: dict[str, Any] | bytes, *, stream: bool = False, on_text: Callable[[str], None] | None = None
    ) -> Completion:
        """One answer to a `request_body`, encoded already or not; raises as `complete` does.

        Args:
            stream: measures the time to the first token; needs the body as it is, not encoded.
            on_text: is told each piece of a streamed answer as it arrives, thinking left out.
        """
        if isinstance(body, dict):
            if stream:
                return await self._stream({**body, "stream": True, "stream_options": {"include_usage": True}}, on_text)
            body = encode(body)
        started = time.perf_counter()
        with self._transport_errors():
            async with self._session.post(self._url, data=body) as response:
                raw = await response.read()
        self._check_status(response, raw)
        return _completion(self._json(response, raw), time.perf_counter() - started)

    async def models(self) -> dict[str, int | None]:
        """The model ids that the server lists, with the context of each if it is told; raises as `complete` does."""
        entries = _dicts((await self._get(f"{self.spec.base_url}/models")).get("data"))
        return {
            entry["id"]: next((_count(entry[name]) for name in _CONTEXT if entry.get(name)), 0) or None
            for entry in entries
            if isinstance(entry.get("id"), str)
        }

    async def context(self) -> int | None:
        """The tokens that one call may fill, from the server's list of models or llama.cpp's settings; None: untold."""
        with suppress(CallError):
            if told := (await self.models()).get(self.spec.model):
                return told
        with suppress(CallError):
            props = await self._get(f"{(self.spec.base_url or '').removesuffix('/v1')}/props")
            return _count(_dict(props.get("default_generation_settings")).get("n_ctx")) or None
        return None

    async def _get(self, url: str) -> dict:
        with self._transport_errors():
            async with self._session.get(url) as response:
                raw = await response.read()
        self._check_status(response, raw)
        return self._json(response, raw)

    async def _stream(self, body: dict, on_text: Callable[[str], None] | None = None) -> Completion:
        started = time.perf_counter()
        first = None
        parts: dict[str, list[str]] = {"content": [], "reasoning_content": []}
        end: dict[str, Any] = {}
        with self._transport_errors():
            # llama.cpp hangs up after a stream without saying so, so the connection must not be kept.
            async with self._session.post(self._url, data=encode(body), headers={"Connection": "close"}) as response:
                if response.status != 200:
                    self._check_status(response, await response.read())
                async for line in response.content:
                    data = line.removeprefix(b"data:").strip()
                    if not line.startswith(b"data:"):
                        continue
                    if data == b"[DONE]":
                        break
                    chunk = self._json(response, data)
                    end |= {key: chunk[key] for key in ("usage", "timings") if chunk.get(key)}
                    for choice in _dicts(chunk.get("choices")):
                        delta = _dict(choice.get("delta"))
                        for name, kept in parts.items():
                            if piece := _plain_text(delta.get(name)):
                                first = first or time.perf_counter() - started
                                kept.append(piece)
                                if on_text and name == "content":
                                    on_text(piece)
                        end["finish_reason"] = choice.get("finish_reason") or end.get("finish_reason")
        if end.get("finish_reason") is None:
            raise RetryableError("server", "the stream ended before the answer did", where=self.spec.base_url)
        message = {name: "".join(kept) for name, kept in parts.items()}
        reply = {**end, "choices": [{"message": message, "finish_reason": end["finish_reason"]}]}
        return _completion(reply, time.perf_counter() - started, first)

    @contextmanager
    def _transport_errors(self) -> Iterator[None]:
        """Turns what goes wrong below HTTP into a `CallError`."""
        where = self.spec.base_url
        try:
            yield
        except TimeoutError as error:
            connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
            waited = CONNECT_SECONDS if connecting else self.spec.timeout
            raise RetryableError(
                "connection" if connecting else "timeout", f"no answer within {waited:g} s", where=where
            ) from error
        except (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError) as error:
            raise RefusedError(
                "setup",
                f"no secure connection: {self._plain(str(error))}",
                where=where,
                remedy="Check the host name in base_url, the server's certificate, and http against https.",
            ) from error
        except aiohttp.ClientConnectorDNSError as error:
            host = urlsplit(where or "").hostname
            raise RetryableError("connection", f"the host name {host} is not known", where=where) from error
        except aiohttp.ClientConnectorError as error:
            reason = os.strerror(error.os_error.errno) if error.os_error.errno else str(error.os_error)
            raise RetryableError("connection", f"cannot connect: {reason}", where=where) from error
        except (aiohttp.ClientError, OSError) as error:
            reason = self._plain(str(error)) or type(error).__name__
            raise RetryableError("connection", f"the connection broke: {reason}", where=where) from error

    def _check_status(self, response: aiohttp.ClientResponse, raw: bytes) -> None:
        status, where = response.status, self.spec.base_url
        if status == 200:
            return
        text = raw.decode("utf-8", "replace")
        told = _error_message(text)
        message = f"the server answered {status}: {self._plain(told or response.reason or 'no reason')}"
        empty = status in (403, 429) and _NO_CREDIT.search(f"{text}\n{told}") is not None  # JSON may escape the Chinese
        if status in (401, 402, 403) or empty:
            variable = self.spec.api_key_env
            remedy = f"Check the key in {variable}, and the account." if variable else "Name the key's variable."
            raise RefusedError("auth", message, where=where, remedy=remedy, ambiguous=status == 403 and not empty)
        if status in (429, 503, 529):
            raise RetryableError("rate-limit", message, where=where, retry_after=_retry_after(response.headers))
        if status >= 500 or status in (408, 425):
            raise RetryableError("server", message, where=where, retry_after=_retry_after(response.headers))
        if status == 413 or (status not in (404, 405) and _OVERFLOW.search(text)):
            raise RefusedError("context", f"{message}; {TOO_LONG}", where=where)
        page = _is_page(response, raw)
        if status in (404, 405) or page:
            remedy = "Check base_url (it usually ends in /v1) and the model id."
            raise RefusedError("setup", message, where=where, remedy=remedy, ambiguous=page and status != 404)
        raise RefusedError("refusal", message, where=where)

    def _json(self, response: aiohttp.ClientResponse, raw: bytes) -> dict:
        """The JSON object in a successful response."""
        try:
            reply = json.loads(raw)
        except (ValueError, RecursionError) as error:
            if _is_page(response, raw):
                raise RefusedError(
                    "setup",
                    "the server answered with a web page",
                    where=self.spec.base_url,
                    remedy="Check base_url: it usually ends in /v1.",
                    ambiguous=True,
                ) from error
            raise RetryableError("server", "half a response: its JSON is broken", where=self.spec.base_url) from error
        if not isinstance(reply, dict):
            raise RetryableError("server", "the response is not a JSON object", where=self.spec.base_url)
        if reply.get("error"):  # some gateways report a failure with status 200
            raise RetryableError("server", self._plain(_error_message(raw.decode("utf-8", "replace"))))
        return reply

    def _plain(self, text: str) -> str:
        """A server's words on one short line, without the key."""
        text = " ".join(text.split())
        return (text.replace(self._key, "***") if self._key else text)[:300]


def encode(body: dict) -> bytes:
    """A request body as bytes; lone surrogates, which no server reads, become `?`."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _api_key(spec: ModelSpec) -> str | None:
    if spec.api_key_env is None:
        return None
    key = os.environ.get(spec.api_key_env, "").strip()
    if not key:
        raise SettingError(
            f"the environment variable {spec.api_key_env}, which holds the key of model {spec.name!r}, is not set",
            remedy=f"Run: export {spec.api_key_env}=…",
        )
    return key


def _completion(reply: dict, seconds: float, first_token_seconds: float | None = None) -> Completion:
    try:
        choice = reply["choices"][0]
        message = choice["message"]
        finish, refusal = choice.get("finish_reason"), message.get("refusal")
        text, reasoning = _split_thinking(_plain_text(message.get("content")))
    except (LookupError, TypeError, AttributeError) as error:
        raise RetryableError("server", "the response holds no answer") from error
    if finish == "content_filter" or refusal:
        raise RefusedError("refusal", f"the server refused: {str(refusal or 'content filter')[:300]}")
    usage = _dict(reply.get("usage"))
    cached = _dict(usage.get("prompt_tokens_details")).get("cached_tokens")
    if cached is None:
        cached = _dict(reply.get("timings")).get("cache_n")
    told = next((message[name] for name in ("reasoning_content", "reasoning") if message.get(name)), None)
    return Completion(
        text=text,
        reasoning=told if isinstance(told, str) else reasoning,
        finish_reason=finish if isinstance(finish, str) else None,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count(cached),
        seconds=round(seconds, 4),
        first_token_seconds=first_token_seconds,
    )


def _plain_text(content: Any) -> str:
    """The text of a message's `content`, which some servers send as a list of parts; parts of other kinds are left out.

    Raises:
        RetryableError: neither text, parts nor nothing.
    """
    if isinstance(content, list):
        parts = (part if isinstance(part, str) else _dict(part).get("text") for part in content)
        return "".join(part for part in parts if isinstance(part, str))
    if content is not None and not isinstance(content, str):
        raise RetryableError("server", "the response holds no answer")
    return content or ""


def _dict(value: Any) -> dict:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _count(value: Any) -> int:
    """A token count as a server gives it; 0 for what is none."""
    try:
        return max(0, int(value))
    except (TypeError, ValueError, OverflowError):
        return 0


def _split_thinking(text: str) -> tuple[str, str | None]:
    """The answer and the `<think>` block before it; some chat templates swallow the opening tag."""
    if "</think>" not in text and "<think>" not in text:
        return text, None
    match = _THINKING.match(text) or (None if "<think>" in text else _THOUGHT_END.match(text))
    return (text[match.end() :], match[1].strip()) if match else (text, None)


def _error_message(text: str) -> str:
    """The reason in an error response, which is JSON of several shapes, a page, or plain text."""
    try:
        error = json.loads(text)
    except (ValueError, RecursionError):
        title = re.search(r"<title>(.*?)</title>", text, re.DOTALL | re.IGNORECASE)
        return title[1] if title else text
    while isinstance(error, dict):
        error = next((error[key] for key in ("error", "message", "detail", "msg") if error.get(key)), None)
    return error if isinstance(error, str) else text


def _is_page(response: aiohttp.ClientResponse, raw: bytes) -> bool:
    return response.content_type == "text/html" or raw.lstrip()[:1] == b"<"


def _retry_after(headers: Any) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or a date."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
