"""Reading as a whole build sees it."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from corpus_texts import GOOD, OTHER, THIRD

from coig_writer.corpus.build import build, check_readable
from coig_writer.corpus.candidates import read_candidates
from coig_writer.errors import InputError


def record(text: str, **fields) -> str:
    return json.dumps({"text": text, "date": "2024-03-05", **fields}, ensure_ascii=False) + "\n"


@pytest.fixture
def texts(tmp_path) -> Path:
    folder = tmp_path / "machine" / "texts"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text(record(GOOD) + record(GOOD) + "oops\n", encoding="utf-8")
    (folder / "notes.xyz").touch()
    return folder


def said(out: Path) -> str:
    tables = [pq.read_table(out / name).to_pylist() for name in ("candidates.parquet", "rejected.parquet")]
    return str(tables) + (out / "summary.json").read_text(encoding="utf-8")


def test_the_outputs_tell_nothing_of_the_machine_and_the_error_all_of_it(tmp_path, texts):
    done = build([texts], tmp_path / "out")
    assert "machine" not in said(tmp_path / "out")
    assert [article.source for article in read_candidates(tmp_path / "out")] == ["texts/a.jsonl:1"]
    assert done.summary.passed_over == ["texts/notes.xyz"]
    with pytest.raises(InputError) as caught:
        check_readable(done)
    assert caught.value.where == f"{texts}/a.jsonl:3"
    (texts / "a.jsonl").write_text("oops\n", encoding="utf-8")
    with pytest.raises(InputError, match="nothing could be read") as caught:
        build([texts], tmp_path / "out")
    assert caught.value.where == f"{texts}/a.jsonl:1"


def test_the_same_texts_are_the_same_build_wherever_they_lie(tmp_path, texts, monkeypatch):
    build([texts], tmp_path / "out")
    before = said(tmp_path / "out")
    monkeypatch.chdir(texts)
    assert build(["."], tmp_path / "out").unchanged
    shutil.move(texts, tmp_path / "texts")
    again = build([tmp_path / "texts"], tmp_path / "out")
    assert again.unchanged
    with pytest.raises(InputError) as caught:
        check_readable(again)
    assert caught.value.where == f"{tmp_path}/texts/a.jsonl:3"
    (tmp_path / "texts" / "a.jsonl").rename(tmp_path / "texts" / "b.jsonl")
    assert not build([tmp_path / "texts"], tmp_path / "out").unchanged
    assert said(tmp_path / "out") != before


def test_a_build_does_not_eat_its_own_output(texts):
    out = texts / "out"
    first = build([texts], out)
    assert build([texts], out).unchanged
    second = build([texts], out, force=True)
    assert (second.summary.read, second.summary.kept) == (first.summary.read, first.summary.kept) == (3, 1)
    assert second.summary.passed_over == ["texts/notes.xyz", "texts/out/"]


def test_odd_files_do_not_stop_the_others(tmp_path, texts):
    page = "".join(f"<p>{line}</p>" for line in OTHER.splitlines() if line)
    for charset in ("utf-16", "hex"):
        html = f'<html><head><meta charset="{charset}"></head><body><article>{page}</article></body></html>'
        (texts / f"{charset}.html").write_text(html, encoding="utf-8")
    (texts / "mac.csv").write_bytes(f"text,date\r{THIRD.replace(chr(10), '')},2024-03-05\r".encode())
    (texts / "figures.jsonl").write_text(record(THIRD, likes=int("9" * 400)), encoding="utf-8")
    summary = build([texts], tmp_path / "out").summary
    assert (summary.read, summary.unreadable) == (7, {"broken-record": 1})
