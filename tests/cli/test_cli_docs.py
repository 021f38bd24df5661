"""Every command explains itself, and docs/cli.md says what the program says."""

import re
import shlex
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coig_writer.cli import app

MAKER = Path(__file__).parents[2] / "docs" / "make_cli.py"
spec = spec_from_file_location("make_cli", MAKER)
make_cli = module_from_spec(spec)
spec.loader.exec_module(make_cli)

COMMANDS = dict(make_cli.leaves())


def shown_help(*words: str) -> str:
    """The help of a command in a terminal of 80 columns."""
    return CliRunner().invoke(app, [*words, "--help"], prog_name="coig-writer", terminal_width=80).output


def test_the_page_is_current():
    assert make_cli.PAGE.read_text(encoding="utf-8") == make_cli.page(), "run make docs"


def test_check_fails_on_a_page_that_is_stale_and_leaves_it_alone(tmp_path):
    (tmp_path / "make_cli.py").write_bytes(MAKER.read_bytes())
    (tmp_path / "cli.md").write_text("old")
    command = [sys.executable, str(tmp_path / "make_cli.py")]
    checked = subprocess.run([*command, "--check"], capture_output=True, text=True, check=False)
    assert (checked.returncode, "make docs" in checked.stderr) == (1, True)
    assert (tmp_path / "cli.md").read_text() == "old"
    subprocess.run(command, check=True)
    assert (tmp_path / "cli.md").read_text(encoding="utf-8") == make_cli.page()


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_option_has_a_sentence(path):
    command = COMMANDS[path]
    texts = {"": command.help, **{parameter.name: parameter.help for parameter in command.params}}
    poor = {name: text for name, text in texts.items() if not re.match(r"[A-Z].*\.$", text or "", re.DOTALL)}
    assert poor == {}


@pytest.mark.parametrize("path", COMMANDS)
def test_every_example_is_a_command_that_the_program_accepts(path):
    example = make_cli.example_of(COMMANDS[path])
    assert example and example.startswith(f"{path} ")
    arguments = shlex.split(example.removeprefix(path))
    COMMANDS[path].make_context(path, arguments)  # raises on a wrong option or a missing argument


@pytest.mark.parametrize("path", COMMANDS)
def test_help_fits_a_terminal_and_cuts_nothing(path):
    shown = shown_help(*path.split()[1:])
    example = f"Example: {make_cli.example_of(COMMANDS[path])}"
    assert example in shown
    assert max(len(line) for line in shown.splitlines() if example not in line) <= 80
    options = [name for each in COMMANDS[path].params if each.param_type_name == "option" for name in each.opts]
    assert [name for name in options if name not in shown] == []


def test_no_summary_in_a_list_of_commands_is_cut_short():
    groups = {tuple(path.split()[1:-1]) for path in COMMANDS}
    assert len(groups) > 1
    assert [group for group in groups if "..." in shown_help(*group).partition("Commands:")[2]] == []
