"""Label Studio on its own server, worked on as `bench/studio.py` works on the studio. Only benchmarks use it."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import aiohttp

PORT = 8799
NAME, PASSWORD = "bench@example.org", secrets.token_hex(12)
CONFIG = (
    "<View><Text name='article' value='$text'/>"
    "<TextArea name='prompt' toName='article'/><TextArea name='reasoning' toName='article'/>"
    + "".join(f"<Number name='score{n}' toName='article' min='1' max='10'/>" for n in range(6))
    + "</View>"
)


class LabelStudio:
    """`label-studio start` in a folder of its own with a fresh account; a context manager.

    Args:
        command: the program, of an environment that has it.
    """

    def __init__(self, command: Path, folder: Path) -> None:
        self.command, self.folder = command, folder
        self.address = f"http://localhost:{PORT}"
        self.start_seconds = 0.0
        self.process: subprocess.Popen
        self.tasks: list[int] = []
        self.token = ""

    def __enter__(self) -> LabelStudio:
        self.folder.mkdir(parents=True)
        self.token = secrets.token_hex(20)
        words = ["start", "--port", str(PORT), "--no-browser", "--data-dir", str(self.folder)]
        words += ["--username", NAME, "--password", PASSWORD, "--user-token", self.token]
        settings = {"LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true", "COLLECT_ANALYTICS": "false"}
        started = time.perf_counter()
        self.log = open(self.folder / "log.txt", "wb")
        self.process = subprocess.Popen(
            [str(self.command), *words], stdout=self.log, stderr=self.log, env={**os.environ, **settings}
        )
        while True:
            try:
                with urlopen(f"{self.address}/health", timeout=5):
                    break
            except (URLError, ConnectionError, TimeoutError):
                if self.process.poll() is not None or time.perf_counter() - started > 900:
                    raise AssertionError(f"Label Studio did not start; see {self.log.name}") from None
                time.sleep(0.2)
        self.start_seconds = time.perf_counter() - started
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()

    def fill(self, texts: list[str]) -> None:
        """Makes a project with a task for each text."""
        asyncio.run(self._fill(texts))

    async def _fill(self, texts: list[str]) -> None:
        async with self._session() as session:
            async with session.post("/api/projects", json={"title": "bench", "label_config": CONFIG}) as answer:
                assert answer.status == 201, await answer.text()
                self.project = (await answer.json())["id"]
            for start in range(0, len(texts), 250):
                rows = [{"data": {"text": text}} for text in texts[start : start + 250]]
                async with session.post(f"/api/projects/{self.project}/import?return_task_ids=1", json=rows) as answer:
                    assert answer.status == 201, await answer.text()
                    self.tasks += (await answer.json())["task_ids"]

    def _session(self) -> aiohttp.ClientSession:
        timeout = aiohttp.ClientTimeout(total=300)
        return aiohttp.ClientSession(self.address, headers={"Authorization": f"Token {self.token}"}, timeout=timeout)

    async def load(
        self, clients: int, seconds: float, add: Callable[..., None], text: str, steps: Sequence[str]
    ) -> None:
        """Each client opens a task, saves a draft twice, lists thirty and submits, again and again, or some of it."""
        until = time.perf_counter() + seconds
        async with self._session() as session:
            await asyncio.gather(*(self._one(session, at, clients, until, add, text, steps) for at in range(clients)))

    async def _one(self, session, at: int, clients: int, until: float, add, text: str, steps) -> None:
        result = [
            {"from_name": name, "to_name": "article", "type": "textarea", "value": {"text": [part]}}
            for name, part in (("prompt", text[:400]), ("reasoning", text[400:]))
        ]
        result += [
            {"from_name": f"score{n}", "to_name": "article", "type": "number", "value": {"number": 8}} for n in range(6)
        ]

        async def timed(what: str, method: str, path: str, **more) -> dict:
            started = time.perf_counter()
            async with session.request(method, path, **more) as answer:
                told = await answer.text()
                add(what, started, answer.status < 300, f"{answer.status} {told[:200]}")
                return await answer.json() if answer.status < 300 else {}

        turn = 0
        while time.perf_counter() < until:
            task = self.tasks[(at + turn * clients) % len(self.tasks)]
            turn += 1
            if "open" in steps:
                await timed("open", "GET", f"/api/tasks/{task}")
            if "autosave" in steps and (
                draft := await timed("autosave", "POST", f"/api/tasks/{task}/drafts", json={"result": result[:1]})
            ):
                await timed("autosave", "PATCH", f"/api/drafts/{draft['id']}", json={"result": result[:2]})
            if "list" in steps:
                await timed("list 30", "GET", f"/api/tasks?project={self.project}&page_size=30&page=2")
            if "submit" in steps:
                await timed("submit", "POST", f"/api/tasks/{task}/annotations", json={"result": result})

    def locked(self) -> int:
        """How often its log says that the database was locked."""
        self.log.flush()
        return (self.folder / "log.txt").read_text(errors="replace").count("database is locked")
