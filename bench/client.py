"""Calls a second through the batch engine, beside the openai SDK and a bare aiohttp loop.

    python bench/client.py [--calls 2000] [--at-once 64] [--rounds 3] [--json]

A loopback server in its own process answers every call after 50 ms, so 64 calls at once can do
1,280 a second at best. The engine writes its durable ledger; the others keep nothing. The three
take turns, and the median of each is shown as a share of that ideal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

DELAY = 0.05
REPLY = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "toy",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "春眠不觉晓。" * 40}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 900, "completion_tokens": 240, "total_tokens": 1140},
    },
    ensure_ascii=False,
).encode()
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(REPLY), REPLY)
ARTICLE = "处处闻啼鸟。" * 100


class CannedServer(asyncio.Protocol):
    """Answers each request on a kept-alive connection with the same bytes, after the delay."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n", 1)[0])
        if len(rest) >= length:
            self.buffer = rest[length:]
            asyncio.get_running_loop().call_later(DELAY, self.transport.write, RESPONSE)  # type: ignore[attr-defined]


def serve(port: Connection) -> None:
    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(CannedServer, "127.0.0.1", 0, backlog=512)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


def messages(number: int) -> list[dict]:
    return [{"role": "system", "content": "你是编辑。"}, {"role": "user", "content": f"{ARTICLE}\n第 {number} 问"}]


def through_the_engine(base_url: str, calls: int, at_once: int) -> None:
    from coig_writer.llm.batch import run_map
    from coig_writer.llm.registry import ModelSpec

    async def work(number: int, ask) -> dict:
        answer = await ask("draft", messages(number), template="bench")
        return {"id": number, "draft": answer.value}

    def on_failure(number: int, error) -> dict:
        raise error

    spec = ModelSpec(name="toy", base_url=base_url, model="toy", concurrency=at_once)
    with tempfile.TemporaryDirectory(prefix="bench-client-") as folder:
        out = Path(folder) / "out.jsonl"
        summary = run_map(range(calls), work, out=out, spec=spec, record_id=str, on_failure=on_failure)
        assert summary.calls == calls == len(out.read_text().splitlines())


def through_openai(base_url: str, calls: int, at_once: int) -> None:
    from openai import AsyncOpenAI

    async def all_calls() -> None:
        async with AsyncOpenAI(base_url=base_url, api_key="none") as client:

            async def one(number: int) -> None:
                reply = await client.chat.completions.create(model="toy", messages=messages(number))  # type: ignore[arg-type]
                assert reply.choices[0].message.content

            await side_by_side(one, calls, at_once)

    asyncio.run(all_calls())


def through_aiohttp(base_url: str, calls: int, at_once: int) -> None:
    import aiohttp

    async def all_calls() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def one(number: int) -> None:
                body = {"model": "toy", "messages": messages(number)}
                async with session.post(f"{base_url}/chat/completions", json=body) as response:
                    assert (await response.json())["choices"][0]["message"]["content"]

            await side_by_side(one, calls, at_once)

    asyncio.run(all_calls())


async def side_by_side(one: Callable, calls: int, at_once: int) -> None:
    numbers = iter(range(calls))

    async def worker() -> None:
        for number in numbers:
            await one(number)

    await asyncio.gather(*(worker() for _ in range(at_once)))


CLIENTS = {
    "coig-writer, with ledger": through_the_engine,
    "aiohttp, bare": through_aiohttp,
    "openai SDK": through_openai,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    base_url = f"http://127.0.0.1:{here.recv()}/v1"
    ideal = options.at_once / DELAY
    rates: dict[str, list[float]] = {name: [] for name in CLIENTS}
    for call in CLIENTS.values():
        call(base_url, options.at_once, options.at_once)  # imports and warms up
    for _ in range(options.rounds):
        for name, call in CLIENTS.items():
            begun = time.perf_counter()
            call(base_url, options.calls, options.at_once)
            rates[name].append(options.calls / (time.perf_counter() - begun))
    server.terminate()

    figures = {name: {"rate": statistics.median(found), "rates": found} for name, found in rates.items()}
    if options.json:
        print(json.dumps({"ideal": ideal, "cores": os.cpu_count(), **figures}, indent=2))
        return
    print(f"{options.calls} calls, {options.at_once} at once, {DELAY * 1000:.0f} ms server: ideal {ideal:,.0f}/s")
    for name, found in rates.items():
        rate = statistics.median(found)
        spread = ", ".join(f"{one / ideal:.2f}" for one in found)
        print(f"{name:26} {rate:7,.0f}/s   {rate / ideal:.2f} of the ideal   (rounds: {spread})")


if __name__ == "__main__":
    main()
