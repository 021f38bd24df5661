"""The command line in this process, as a user meets it: what it prints, and the code that it ends with."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass
from functools import cache
from unittest.mock import patch

import typer.main

from coig_writer.cli import main

_once = cache(typer.main.get_command)
"""Making all commands takes ten times as long as running one of them."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


def command(*arguments: object) -> Ended:
    """Runs `coig-writer` with these arguments; whatever it does not catch comes out, as a traceback would.

    Its streams take what those of a terminal take: lone surrogates only on standard error.
    """
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace")
    code: object = 0
    with (
        patch.object(sys, "argv", ["coig-writer", *map(str, arguments)]),
        patch.object(typer.main, "get_command", _once),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8"))  # type: ignore[attr-defined]
    assert isinstance(code, int)
    return Ended(code, *texts)
