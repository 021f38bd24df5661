"""One client for every server that speaks OpenAI chat completions over HTTP.

A call either gives a `Completion` or raises an error that says whether asking again can help:
`RetryableError` (busy, cut off, timed out) or `RefusedError` (will not change).
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_OVERFLOW = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context|context (length|size|window)"
    r"|too many tokens|input length should be|prompt is too long",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"insufficient[_ ]quota|insufficient balance|billing", re.IGNORECASE)
_THINKING = re.compile(r"\s*<think>(.*?)(?:</think>\s*|\Z)", re.DOTALL)
_THOUGHT_END = re.compile(r"(.*?)^</think>\s*$\s*", re.DOTALL | re.MULTILINE)

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
    """The server understood and will answer the same next time."""


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

    A server without JSON Schema support is told the schema in words, at the end of the last message.
    """
    settings = {**spec.sampling, **(sampling or {}), **spec.extra_body}
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
            sampling: overrides the model's own.
            stream: measures the time to the first token.

        Raises:
            RetryableError: busy (429, 503), other 5xx, connection cut, time-out, half a response.
            RefusedError: anything that asking again will not change.
        """
        body = request_body(self.spec, messages, schema=schema, sampling=sampling)
        if stream:
            return await self._stream({**body, "stream": True, "stream_options": {"include_usage": True}})
        return await self.send(encode(body))

    async def send(self, body: bytes) -> Completion:
        """One answer to an encoded `request_body`; raises as `complete` does."""
        started = time.perf_counter()
        with self._transport_errors():
            async with self._session.post(self._url, data=body) as response:
                raw = await response.read()
        self._check_status(response, raw)
        return _completion(self._json(response, raw), time.perf_counter() - started)

    async def models(self) -> list[str]:
        """The model ids that the server lists; raises as `complete` does."""
        with self._transport_errors():
            async with self._session.get(f"{self.spec.base_url}/models") as response:
                raw = await response.read()
        self._check_status(response, raw)
        listed = self._json(response, raw).get("data") or []
        return [entry["id"] for entry in listed if isinstance(entry, dict) and "id" in entry]

    async def _stream(self, body: dict) -> Completion:
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
                    for choice in chunk.get("choices") or []:
                        delta = choice.get("delta") or {}
                        for name, kept in parts.items():
                            if delta.get(name):
                                first = first or time.perf_counter() - started
                                kept.append(delta[name])
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
        message = f"the server answered {status}: {self._plain(_error_message(text) or response.reason or 'no reason')}"
        if status in (401, 402, 403) or (status == 429 and _NO_CREDIT.search(text)):
            variable = self.spec.api_key_env
            remedy = f"Check the key in {variable}, and the account." if variable else "Name the key's variable."
            raise RefusedError("auth", message, where=where, remedy=remedy)
        if status in (429, 503, 529):
            raise RetryableError("rate-limit", message, where=where, retry_after=_retry_after(response.headers))
        if status >= 500 or status in (408, 425):
            raise RetryableError("server", message, where=where, retry_after=_retry_after(response.headers))
        if status in (404, 405) or _is_page(response, raw):
            remedy = "Check base_url (it usually ends in /v1) and the model id."
            raise RefusedError("setup", message, where=where, remedy=remedy)
        raise RefusedError("context" if _OVERFLOW.search(text) else "refusal", message, where=where)

    def _json(self, response: aiohttp.ClientResponse, raw: bytes) -> dict:
        """The JSON object in a successful response."""
        try:
            reply = json.loads(raw)
        except ValueError as error:
            if _is_page(response, raw):
                raise RefusedError(
                    "setup",
                    "the server answered with a web page",
                    where=self.spec.base_url,
                    remedy="Check base_url: it usually ends in /v1.",
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
        text, reasoning = _split_thinking(message.get("content") or "")
    except (LookupError, TypeError, AttributeError) as error:
        raise RetryableError("server", "the response holds no answer") from error
    if choice.get("finish_reason") == "content_filter" or message.get("refusal"):
        raise RefusedError("refusal", f"the server refused: {message.get('refusal') or 'content filter'}")
    usage = reply.get("usage") or {}
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
    if cached is None:
        cached = (reply.get("timings") or {}).get("cache_n")
    return Completion(
        text=text,
        reasoning=message.get("reasoning_content") or message.get("reasoning") or reasoning,
        finish_reason=choice.get("finish_reason"),
        prompt_tokens=usage.get("prompt_tokens") or 0,
        completion_tokens=usage.get("completion_tokens") or 0,
        cached_tokens=cached or 0,
        seconds=round(seconds, 4),
        first_token_seconds=first_token_seconds,
    )


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
    except ValueError:
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
