"""A PostgreSQL server of one's own, in a temporary folder, on a socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def binaries() -> Path | None:
    """Where PostgreSQL's programs lie: on the path, or where Debian puts them."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return debian[-1].parent if debian else None


class PostgreSQL:
    """A running server; a context manager. It never runs as root, so root lends it to the user `postgres`."""

    def __init__(self) -> None:
        place = binaries()
        assert place is not None
        self._bin = place
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        if self._as:
            shutil.chown(self._folder, "postgres", "postgres")

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [*self._as, str(self._bin / program), *words], capture_output=True, text=True, check=False, cwd="/"
        )
        assert done.returncode == 0, done.stderr + done.stdout

    def __enter__(self) -> str:
        """The server's address, as DATABASE_URL takes it."""
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", "studio", "--auth=trust", "--no-sync", "-E", "UTF8")
        options = f"-c listen_addresses='' -k {self._folder} -c fsync=off"
        self._run("pg_ctl", "-D", data, "-o", options, "-l", f"{self._folder}/log", "-w", "start")
        return f"postgres://studio@{str(self._folder).replace('/', '%2F')}/postgres"

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self._folder)
