"""The port: taken ones are told, and several processes share it evenly, also after one of them has died."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from coig_writer.studio.sockets import CAN_HAND_OUT
from support.served_studio import ServedStudio
from support.studio_client import StudioClient

pytestmark = pytest.mark.long

CONNECTIONS = 60


def workers_of(pid: int) -> list[int]:
    """The processes of a server that make pages."""
    children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def open_connections(port: int) -> list[socket.socket]:
    """Connections that have been answered and stay open, as browsers leave them."""
    found = []
    for _ in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200" in connection.recv(4096)
        found.append(connection)
    return found


def held_by(pid: int, port: int) -> int:
    """Established connections on a port that a process holds."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"}
    return sum(_target(link) in inodes for link in Path(f"/proc/{pid}/fd").iterdir())


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except FileNotFoundError:  # closed meanwhile
        return ""


@pytest.mark.skipif(not CAN_HAND_OUT, reason="processes cannot give connections to one another here")
def test_two_processes_share_connections_evenly_also_after_one_was_killed(tmp_path):
    with ServedStudio(tmp_path / "studio", "--workers", "2") as served:
        first = _shares(served)
        killed = next(iter(first))
        os.kill(killed, signal.SIGKILL)
        until = time.monotonic() + 60
        while killed in (now := workers_of(served.process.pid)) or len(now) < 2:
            assert time.monotonic() < until
            time.sleep(0.2)
        second = _shares(served)
        assert second.keys() != first.keys()


def _shares(served: ServedStudio) -> dict[int, int]:
    """Process → connections that it has taken, as soon as both take part and have as many."""
    assert served.process is not None
    workers = workers_of(served.process.pid)
    until = time.monotonic() + 60
    while True:
        connections = open_connections(served.port)
        found = {worker: held_by(worker, served.port) for worker in workers}
        for each in connections:
            each.close()
        if sorted(found.values()) == [CONNECTIONS // 2] * 2:
            return found
        assert time.monotonic() < until, found


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_is_taken_is_said_plainly(tmp_path, workers):
    with ServedStudio(tmp_path / "other", "--workers", workers) as other:
        words = ["studio", "serve", "--folder", str(tmp_path / "s"), "--port", str(other.port), "--workers", workers]
        done = subprocess.run(
            [sys.executable, "-m", "coig_writer", *words], capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 2
    assert "cannot listen" in done.stderr


def test_people_go_on_working_while_a_large_file_comes_in(tmp_path, starter):
    served = ServedStudio(tmp_path / "studio")
    password = served.account("lead", "busy", "manager")
    texts = [starter[number % 20]["article"]["text"] + f"（{number}）" for number in range(3_000)]
    lines = [json.dumps({"id": f"{number:016x}", "text": text}) for number, text in enumerate(texts)]

    async def work() -> list[str]:
        ended: list[str] = []

        async def bring(client: StudioClient) -> None:
            form = aiohttp.FormData({"csrfmiddlewaretoken": client.token})
            form.add_field("file", "\n".join(lines).encode(), filename="large.jsonl")
            async with client.session.post(f"{served.address}/projects/1/import", data=form) as answer:
                assert "3,000" in (await answer.text()).partition("<main")[2]
            ended.append("import")

        lead = served.address, "lead", password
        async with StudioClient(*lead) as one, StudioClient(*lead) as other:
            coming = asyncio.create_task(bring(one))
            await asyncio.sleep(0.5)  # the file has arrived by then, or the pages are asked for even sooner
            for _ in range(3):
                await other.page("/projects/1/")
                ended.append("page")
            await coming
        return ended

    with served:
        assert asyncio.run(work()) == ["page", "page", "page", "import"]


def test_workers_end_with_the_process_that_accepts(tmp_path):
    served = ServedStudio(tmp_path / "studio", "--workers", "2").start()
    workers = workers_of(served.process.pid)
    served.kill()
    until = time.monotonic() + 30
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < until
        time.sleep(0.1)
