"""Writes docs/cli.md from the command line itself: make docs. With --check it only says whether the page is current."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from coig_writer.cli import app
from coig_writer.files import write_text

PAGE = Path(__file__).with_name("cli.md")
NAME = "coig-writer"

_HEAD = f"""\
# Command line

This page is made from the program by `make docs`; `{NAME} COMMAND --help` shows the same.
`python -m coig_writer` does what `{NAME}` does.

What a command reports goes to standard output; progress, warnings and errors go to standard error. With `--json`
nothing but JSON is on standard output. An error says what is wrong, where, and what to do.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | the input, the model or the storage is at fault; what was finished is kept |
| 2 | an option, setting or name makes no sense |
| 130 | interrupted; what was finished is kept |

| environment variable | meaning |
|---|---|
| `COIG_WRITER_MODELS` | the model registry to read instead of the usual ones ([models.md](models.md)) |
| `COIG_WRITER_API_KEY` | the key that goes with a model named as `URL#model-id` |
| `COIG_WRITER_CACHE` | the folder for model weights |
| `SOURCE_DATE_EPOCH` | the time that a release says it was made ([dataset.md](dataset.md)) |
"""


def leaves(command: Any = None, path: str = NAME) -> Iterator[tuple[str, Any]]:
    """Each command that does something, with the words that call it."""
    command = command or typer.main.get_command(app)
    if not hasattr(command, "commands"):
        yield path, command
        return
    if command.invoke_without_command:  # a group that is a command itself, such as `infer`
        yield path, command
    for name, below in command.commands.items():
        yield from leaves(below, f"{path} {name}")


def example_of(command: Any) -> str | None:
    """The command line that the end of a command's help shows."""
    return (command.epilog or "").removeprefix("\b\nExample: ") or None


def page() -> str:
    """The whole page; options that a command shares with one before it are not repeated."""
    sections, shown = [_HEAD], dict[str, str]()
    for path, command in leaves():
        parameters = _parameters(command, path)
        first = shown.setdefault(parameters, path)
        if first != path:
            parameters = f"Arguments and options are those of `{first}`.\n"
        usage = f"```\n{path} {_words(command)}[OPTIONS]\n```\n"
        example = f"Example:\n\n```\n{example_of(command)}\n```\n"
        sections.append("\n".join([f"## {path}\n", usage, f"{command.help.strip()}\n", parameters, example]))
    return "\n".join(sections)


def _words(command: Any) -> str:
    return "".join(f"{each.metavar}{'…' if each.nargs == -1 else ''} " for each in _of_kind(command, "argument"))


def _of_kind(command: Any, kind: str) -> list[Any]:
    return [each for each in command.params if each.param_type_name == kind and not each.hidden]


def _parameters(command: Any, path: str) -> str:
    """Tables of the arguments and the options."""
    context = command.make_context(path, [], resilient_parsing=True)
    tables = []
    for kind in ("argument", "option"):
        rows = [_row(*each.get_help_record(context)) for each in _of_kind(command, kind)]
        if rows:
            tables.append("\n".join([f"| {kind} | default; bounds | meaning |", "|---|---|---|", *rows, ""]))
    return "\n".join(tables)


def _row(name: str, text: str) -> str:
    """A table row from what the help shows, such as `--gate-sum <int range>`, `Least sum.  [default: 50; 6<=x<=60]`."""
    meaning, _, more = text.partition("  [")
    default = more.removesuffix("]").removeprefix("default: ")
    default = re.sub(r"(\d+)<=x<=(\d+)", r"\1 to \2", re.sub(r"x>=(\d+)", r"\1 or more", default))
    name = re.sub(r" range(?=>)| <list\[.*\]>", "", name)
    cells = (f"`{name}`", default, meaning)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> int:
    """Writes the page, or compares it; the exit code says whether it is now, or was, current."""
    current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page()
    if "--check" not in sys.argv[1:]:
        write_text(PAGE, page())
    elif not current:
        print(f"{PAGE} is not what the program says: run make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
