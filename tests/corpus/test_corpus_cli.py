import json
import subprocess
import sys

import pytest
from corpus_texts import GOOD, OTHER


def run(*arguments, cwd) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "coig_writer", "corpus", "build", *map(str, arguments)]
    return subprocess.run(command, check=False, cwd=cwd, capture_output=True, text=True, env=None)


@pytest.fixture
def source(tmp_path):
    (tmp_path / "in").mkdir()
    records = [{"内容": GOOD, "date": "2024-03-05"}, {"内容": f"{OTHER}\n\n打13000000001。", "date": "2024-03-05"}]
    lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records)
    (tmp_path / "in" / "a.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path / "in"


def test_the_funnel_is_shown_and_the_second_run_has_nothing_to_do(tmp_path, source):
    first = run("in", "--out", "out", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "kept" in first.stdout
    assert "Personal data was masked in 1 of the texts kept." in first.stdout
    assert "Next: coig-writer annotate run out --out drafts.jsonl" in first.stdout
    second = run("in", "--out", "out", cwd=tmp_path)
    assert second.returncode == 0
    assert second.stdout.startswith("Nothing to do")
    assert max(map(len, first.stdout.splitlines())) <= 100


def test_a_broken_line_is_told_loudly_and_is_an_error_unless_accepted(tmp_path, source):
    with open(source / "a.jsonl", "a", encoding="utf-8") as file:
        file.write('{"内容": \n')
    strict = run("in", "--out", "out", cwd=tmp_path)
    assert strict.returncode == 1
    assert "1 rows or files could not be read" in strict.stderr
    assert "in/a.jsonl:3" in strict.stderr
    assert (tmp_path / "out" / "candidates.parquet").exists()
    accepted = run("in", "--out", "out", "--no-strict", cwd=tmp_path)
    assert accepted.returncode == 0
    assert "in/a.jsonl:3" in accepted.stderr


def test_the_next_command_can_be_pasted(tmp_path, source):
    done = run("in", "--out", "my corpus", cwd=tmp_path)
    assert "Next: coig-writer annotate run 'my corpus' --out drafts.jsonl" in done.stdout


def test_json_is_all_that_is_printed(tmp_path, source):
    done = run("in", "--out", "out", "--json", "--allow-undated", cwd=tmp_path)
    summary = json.loads(done.stdout)
    assert (summary["read"], summary["kept"], summary["settings"]["allow_undated"]) == (2, 2, True)


def test_options_win_over_the_settings_file(tmp_path, source):
    (tmp_path / "s.toml").write_text(
        'published_after = 2025-01-01\npersonal_data = "flag"\n[map]\ntext = "x"\ntitle = "y"\n', encoding="utf-8"
    )
    options = ("--config", "s.toml", "--published-after", "2023-01-01", "--map", "text=内容")
    done = run("in", "--out", "out", *options, "--json", cwd=tmp_path)
    summary = json.loads(done.stdout)
    assert summary["kept"] == 2
    assert summary["settings"]["personal_data"] == "flag"
    assert summary["settings"]["columns"] == {"text": "内容", "title": "y"}


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["missing", "--out", "out"], 1, "no such file or folder"),
        (["empty", "--out", "out"], 1, "no texts found in this folder"),
        (["in", "--out", "in/a.jsonl/out"], 1, "cannot write"),
        (["in", "--out", "out", "--map", "内容"], 2, "does not map a column"),
        (["in", "--out", "out", "--map", "text=other"], 1, "nothing could be read"),
        (["in", "--out", "out", "--script", "both"], 2, "setting 'script'"),
        (["in", "--out", "out", "--language", "zh-CN"], 2, "setting 'language'"),
        (["in", "--out", "out", "--published-after", "soon"], 2, "setting 'published_after'"),
        (["in", "--out", "out", "--config", "none.toml"], 2, "cannot read"),
    ],
)
def test_bad_calls_are_answered_plainly(tmp_path, source, options, status, message):
    (tmp_path / "empty").mkdir()
    done = run(*options, cwd=tmp_path)
    assert done.returncode == status, done.stderr
    assert message in done.stderr
    assert "what to do" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
