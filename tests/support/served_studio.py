"""A studio served as users serve it, by its command, in a process that can be killed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path


def _environment() -> dict[str, str]:
    """Without the database of the suite: a served studio has one of its own, in its folder."""
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {"PYTHONUNBUFFERED": "1"}


class ServedStudio:
    """`coig-writer studio serve` on a free port; a context manager.

    Args:
        folder: of the studio; made if it is missing.
        options: more options of the command.
    """

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        self.folder, self.options, self.port = folder, options, port
        self.process: subprocess.Popen | None = None
        self.address = ""

    def command(self, *words: str) -> str:
        """What `coig-writer studio WORDS` on this folder prints."""
        done = subprocess.run(
            [sys.executable, "-m", "coig_writer", "studio", *words, "--folder", str(self.folder)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=_environment(),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def account(self, name: str, project: str, *roles: str) -> str:
        """Makes an account and returns its password."""
        given = [word for role in roles for word in ("--role", role)]
        return self.command("create-user", name, "--project", project, *given).split()[-1]

    def start(self) -> ServedStudio:
        words = ["serve", "--folder", str(self.folder), "--port", str(self.port), *self.options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "coig_writer", "studio", *words],
            stderr=subprocess.PIPE,
            text=True,
            env=_environment(),
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if found := re.search(r"http://localhost:(\d+)/", line):
                self.port = int(found[1])
                self.address = f"http://localhost:{self.port}"
                self._wait()
                return self
        raise AssertionError(f"the studio did not start: {self.process.wait()}")

    def _wait(self) -> None:
        import time
        from urllib.request import urlopen

        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                with urlopen(f"{self.address}/health", timeout=5) as answer:
                    assert answer.status == 200
                    return
            except OSError:  # not there yet, or so busy starting that it does not answer in time
                time.sleep(0.1)
        raise AssertionError("the studio does not answer")

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=30)

    def __enter__(self) -> ServedStudio:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process and self.process.poll() is None:
            self.stop()
