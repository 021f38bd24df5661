"""A file is whole or absent; what is broken is named by file and line."""

from __future__ import annotations

import json
import os
import resource
import stat
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.errors import InputError, StorageError
from coig_writer.files import dumps, read_journal, read_jsonl, whole_file, write_json, write_jsonl, write_text
from coig_writer.schema import Article

LINE_BREAKERS = "\n\r\x0b\x0c\x1c\x85\u2028\u2029"
texts = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(LINE_BREAKERS)), min_size=1)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@given(st.lists(texts))
def test_records_come_back_as_they_went(tmp_path_factory, contents):
    path = tmp_path_factory.mktemp("rows") / "articles.jsonl"
    articles = [Article.from_text(text, author=text) for text in contents]
    assert write_jsonl(path, articles) == len(articles)
    assert list(read_jsonl(path, Article)) == articles


def test_chinese_stays_readable_and_missing_values_take_no_room():
    assert dumps(Article(id="1", text="雨")) == '{"id":"1","text":"雨","engagement":{}}'
    assert dumps({"名": None}) == '{"名":null}'


@pytest.mark.parametrize("record", [{"x": float("nan")}, {"x": [{"y": float("inf")}]}])
def test_nan_and_infinity_are_refused(record):
    with pytest.raises(ValueError, match="JSON compliant"):
        dumps(record)


def test_a_bom_and_empty_lines_are_forgiven(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id":"1","text":"a"}\r\n\r\n  \n{"id":"2","text":"b"}')
    assert [article.id for article in read_jsonl(path, Article)] == ["1", "2"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"id":"1"', "line: Invalid JSON"),
        (b'{"id":"1"}', "text: Field required"),
        (b'{"id":"1","text":"a","engagement":{"likes":-1}}', "engagement.likes"),
        (b"[1]", "Article"),
        ('{"id":"1","text":"雨"}'.encode("gb18030"), "Invalid JSON"),
        (b'{"id":"1","text":"\\ud800"}', "Invalid JSON"),
    ],
)
def test_a_broken_line_is_named(tmp_path, line, says):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id":"1","text":"a"}\n\n' + line + b"\n")
    with pytest.raises(InputError, match=says) as caught:
        list(read_jsonl(path, Article))
    assert caught.value.where == f"{path}:3"
    assert caught.value.remedy


def test_a_missing_file_and_a_folder_are_input_errors(tmp_path):
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(InputError) as caught:
            list(read_jsonl(path, Article))
        assert caught.value.where == str(path)


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "deep" / "a.jsonl"
    write_jsonl(path, [{"n": 1}])

    def rows():
        yield {"n": 2}
        raise RuntimeError("the source broke off")

    with pytest.raises(RuntimeError, match="broke off"):
        write_jsonl(path, rows())
    assert path.read_text() == '{"n":1}\n'
    assert names(path.parent) == ["a.jsonl"]


def test_two_writers_at_once_do_not_meet(tmp_path):
    path = tmp_path / "a.txt"
    with whole_file(path) as first, whole_file(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"
    assert names(tmp_path) == ["a.txt"]


def test_a_new_file_has_the_rights_that_the_umask_gives(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a.txt", "雨")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_json_is_indented_and_ends_with_a_newline(tmp_path):
    write_json(tmp_path / "a.json", {"题": [1]})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "题": [\n    1\n  ]\n}\n'


def test_a_file_where_a_folder_is_needed_is_told(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(StorageError) as caught:
        write_text(tmp_path / "taken" / "a.txt", "雨")
    assert caught.value.where == str(tmp_path / "taken" / "a.txt")
    assert "folder is needed" in caught.value.remedy


def test_a_folder_where_a_file_is_needed_is_told(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(StorageError, match="folder stands where a file"):
        write_text(tmp_path / "a.txt", "雨")
    assert names(tmp_path) == ["a.txt"]


def test_a_place_nobody_may_write_to_is_told():
    with pytest.raises(StorageError, match="cannot write"):
        write_text("/proc/self/a.txt", "雨")


def test_a_full_place_is_told_and_left_clean(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    write_text(tmp_path / "a.txt", "old")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(StorageError, match="cannot write: File too large"):
            write_text(tmp_path / "a.txt", "雨" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_an_error_about_another_file_is_not_called_a_storage_error(tmp_path):
    def rows():
        yield (tmp_path / "missing.txt").read_text()

    with pytest.raises(FileNotFoundError):
        write_jsonl(tmp_path / "a.jsonl", rows())
    with pytest.raises(ConnectionResetError), whole_file(tmp_path / "a.jsonl"):
        raise ConnectionResetError(104, "Connection reset by peer")
    assert names(tmp_path) == []


@given(st.lists(st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers())), st.data())
def test_a_journal_cut_anywhere_gives_its_whole_lines(tmp_path_factory, rows, data):
    path = tmp_path_factory.mktemp("journal") / "out.jsonl.tmp"
    lines = [dumps(row).encode() + b"\n" for row in rows]
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    found = list(read_journal(path))
    assert [row for row, _ in found] == rows[: len(found)]
    ends = list(accumulate(map(len, lines)))
    assert [end for _, end in found] == [end for end in ends if end <= cut]


def test_a_torn_last_line_is_forgiven_even_when_something_ended_it(tmp_path):
    path = tmp_path / "j"
    path.write_bytes(b'{"a":1}\n\x00\x00\x00\n')
    assert list(read_journal(path)) == [({"a": 1}, 8)]


def test_a_broken_line_inside_a_journal_is_not(tmp_path):
    path = tmp_path / "j"
    path.write_bytes(b'{"a":1}\n{"a":\n{"a":3}\n')
    with pytest.raises(InputError) as caught:
        list(read_journal(path))
    assert caught.value.where == f"{path}:2"


def test_what_is_written_is_plain_json(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [Article(id="1", text="一行\n两行")])
    assert json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8"))["text"] == "一行\n两行"
