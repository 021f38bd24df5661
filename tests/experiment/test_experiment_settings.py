"""One file says what is varied; what it says wrongly is named."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from coig_writer.errors import InputError, SettingError, UnfinishedError
from coig_writer.experiment.cost import cost_of
from coig_writer.experiment.graph import Graph, Status, Step
from coig_writer.experiment.pools import pool_of
from coig_writer.experiment.settings import Cell, read_experiment
from coig_writer.experiment.templates import TEMPLATES, write_template
from coig_writer.packaged import load_starter

SMALL = """
name = "ratio"
bases = ["tiny-random", "embedded"]
[data]
creative = ["starter"]
general = ["general.jsonl"]
creative_counts = [4, 8]
general_counts = [2, 0]
general_only = 3
seeds = [1, 2]
[train]
batch = 4
[infer]
limit = 6
max_tokens = 10
"""


def written(tmp_path: Path, text: str = SMALL) -> Path:
    rows = [{"instruction": f"第{at}题：一加{at}等于几？", "output": f"等于{at + 1}。"} for at in range(10)]
    (tmp_path / "general.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    path = tmp_path / "ratio.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_grid_is_every_combination_once(tmp_path):
    cells = read_experiment(written(tmp_path)).cells()
    assert len({cell.name for cell in cells}) == len(cells) == 2 * 2 * 2 * 3
    assert cells[0].name == "tiny-random.all-4.s1.cw"
    assert {cell.recipe for cell in cells} == {"cw", "cw-2", "g"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_are_experiments(tmp_path, name):
    write_template(name, tmp_path / "one.toml")
    found = read_experiment(tmp_path / "one.toml")
    assert found.name == name and len(found.cells()) > 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("batch = 4", "bach = 4", "bach"),
        ("batch = 4", "seed = 4", "data.seeds"),
        ("general_counts = [2, 0]", 'general_counts = [2]\npreset = "paper"', "either preset or general_counts"),
        ("general_counts = [2, 0]", "general_counts = [-1]", "not negative"),
        ('"embedded"', '"x/tiny-random"', "same short name"),
        ("[infer]", "[infer", "cannot read"),
    ],
)
def test_what_makes_no_sense_is_named(tmp_path, old, new, said):
    with pytest.raises((InputError, SettingError), match=said):
        read_experiment(written(tmp_path, SMALL.replace(old, new)))


def test_smaller_pools_lie_within_larger_ones():
    triplets = load_starter()
    small, large, all_of_them = (
        {each.id for each in pool_of(triplets, Cell("m", (), count, 0, 1))} for count in (4, 8, None)
    )
    assert small < large < all_of_them == {each.id for each in triplets}
    with pytest.raises(InputError, match="are wanted"):
        pool_of(triplets, Cell("m", ("en",), len(triplets) + 1, 0, 1))


def test_the_cost_is_counted_before_anything_runs(tmp_path):
    path = written(tmp_path)
    found = cost_of(read_experiment(path), tmp_path / "out", tmp_path)
    by_name = {each.cell.name: each for each in found.cells}
    mixed = by_name["embedded.all-8.s2.cw-2"]
    assert (mixed.creative, mixed.general, mixed.steps, mixed.answers, mixed.answer_tokens) == (8, 2, 9, 6, 60)
    assert (by_name["embedded.all-8.s2.g"].creative, by_name["embedded.all-8.s2.g"].general) == (0, 3)
    assert found.trained_tokens == sum(3 * each.tokens for each in found.cells)
    assert found.hours is None and not (tmp_path / "out").exists()


def script(id: str, text: str, needs: tuple[str, ...] = (), reads: tuple[str, ...] = ()) -> Step:
    """A step that runs a line of Python, with `--fresh` as its argument when it is done again."""
    return Step(id, (text,), (f"{id}.txt",), needs, reads, launch=(sys.executable, "-c"))


def writes(id: str, extra: str = "0") -> str:
    return f"import sys;{extra};open('{id}.txt', 'a').write(' '.join(['ran', *sys.argv[1:]]) + ';')"


def test_steps_are_done_once_and_again_when_something_changed(tmp_path):
    given = tmp_path / "in.txt"
    given.write_text("1")
    folder = tmp_path / "out"
    folder.mkdir()

    def graph(word: str = "a") -> Graph:
        first = script("one", writes("one", repr(word)), reads=(str(given),))
        return Graph(folder, [first, script("two", writes("two"), needs=("one",)), script("three", writes("three"))])

    assert [state.status for state in graph().states()] == [Status.OPEN] * 3
    assert [state.status for state in graph().run()] == [Status.DONE] * 3
    graph().run()
    assert (folder / "one.txt").read_text() == "ran;"
    for change in (lambda: graph("b"), lambda: given.write_text("2") and graph("b")):
        assert [state.status for state in change().states()] == [Status.STALE, Status.STALE, Status.DONE]
        graph("b").run()
    assert (folder / "one.txt").read_text() == (folder / "two.txt").read_text() == "ran;ran --fresh;ran --fresh;"
    assert (folder / "three.txt").read_text() == "ran;"
    (folder / "two.txt").unlink()
    assert [state.status for state in graph("b").states()] == [Status.DONE, Status.STALE, Status.DONE]


def test_a_failed_step_holds_up_only_what_needs_it_and_is_done_again(tmp_path):
    bad = "import sys; print('Error: 水管漏了'); sys.exit(1)"

    def graph(first: str) -> Graph:
        steps = [script("one", first), script("two", writes("two"), needs=("one",)), script("three", writes("three"))]
        return Graph(tmp_path, steps)

    seen = {}
    with pytest.raises(UnfinishedError, match="first one: 水管漏了"):
        graph(bad).run(lambda state: seen.update({state.step.id: state.status}))
    assert seen == {"one": Status.FAILED, "two": Status.BLOCKED, "three": Status.DONE}
    assert [state.status for state in graph(writes("one")).run()] == [Status.DONE] * 3
