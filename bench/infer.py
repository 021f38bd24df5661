"""How fast `infer` is beside a bare loop on the same server, at the same concurrency, with the same prompts.

    python bench/infer.py --model embedded --limit 60 --max-tokens 256
    python bench/infer.py --ideal

The first measures tokens of generation a second, ours and the bare loop's by turns on parts of the queries, so that a
machine that slows down slows both. The second takes a server that answers after a fixed time, 256 calls at once, and
holds the calls a second against the ideal, with and without streaming.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from coig_writer.infer.models import opened
from coig_writer.infer.prompting import Prompting
from coig_writer.infer.queries import Task, read_tasks
from coig_writer.infer.run import SEED, InferSettings, infer
from coig_writer.llm.client import request_body
from coig_writer.llm.registry import ModelSpec
from support.faulty_server import FaultyServer


async def bare(spec: ModelSpec, tasks: list[Task], sampling: dict) -> tuple[int, float]:
    """Tokens and seconds of a loop that posts, reads JSON and does nothing else."""
    waiting = [
        request_body(spec, Prompting().messages(task), sampling={**sampling, "seed": SEED}) for task in reversed(tasks)
    ]
    tokens = 0
    started = time.perf_counter()

    async def worker(session: aiohttp.ClientSession) -> None:
        nonlocal tokens
        while waiting:
            async with session.post(f"{spec.base_url}/chat/completions", json=waiting.pop()) as response:
                tokens += (await response.json())["usage"]["completion_tokens"]

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        await asyncio.gather(*(worker(session) for _ in range(spec.concurrency)))
    return tokens, time.perf_counter() - started


def against_bare(model: str, source: str, limit: int | None, max_tokens: int, part: int) -> None:
    tasks = read_tasks(source)[:limit]
    sampling = {"max_tokens": max_tokens}
    ours, theirs = [0, 0.0], [0, 0.0]
    with opened(model) as spec, tempfile.TemporaryDirectory() as folder:
        for number, at in enumerate(range(0, len(tasks), part)):
            some = tasks[at : at + part]

            def we(some: list[Task] = some, out: Path = Path(folder) / f"{number}.jsonl") -> tuple[int, float]:
                calls = infer(some, out=out, spec=spec, settings=InferSettings(sampling=sampling)).calls
                return calls.completion_tokens, calls.seconds

            def they(some: list[Task] = some) -> tuple[int, float]:
                return asyncio.run(bare(spec, some, sampling))

            for who, run in [(ours, we), (theirs, they)][:: 1 if number % 2 else -1]:
                tokens, seconds = run()
                who[0] += tokens
                who[1] += seconds
            rates = ours[0] / ours[1], theirs[0] / theirs[1]
            print(
                f"{at + len(some):4} queries: ours {rates[0]:.1f} tokens/s, bare loop {rates[1]:.1f}, "
                f"ratio {rates[0] / rates[1]:.3f}",
                flush=True,
            )


def _serve(delay: float, port: Connection) -> None:
    with FaultyServer(delay=delay) as server:
        port.send(server.base_url)
        port.recv()


@contextmanager
def _serving(delay: float) -> Iterator[str]:
    """The server in a process of its own, so that it takes no time of ours."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(delay, theirs))
    process.start()
    yield ours.recv()
    ours.send("end")
    process.join()


def against_ideal(calls: int = 5120, at_once: int = 256, delay: float = 0.5) -> None:
    tasks = [Task(str(number), f"写一句话，第{number}句", None, "zh") for number in range(calls)]
    for stream in (False, True):
        with _serving(delay) as base_url, tempfile.TemporaryDirectory() as folder:
            spec = ModelSpec(name="loopback", base_url=base_url, model="loopback", concurrency=at_once)
            settings = InferSettings(stream=stream)
            done = infer(tasks, out=Path(folder) / "pred.jsonl", spec=spec, settings=settings).calls
            with open(Path(folder) / "pred.jsonl", encoding="utf-8") as file:
                timed = sum(json.loads(line).get("first_token_seconds") is not None for line in file)
        ideal = at_once / delay
        print(
            f"streaming {'on' if stream else 'off'}: {done.rows / done.seconds:.0f} calls/s of {ideal:.0f} ideal, "
            f"ratio {done.rows / done.seconds / ideal:.3f}; time to first token known for {timed} of {done.rows}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--input", default="benchmark:zh")
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--part", type=int, default=20, help="queries by turns")
    parser.add_argument("--ideal", action="store_true")
    given = parser.parse_args()
    if given.ideal:
        against_ideal()
    else:
        against_bare(given.model, given.input, given.limit, given.max_tokens, given.part)
