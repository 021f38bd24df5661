"""Queries are read from whatever people have them in, whole or not at all."""

from __future__ import annotations

import json

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.errors import InputError, SettingError
from coig_writer.infer.queries import Task, read_tasks
from coig_writer.packaged import load_benchmark, load_starter

ROWS = [
    {"id": "a", "prompt": "写一副春联", "genre": "对联"},
    {"id": "b", "prompt": "Write a haiku about rain.", "genre": "?"},
]
TASKS = [Task("a", "写一副春联", "couplet", "zh"), Task("b", "Write a haiku about rain.", None, "en")]


def written(tmp_path, name: str, rows: list[dict]) -> str:
    path = tmp_path / name
    match path.suffix:
        case ".jsonl":
            path.write_text(
                "\ufeff" + "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8"
            )
        case ".json":
            path.write_text(json.dumps(rows, ensure_ascii=False), encoding="gb18030")
        case ".csv":
            lines = [",".join(rows[0]), *(",".join(f'"{value}"' for value in row.values()) for row in rows)]
            path.write_text("\r\n".join(lines), encoding="utf-8-sig")
        case ".xlsx":
            book = openpyxl.Workbook()
            for line in (list(rows[0]), *(list(row.values()) for row in rows)):
                book.active.append(line)
            book.save(path)
    return str(path)


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.xlsx", "array-named.jsonl"])
def test_every_kind_of_file_gives_the_same_queries(tmp_path, name):
    path = written(tmp_path, name, ROWS)
    if name.startswith("array"):
        path = written(tmp_path, "b.json", ROWS)
        (tmp_path / name).write_bytes((tmp_path / "b.json").read_bytes())
        path = str(tmp_path / name)
    assert read_tasks(path) == TASKS


@pytest.mark.parametrize("field", ["query", "prompt", "reverse_inspiration_prompt", "instruction"])
def test_published_and_earlier_records_and_triplets_give_their_prompt(tmp_path, field):
    row = {"query_type": "散文", field: "写一篇散文", "thought": "想", "answer": "文", "score": "总分：60"}
    (task,) = read_tasks(written(tmp_path, "a.jsonl", [row]))
    assert (task.query, task.genre, task.language) == ("写一篇散文", "essay", "zh")
    assert task.id == read_tasks(written(tmp_path, "b.jsonl", [row]))[0].id, "an id of its own comes from the text"


def test_packaged_sets_go_by_their_names():
    assert [task.id for task in read_tasks("benchmark:zh")] == [query.id for query in load_benchmark("zh")]
    assert [task.query for task in read_tasks("starter")] == [triplet.prompt for triplet in load_starter()]
    with pytest.raises(SettingError, match="benchmark:fr"):
        read_tasks("benchmark:fr")


def test_another_field_can_be_named(tmp_path):
    path = written(tmp_path, "a.csv", [{"编号": "1", "题目": "写雨"}])
    assert [task.query for task in read_tasks(path, field="题目")] == ["写雨"]
    with pytest.raises(InputError, match="line 2: no field with a query") as caught:
        read_tasks(path)
    assert "--field" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b'{"query": "x"}\n{"query": ', "not JSON"),
        ("a.json", b'[{"query": "x"},]', "not JSON"),
        ("a.jsonl", b"\n \n", "no queries"),
        ("a.jsonl", b'{"id": 1, "query": "x"}\n{"id": "1", "query": "y"}', "more than once"),
        ("a.jsonl", b'"x"\n', "not a record"),
        ("a.jsonl", b'{"query": "  "}', "no field with a query"),
        ("a.xlsx", b"PK\x03\x04nothing", "not a workbook"),
        ("a.jsonl", b"\x89PNG\r\n", "not a text file"),
    ],
)
def test_a_broken_file_is_refused_as_a_whole_with_a_remedy(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        read_tasks(str(tmp_path / name))
    assert str(tmp_path / name) in caught.value.where
    assert caught.value.remedy


def test_a_missing_file_is_named():
    with pytest.raises(InputError, match="cannot read") as caught:
        read_tasks("nowhere.jsonl")
    assert caught.value.where == "nowhere.jsonl"


@given(st.binary(max_size=200), st.sampled_from([".jsonl", ".json", ".csv", ".xlsx", ".tsv"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content, suffix):
    path = tmp_path_factory.mktemp("any") / f"a{suffix}"
    path.write_bytes(content)
    try:
        assert all(task.query.strip() for task in read_tasks(str(path)))
    except InputError as error:
        assert error.where and error.remedy
