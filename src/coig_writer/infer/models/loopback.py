"""A Python model behind the protocol that everything else speaks: chat completions on loopback."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from coig_writer.infer.models.base import TextModel
from coig_writer.llm.registry import ModelSpec

_NOT_SAMPLING = {"model", "messages", "stream", "stream_options", "response_format"}


@contextmanager
def serving_model(name: str, model: TextModel) -> Iterator[ModelSpec]:
    """`model` as an endpoint for the length of the block. What it raises becomes the error of that row."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=f"serving {name}", daemon=True)
    thread.start()
    with ThreadPoolExecutor(1) as worker:
        runner, port = asyncio.run_coroutine_threadsafe(_start(model, worker), loop).result()
        try:
            yield ModelSpec(name=name, base_url=f"http://127.0.0.1:{port}/v1", model=name, concurrency=1, timeout=3600)
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


async def _start(model: TextModel, worker: ThreadPoolExecutor) -> tuple[web.AppRunner, int]:
    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        sampling = {key: value for key, value in body.items() if key not in _NOT_SAMPLING}
        try:
            text = await asyncio.get_running_loop().run_in_executor(
                worker, lambda: model.generate(body["messages"], **sampling)
            )
            if not isinstance(text, str):
                raise TypeError(f"generate gave {type(text).__name__}, not text")
        except Exception as error:  # somebody's own code
            return web.json_response({"error": {"message": f"{type(error).__name__}: {error}"}}, status=400)
        return await _reply(request, body, text)

    app = web.Application(client_max_size=1 << 28)
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, runner.addresses[0][1]


async def _reply(request: web.Request, body: dict[str, Any], text: str) -> web.StreamResponse:
    if not body.get("stream"):
        message = {"role": "assistant", "content": text}
        return web.json_response({"choices": [{"message": message, "finish_reason": "stop"}]})
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    chunk = {"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]}
    await response.write(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())
    return response
