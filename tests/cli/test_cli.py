"""The command line as a whole: how it starts, what it is called, and how it says no."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coig_writer import __version__

HEAVY = ["daft", "numba", "aiohttp", "pyarrow", "opencc", "jieba", "trafilatura", "jinja2", "xllamacpp"]
SCRIPT = Path(sys.executable).with_name("coig-writer")


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80", **environment},
    )


def module(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return run(sys.executable, "-m", "coig_writer", *arguments, **environment)


@pytest.mark.parametrize("words", [[], ["corpus", "build"], ["annotate", "run"], ["dataset", "build"], ["models"]])
def test_help_loads_nothing_heavy(words):
    program = (
        f"import sys; sys.argv = ['coig-writer', *{words}, '--help']\n"
        "from coig_writer.cli import main\n"
        "try: main()\n"
        f"except SystemExit: print('LOADED', *set({HEAVY}) & set(sys.modules))"
    )
    done = run(sys.executable, "-c", program)
    assert done.stdout.startswith(" ".join(["Usage: coig-writer", *words])), done.stderr
    assert done.stdout.splitlines()[-1].split() == ["LOADED"]


def test_version():
    assert module("--version").stdout == f"coig-writer {__version__}\n"


@pytest.mark.parametrize("words", [["nonesuch"], ["models", "nonesuch"], ["taxonomy", "--nonesuch"]])
def test_what_does_not_exist_is_exit_code_2(words):
    done = module(*words)
    assert done.returncode == 2
    assert "nonesuch" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["models", "--help"], ["nonesuch"]])
def test_module_and_console_script_are_the_same_program(words):
    if not SCRIPT.exists():
        pytest.skip(f"the console script is not installed at {SCRIPT}")
    as_module, as_script = module(*words), run(SCRIPT, *words)
    assert (as_module.returncode, as_module.stdout, as_module.stderr) == (
        as_script.returncode,
        as_script.stdout,
        as_script.stderr,
    )


def test_a_problem_is_three_plain_lines(tmp_path):
    missing = tmp_path / "a long folder name so that a narrow terminal would wrap this line" / "models.toml"
    done = module("models", "list", COIG_WRITER_MODELS=str(missing))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "Error: no such registry file",
        f"  where: {missing}",
        "  what to do: Mend or unset COIG_WRITER_MODELS.",
    ]
    assert done.stdout == ""


def test_square_brackets_in_a_message_are_shown_and_not_taken_for_markup():
    done = module("taxonomy", "--genre", "[bold]x[/nothing]")
    assert done.returncode == 2
    assert "[bold]x[/nothing]" in done.stderr
    assert "Traceback" not in done.stderr
