"""`dataset stats` prints, writes and warns as its help says."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.files import write_jsonl
from support.published_set import published_set


def run(*arguments: str):
    return CliRunner().invoke(app, ["dataset", "stats", *arguments])


def test_the_paper_is_compared_and_its_contradictions_are_printed(tmp_path):
    write_jsonl(tmp_path / "set.jsonl", published_set())
    shown = run(str(tmp_path / "set.jsonl"), "--compare", "paper")
    assert shown.exit_code == 0, shown.output
    assert "0 genres and 0 categories fall short" in shown.output
    assert "communication article mean: 1,584 printed, 1,792 from the rows" in shown.output


def test_a_narrow_window_breaks_no_number(tmp_path, monkeypatch):
    from coig_writer.cli import console

    write_jsonl(tmp_path / "set.jsonl", published_set()[:124])
    for width in (70, 140):
        monkeypatch.setattr(console.out, "_width", width)
        shown = run(str(tmp_path / "set.jsonl")).stdout
        table = shown[: shown.index("Lengths in characters")]
        numbers = set(re.findall(r"[\d,.]+", table))
        assert {"23", "2,426", "8,842", "42", "383", "1,754", "545", "1,274", "2,940"} <= numbers
        assert "  social_media_content" in table


def test_a_missing_font_is_told_before_the_set_is_read(tmp_path, monkeypatch):
    from coig_writer.errors import SettingError
    from coig_writer.report import charts

    monkeypatch.setattr(charts, "FONTS", ("No Such Font",))
    charts.chinese_font.cache_clear()
    missing = run(str(tmp_path / "not there.jsonl"), "--out", str(tmp_path / "out"))
    charts.chinese_font.cache_clear()
    assert isinstance(missing.exception, SettingError)
    assert not (tmp_path / "out").exists()


def test_json_is_all_that_is_printed_and_the_same_as_in_the_folder(tmp_path):
    write_jsonl(tmp_path / "set.jsonl", published_set()[:60])
    out = tmp_path / "out"
    shown = run(str(tmp_path / "set.jsonl"), "--out", str(out), "--no-figures", "--json", "--compare", "paper")
    value = json.loads(shown.stdout)
    assert value == json.loads((out / "statistics.json").read_text(encoding="utf-8"))
    assert value["count"] == 60
    assert len(value["paper"]["contradictions"]) == 15
    assert {path.name for path in out.iterdir()} == {"statistics.json", "statistics.html"}


def test_a_release_folder_is_read_and_another_refused(tmp_path):
    write_jsonl(tmp_path / "full.jsonl", published_set()[:3])
    assert json.loads(run(str(tmp_path), "--json").stdout)["count"] == 3
    (tmp_path / "other").mkdir()
    refused = run(str(tmp_path / "other"))
    assert refused.exit_code != 0
    assert "not the folder of a release" in str(refused.exception)


@pytest.mark.parametrize("command", ["stats", "audit"])
def test_a_set_of_which_nothing_can_be_read_is_an_error_and_writes_nothing(tmp_path, command):
    (tmp_path / "none.jsonl").write_text('{"a": 1}\n{"prompt": "x"}\n', encoding="utf-8")
    arguments = ["dataset", command, str(tmp_path / "none.jsonl"), "--out", str(tmp_path / "out")]
    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code != 0
    assert "none of 2 records could be read" in str(refused.exception)
    assert not (tmp_path / "out").exists()
