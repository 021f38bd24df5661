"""One file says what is varied; what it says wrongly is named."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from coig_writer.errors import InputError, SettingError, StorageError, UnfinishedError
from coig_writer.experiment.cost import cost_of
from coig_writer.experiment.graph import Graph, Status, Step
from coig_writer.experiment.pools import check_general, pool_of
from coig_writer.experiment.settings import Cell, read_experiment
from coig_writer.experiment.steps import check_judge, graph_of, options_of
from coig_writer.experiment.templates import TEMPLATES, write_template
from coig_writer.packaged import load_starter
from coig_writer.train.settings import LoraSettings, TrainSettings

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
    bad = "import sys; print('Error: 水管漏了.\\n  where: 厨房\\n  what to do: 修'); sys.exit(1)"

    def graph(first: str) -> Graph:
        steps = [script("one", first), script("two", writes("two"), needs=("one",)), script("three", writes("three"))]
        return Graph(tmp_path, steps)

    seen = {}
    with pytest.raises(UnfinishedError, match=r"first one: 水管漏了 \(厨房\)"):
        graph(bad).run(lambda state: seen.update({state.step.id: state.status}))
    assert seen == {"one": Status.FAILED, "two": Status.BLOCKED, "three": Status.DONE}
    assert {state.step.id: state.status for state in graph(bad).states()} == seen  # which `status` shows afterwards
    assert graph(bad).words_of(graph(bad).steps[0]) == "水管漏了 (厨房)"
    assert [state.status for state in graph(writes("one")).run()] == [Status.DONE] * 3


def test_what_was_begun_with_other_settings_is_cleared_away_until_it_is(tmp_path):
    """A command that refuses what another one left, as `train sft` does, and is killed before or after it clears."""

    def graph(setting: str, dies: str = "") -> Graph:
        text = (
            "import os, sys, pathlib; begun = pathlib.Path('begun.txt')\n"
            f"setting, dies = {setting!r}, {dies!r}\n"
            "os._exit(9) if dies == 'before' else None\n"
            "begun.unlink(missing_ok=True) if '--fresh' in sys.argv else None\n"
            "sys.exit('another run stands here') if begun.exists() and begun.read_text()[:1] != setting else None\n"
            "begun.write_text((begun.read_text() if begun.exists() else setting) + '+')\n"
            "os._exit(9) if dies == 'after' else None\n"
            "pathlib.Path('one.txt').write_text(begun.read_text())\n"
        )
        step = Step("one", (text,), ("one.txt",), launch=(sys.executable, "-c"), begins="begun.txt")
        return Graph(tmp_path, [step])

    def mended(found: Graph, setting: str) -> Graph:
        """The same step with a setting in its fingerprint alone, so that `dies` is none of it."""
        found.fingerprints["one"] = setting
        return found

    for setting, dies in (("a", "after"), ("b", "before"), ("b", "after"), ("b", "after")):
        with pytest.raises(UnfinishedError):
            mended(graph(setting, dies), setting).run()
    (state,) = mended(graph("b"), "b").run()
    assert state.status is Status.DONE
    assert (tmp_path / "one.txt").read_text() == "b+++"  # cleared once, then gone on with


def test_two_runs_of_one_experiment_keep_out_of_each_others_way(tmp_path):
    from filelock import FileLock

    with FileLock(tmp_path / ".lock"), pytest.raises(StorageError, match="runs here already"):
        Graph(tmp_path, [script("one", writes("one"))]).run()
    assert not (tmp_path / "one.txt").exists()


JUDGED = SMALL + '[evaluate]\njudge = "my-judge"\n'


def test_a_judge_compares_only_what_a_win_rate_is_made_of(tmp_path):
    path = written(tmp_path, JUDGED)
    experiment = read_experiment(path)
    steps = {step.id: step for step in graph_of(experiment, tmp_path / "out", tmp_path).steps}
    judges = [step for id, step in steps.items() if id.startswith("judge.")]
    assert len(judges) == 2 * 2 * 2  # bases, pools, seeds
    one = steps["judge.embedded.all-8.s2"]
    assert one.needs == tuple(f"infer.embedded.all-8.s2.{each}" for each in ("cw", "cw-2", "g"))
    assert one.words[one.words.index("--against") + 1] == "runs/embedded.all-8.s2.g/model"
    assert one.makes == ("rankings/embedded.all-8.s2.jsonl",)
    queries = 6
    assert cost_of(experiment, tmp_path / "out", tmp_path).judge_calls == 8 * 2 * queries * 2
    without = read_experiment(written(tmp_path, JUDGED.replace("general_only = 3", "")))
    assert cost_of(without, tmp_path / "out", tmp_path).judge_calls == 8 * 1 * queries * 2


def test_other_queries_make_answers_stale(tmp_path):
    from coig_writer.files import write_jsonl
    from coig_writer.packaged import load_benchmark

    write_jsonl(tmp_path / "asked.jsonl", load_benchmark("zh")[:2])
    path = written(tmp_path, SMALL.replace("[infer]", '[infer]\ninput = "asked.jsonl"'))
    before = graph_of(read_experiment(path), tmp_path / "out", tmp_path).fingerprints
    write_jsonl(tmp_path / "asked.jsonl", load_benchmark("zh")[:3])
    after = graph_of(read_experiment(path), tmp_path / "out", tmp_path).fingerprints
    assert all(before[id] != after[id] for id in before if id.startswith(("mix.", "infer.")))


def test_each_setting_of_a_training_is_an_option_of_the_command():
    from typer.main import get_command

    from coig_writer.cli.train import app

    command: Any = get_command(app)
    options = {word for each in command.commands["sft"].params for word in (*each.opts, *each.secondary_opts)}
    given = TrainSettings(lora=LoraSettings(), steps=1, context=16, system="", save_every=1, evaluate_every=1)
    switched = {"packing": True, "liger": True, "compile": True, "attention": "sdpa", "gradient_checkpointing": False}
    found = list(options_of(given.model_dump(exclude={"seed"}) | switched | {"log_to": ["wandb"]}))
    words = {word for word in found if word.startswith("--")}
    assert words <= options
    assert len(words) == len(TrainSettings.model_fields) - 1 + len(LoraSettings.model_fields)


def test_a_judge_is_looked_up_beside_the_file_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.delenv("COIG_WRITER_MODELS", raising=False)
    path = written(tmp_path, JUDGED)
    with pytest.raises(SettingError, match="unknown model 'my-judge'"):
        check_judge(read_experiment(path), tmp_path)
    registry = '[models.my-judge]\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "m"\n'
    (tmp_path / "models.toml").write_text(registry, encoding="utf-8")
    check_judge(read_experiment(path), tmp_path)
    graph_of(read_experiment(path), tmp_path / "out", tmp_path)
    assert (tmp_path / "out" / "models.toml").read_text(encoding="utf-8") == registry  # where the steps run
    for other in ("http://127.0.0.1:1/v1#m", "embedded"):
        check_judge(read_experiment(written(tmp_path, JUDGED.replace("my-judge", other))), tmp_path)


def test_mixtures_that_too_few_examples_make_the_same_are_refused(tmp_path):
    few = read_experiment(written(tmp_path, SMALL.replace("general_counts = [2, 0]", "general_counts = [0, 20, 30]")))
    with pytest.raises(InputError, match="10 general examples, so that mixtures with 20 and 30"):
        check_general(few, tmp_path)
    check_general(read_experiment(written(tmp_path, SMALL.replace("[2, 0]", "[0, 9, 11]"))), tmp_path)
    found = {each.cell.recipe: (each.general, each.wanted) for each in cost_of(few, tmp_path / "o", tmp_path).cells}
    assert found == {"cw": (0, 0), "cw-20": (10, 20), "cw-30": (10, 30), "g": (3, 3)}
