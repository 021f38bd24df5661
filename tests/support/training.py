"""The command line in a process of its own, as a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def command(*words: object) -> list[str]:
    """The words of one command."""
    return [sys.executable, "-m", "coig_writer", *map(str, words)]


def environment() -> dict[str, str]:
    """The one that there is, without network to the Hub."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


def run(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command, to its end."""
    return subprocess.run(command(*words), capture_output=True, text=True, check=False, env=environment(), cwd=cwd)
