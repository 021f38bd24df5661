"""docs/annotate.md keeps up with the code."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from coig_writer.annotate import checks, steps
from coig_writer.annotate.injection import ECHO
from coig_writer.annotate.settings import AnnotateSettings
from coig_writer.schema import DraftStatus

PAGE = (Path(__file__).parents[2] / "docs" / "annotate.md").read_text(encoding="utf-8")


def rows(first: str) -> dict[str, list[str]]:
    """The rows of the table whose heading begins with `first`: first cell → the others."""
    table = re.search(rf"^\| {first} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)[1]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {name.strip("`"): others for name, *others in cells}


def test_every_step_is_described_in_its_order():
    assert list(rows("step")) == list(steps.STEPS)


def test_every_status_is_described():
    assert set(rows("status")) == set(DraftStatus)


def test_every_rule_is_described():
    source = files(checks.__package__).joinpath("checks.py").read_text(encoding="utf-8")
    rules = set(re.findall(r'(?:rule=|error\()"([a-z-]+)"', source))
    assert len(rules) >= 8
    assert set(rows("rule")) == rules


@pytest.mark.parametrize(
    ("rule", "figure"),
    [
        ("quoted-span", "{longest_quote}"),
        ("overlap", "{most_overlap:.0%}"),
        ("repetition", "{most_repetition:.0%}"),
        ("language", "{least_chinese:.0%}"),
        ("unmet-requirements", "{least_response:.0%}"),
    ],
)
def test_the_figures_of_the_rules_are_the_defaults(rule, figure):
    said = figure.format(**AnnotateSettings().model_dump()).replace("%", " %")
    assert f"than {said}" in rows("rule")[rule][-1]


def test_the_thresholds_are_the_defaults():
    settings = AnnotateSettings().model_dump()
    for option, (default, _) in rows("option").items():
        value = settings[option.removeprefix("--").replace("-", "_")]
        assert default == ("-".join(map(str, value)) if isinstance(value, tuple) else str(value))
    assert [name for name in settings if f"`{name}`" not in PAGE and f"--{name.replace('_', '-')}" not in PAGE] == []


def test_other_figures():
    assert f"more\n   than {ECHO} characters" in PAGE


def test_the_example_is_python():
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    compile(example, "docs/annotate.md", "exec")
