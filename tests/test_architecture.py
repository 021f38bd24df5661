"""The rules of docs/architecture.md that a program can check."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "coig_writer"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = ["corpus", "annotate", "dataset", "train", "infer", "evaluate", "report", "experiment", "studio"]
"""In the order in which data flows."""
COMMONS = ["errors", "schema", "taxonomy", "files", "verse", "packaged", "llm"]
"""What every room may import; each of them may import those before it."""


def imported(path: Path) -> set[str]:
    """The parts of the package that a module imports, also inside functions."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("coig_writer.")} - {"__version__"}


def modules(part: str) -> list[Path]:
    return sorted((PACKAGE / part).rglob("*.py")) or [PACKAGE / f"{part}.py"]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_nothing_to_its_right(room):
    allowed = {*COMMONS, *ROOMS[: ROOMS.index(room) + 1]}
    wrong = {str(path.relative_to(PACKAGE)): imported(path) - allowed for path in modules(room)}
    assert {name: parts for name, parts in wrong.items() if parts} == {}


@pytest.mark.parametrize("common", COMMONS)
def test_what_all_share_knows_no_room(common):
    allowed = set(COMMONS[: COMMONS.index(common) + 1])
    wrong = {str(path.relative_to(PACKAGE)): imported(path) - allowed for path in modules(common)}
    assert {name: parts for name, parts in wrong.items() if parts} == {}


def test_models_are_called_through_the_engine_alone():
    """Only `llm/` knows the client; `models check` asks it through `llm/probe`."""
    users = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if re.search(r"llm\.client import|\bimport (aiohttp|openai|httpx|requests)\b", path.read_text(encoding="utf-8"))
    }
    assert users == {"llm"}


def test_nothing_is_written_over_a_file_that_stands():
    """Files appear whole: by `files.py`, or by a rename of what was built aside."""
    direct = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\.write_(text|bytes)\(", path.read_text(encoding="utf-8")) and path.name != "files.py"
    ]
    assert direct == []


def test_the_page_names_every_part_of_the_package():
    parts = {path.stem if path.is_file() else path.name for path in PACKAGE.iterdir()} - {"__init__", "__main__"}
    folders = [part for part in parts if (PACKAGE / part).is_dir() and not part.startswith("_")]
    files = [part for part in parts if (PACKAGE / f"{part}.py").is_file()]
    missing = [
        name for name in (*(f"`{part}/`" for part in folders), *(f"`{part}.py`" for part in files)) if name not in PAGE
    ]
    assert missing == []


def test_every_module_of_a_room_is_on_the_page():
    stems = {path.stem for room in (*ROOMS, "llm") for path in (PACKAGE / room).glob("*.py")} - {"__init__"}
    assert sorted(stem for stem in stems if f"`{stem}`" not in PAGE) == []


def test_the_page_names_every_library_that_the_package_needs():
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = [re.match(r"[\w-]+", line)[0] for line in needed]
    assert [name for name in names if name not in PAGE] == []
