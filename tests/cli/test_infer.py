"""`coig-writer infer` from a shell."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from support.faulty_server import FaultyServer


def run(*words: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "coig_writer", "infer", *words], capture_output=True, text=True, check=False, **options
    )


def test_several_models_get_a_file_and_a_line_each(tmp_path):
    with FaultyServer() as one, FaultyServer() as two:
        names = [f"{one.base_url}#甲", f"{two.base_url}#乙"]
        done = run("-m", names[0], "-m", names[1], "-i", "benchmark:en", "--limit", "3", "-o", str(tmp_path), "--json")
        assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [result[name]["calls"]["rows"] for name in names] == [3, 3]
    assert sorted(path.name for path in tmp_path.glob("?.jsonl")) == ["乙.jsonl", "甲.jsonl"]
    shown = run("show", *map(str, tmp_path.glob("?.jsonl")), "--out", str(tmp_path / "a.html"))
    assert "6 answers" in shown.stdout
    assert "甲" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_the_published_command_line(tmp_path):
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"query_type": "散文", "query": "写雨"}\n', encoding="utf-8")
    with FaultyServer() as server:
        command = [sys.executable, "infer/infer.py", "--model_name", f"{server.base_url}#toy", "--input", str(queries)]
        command += ["--output", str(tmp_path / "results/pred.jsonl"), "--mode", "five-shot", "--batch_size", "32"]
        assert subprocess.run(command, check=False).returncode == 0
        (body,) = server.requests
    assert len(body["messages"]) == 11
    row = json.loads((tmp_path / "results/pred.jsonl").read_text(encoding="utf-8"))
    assert (row["query"], row["genre"], row["mode"]) == ("写雨", "essay", "five-shot")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "--model and --out are needed"),
        (("-m", "embedded", "-o", "a.jsonl", "--mode", "ten-shot"), "'ten-shot' is none of zero-shot, five-shot"),
        (("-m", "embedded", "-o", "a.txt"), "not a .jsonl file"),
        (("-m", "a", "-m", "b", "-o", "a.jsonl"), "several models need a folder"),
        (("-m", "a", "-m", "a", "-o", "a"), "named twice"),
        (("-m", "embedded", "-i", "nowhere.csv", "-o", "a.jsonl"), "cannot read"),
        (("-m", "nobody", "-o", "a.jsonl"), "unknown model 'nobody'"),
    ],
)
def test_wrong_words_get_an_answer_that_helps(tmp_path, words, says):
    done = run(*words, cwd=tmp_path)
    assert done.returncode != 0
    assert says in done.stderr
    assert "what to do:" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_rows_without_an_answer_make_the_command_fail_and_say_how_to_go_on(tmp_path):
    with FaultyServer(faults={"refusal": 0.3}, faulty_tries=1, seed=3) as server:
        words = ["-m", f"{server.base_url}#toy", "-i", "benchmark:en", "--limit", "12", "-o", str(tmp_path / "p.jsonl")]
        words.append("--no-stream")
        failed = run(*words)
        assert failed.returncode != 0
        assert "have no answer" in failed.stderr
        assert run(*words).returncode == 0
