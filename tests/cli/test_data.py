"""`coig-writer data` lists, shows, prints and saves what comes along."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from coig_writer import load_benchmark, load_starter
from coig_writer.cli import app
from coig_writer.errors import SettingError
from coig_writer.files import read_jsonl
from coig_writer.schema import Query


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["data", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_lists_every_set_with_its_size():
    assert {row["name"]: row["records"] for row in json.loads(run("--json"))}["benchmark:all"] == len(load_benchmark())
    assert "starter" in run()


def test_shows_a_genre_by_any_of_its_names():
    queries = [query for query in load_benchmark("zh") if query.genre == "wuxia"]
    shown = run("benchmark:zh", "--genre", "武侠")
    assert all(query.query in shown and query.criteria[0] in shown for query in queries)
    triplet = next(each for each in load_starter() if each.genre == "couplet")
    assert triplet.reasoning in run("starter", "--genre", "对联")


def test_saves_what_the_loader_gives(tmp_path):
    saved = tmp_path / "queries.jsonl"
    run("benchmark:en", "--out", str(saved))
    assert list(read_jsonl(saved, Query)) == load_benchmark("en")
    printed = json.loads(run("benchmark:en", "--json"))
    assert [Query.model_validate(each) for each in printed] == load_benchmark("en")


@pytest.mark.parametrize("words", [["nothing"], ["--genre", "武侠"], ["starter", "--genre", "nonsense"]])
def test_wrong_names_are_errors(words):
    with pytest.raises(SettingError):
        run(*words)
