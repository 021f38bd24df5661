"""A model server on loopback that misbehaves on purpose, the same way for the same seed.

It runs in a thread of the test process, so it outlives the clients that are killed, and remembers
every request and every answer that left it whole.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

REFUSAL = "refusal"
"""A content filter's word, which the client does not question; a later run that asks again may be answered."""
TRANSIENT = ("429", "503", "500", "stall", "cut", "half-body", "half-json", "wrong-type", "empty", "cut-off")
"""Faults after which the client must ask again."""
HARMLESS = ("fenced", "slow")
"""Faults that leave a usable answer."""


_AGAIN = re.compile(r"\n\n(这是第 \d+ 次作答|This is attempt \d+).*", re.DOTALL)
"""What the engine adds to a question that it asks again."""


def sample(schema: Mapping[str, Any], rng: random.Random, root: Mapping[str, Any] | None = None) -> Any:
    """A value that follows a JSON Schema as pydantic writes them."""
    root = root or schema
    if "$ref" in schema:
        return sample(root["$defs"][schema["$ref"].rpartition("/")[2]], rng, root)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    if "const" in schema:
        return schema["const"]
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], rng, root)
    match schema.get("type"):
        case "object":
            return {name: sample(part, rng, root) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [sample(schema["items"], rng, root) for _ in range(max(1, schema.get("minItems", 1)))]
        case "integer":
            return rng.randint(schema.get("minimum", 0), schema.get("maximum", 10))
        case "number":
            return round(rng.uniform(schema.get("minimum", 0), schema.get("maximum", 1)), 3)
        case "boolean":
            return rng.random() < 0.5
        case _:
            return f"字句{rng.randrange(10**6)}"


def default_answer(body: dict[str, Any]) -> str:
    """A usable answer that depends on the messages alone."""
    rng = random.Random(json.dumps(body["messages"], ensure_ascii=False))
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    return json.dumps(sample(schema, rng), ensure_ascii=False) if schema else f"答{rng.randrange(10**9)}"


class FaultyServer:
    """Serves `/v1/chat/completions` and `/v1/models`; a context manager.

    Args:
        faults: chance of each fault, by name; see `TRANSIENT`, `REFUSAL` and `HARMLESS`.
        faulty_tries: a question that was met by so many faults is answered well from then on.
        delay: seconds that each answer takes.
        answer: makes the text of a good answer from the request's body.
        most: requests that are served at once; more get 429.
        until: answers after which the server is as good as dead: every connection is cut.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        faults: Mapping[str, float] | None = None,
        faulty_tries: int = 2,
        delay: float = 0.0,
        answer: Callable[[dict[str, Any]], str] = default_answer,
        most: int | None = None,
        until: int | None = None,
    ):
        self.seed = seed
        self.faults = dict(faults or {})
        self.faulty_tries = faulty_tries
        self.delay = delay
        self.answer = answer
        self.most = most
        self.until = until
        self.requests: list[dict[str, Any]] = []
        """The bodies of all requests, in the order of their arrival."""
        self.answered: list[str] = []
        """The hash of each question whose good answer was sent whole."""
        self.met: Counter[str] = Counter()
        """How often each fault was shown."""
        self.at_once = 0
        self.headers: list[Mapping[str, str]] = []
        self._seen: Counter[str] = Counter()

    def __enter__(self) -> FaultyServer:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        self.base_url = f"http://127.0.0.1:{port}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> int:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return self._runner.addresses[0][1]

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "toy", "object": "model"}]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        name = question_hash(body)
        self.requests.append(body)
        self.headers.append(request.headers)
        self.at_once += 1
        try:
            if self.most is not None and self.at_once > self.most:
                self.met["busy"] += 1
                return self._busy()
            fault = self._fault(name)
            self.met[fault] += 1
            return await self._reply(request, body, name, fault)
        finally:
            self.at_once -= 1

    def _fault(self, name: str) -> str:
        if self.until is not None and len(self.answered) >= self.until:
            return "cut"
        turn = self._seen[name]
        self._seen[name] += 1
        if turn >= self.faulty_tries or not self.faults:
            return "none"
        rng = random.Random(f"{self.seed}:{name}:{turn}")
        names = [*self.faults, "none"]
        return rng.choices(names, [*self.faults.values(), max(0.0, 1 - sum(self.faults.values()))])[0]

    def _busy(self) -> web.Response:
        return web.json_response({"error": {"message": "too many"}}, status=429, headers={"Retry-After": "0.05"})

    async def _reply(self, request: web.Request, body: dict[str, Any], name: str, fault: str) -> web.StreamResponse:
        if fault == "429":
            return self._busy()
        if fault in ("500", "503"):
            return web.Response(
                status=int(fault), text="<html><title>upstream</title></html>", content_type="text/html"
            )
        if fault == "stall":
            await asyncio.sleep(3600)
        if fault == "cut":
            request.transport.close()  # type: ignore[union-attr]
            return web.Response()
        await asyncio.sleep(self.delay * (3 if fault == "slow" else 1))
        if body.get("stream"):
            return await self._stream(request, body, name)
        finish = {"cut-off": "length", REFUSAL: "content_filter"}.get(fault, "stop")
        text = self._text(body, fault)
        reply = json.dumps(completion(text, body, finish), ensure_ascii=False).encode()
        if fault == "half-body":
            return web.Response(body=reply[: len(reply) // 2], content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(reply))})
        await response.prepare(request)
        await response.write(reply)
        await response.write_eof()
        if fault in ("none", *HARMLESS):
            self.answered.append(name)
        return response

    async def _stream(self, request: web.Request, body: dict[str, Any], name: str) -> web.StreamResponse:
        """A good answer in pieces of four characters, then the usage."""
        text = self.answer(body)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        pieces = [{"choices": [{"delta": {"content": text[at : at + 4]}}]} for at in range(0, len(text), 4)]
        end = {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": completion(text, body)["usage"]}
        for piece in [*pieces, end]:
            await response.write(f"data: {json.dumps(piece)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        self.answered.append(name)
        return response

    def _text(self, body: dict[str, Any], fault: str) -> str:
        good = self.answer(body)
        match fault:
            case "half-json" | "cut-off":
                return good[: len(good) // 2]
            case "fenced":
                return f"好的，结果如下：\n```json\n{good}\n```\n" if good.startswith("{") else good
            case "wrong-type":
                return json.dumps({key: [None] for key in json.loads(good)}) if good.startswith("{") else ""
            case "empty" | "refusal":
                return ""
        return good


def completion(text: str, body: dict[str, Any], finish: str = "stop") -> dict[str, Any]:
    """A chat completion; tokens are characters, and all messages but the last count as cached."""
    sizes = [len(message["content"]) for message in body["messages"]]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": body["model"],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": sum(sizes),
            "completion_tokens": len(text),
            "total_tokens": sum(sizes) + len(text),
            "prompt_tokens_details": {"cached_tokens": sum(sizes[:-1])},
        },
    }


def question_hash(body: dict[str, Any]) -> str:
    """What a request asks, whether for the first time or after an unusable answer with the same seed."""
    messages = list(itertools.takewhile(lambda message: message["role"] != "assistant", body["messages"]))
    asked = _AGAIN.sub("", messages[-1]["content"])
    question = {**body, "messages": [*messages[:-1], {**messages[-1], "content": asked}]}
    return hashlib.blake2b(json.dumps(question, sort_keys=True).encode(), digest_size=8).hexdigest()
