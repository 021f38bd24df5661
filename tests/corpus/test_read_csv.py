import csv
import io
import time

import pytest
from corpus_texts import OTHER
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coig_writer.corpus.inventory import take_inventory
from coig_writer.corpus.read import read_file
from coig_writer.corpus.rows import Row
from coig_writer.corpus.settings import CorpusSettings


def rows(path, content: str | bytes, **changed) -> list[Row]:
    path = path / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (file,) = take_inventory([path]).files
    return list(read_file(file, CorpusSettings(**changed)))


def good(row: Row) -> bool:
    return row.problem is None


def test_a_quote_left_open_costs_its_own_line(tmp_path):
    read = rows(tmp_path, 'title,text\n甲,一段。\n乙,"没有关上。\n丙,"又一段，\n两行。"\n丁,末段。\n')
    assert [(row.source, row.title, row.text) for row in read if good(row)] == [
        ("a.csv:2", "甲", "一段。"),
        ("a.csv:4", "丙", "又一段，\n两行。"),
        ("a.csv:6", "丁", "末段。"),
    ]
    (broken,) = [row for row in read if not good(row)]
    assert (broken.source, broken.problem, broken.text) == ("a.csv:3", "broken-record", '乙,"没有关上。\n')
    assert "lines 3–4" in broken.detail


def test_a_quote_left_open_to_the_end_says_how_far_it_was_looked_for(tmp_path):
    read = rows(tmp_path, 'title,text\n甲,"没有关上。\n' + "乙,一段。\n" * 50)
    assert (read[0].problem, read[0].source) == ("broken-record", "a.csv:2")
    assert "a quote opened in line 2 is not closed (lines 2–52); close it or double it" in read[0].detail
    assert [row.source for row in read[1:]] == [f"a.csv:{line}" for line in range(3, 53)]
    assert all(map(good, read[1:]))


def test_the_inside_of_a_broken_record_is_no_record(tmp_path):
    read = rows(tmp_path, 'text,title\n"第一段。\n第二段说"好"。\n第三段，\n末段。",乙\n末篇。,丙\n')
    assert [(row.text, row.title) for row in read if good(row)] == [("末篇。", "丙")]
    assert [row.source for row in read if not good(row)] == [f"a.csv:{line}" for line in (2, 3, 4, 5)]
    assert "after the broken one in line 2" in read[1].detail


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_lines_may_end_as_on_any_system(tmp_path, end):
    read = rows(tmp_path, end.join(["title,text", '甲,"{}"'.format(OTHER.replace("\n", end)), "乙,末段。", ""]))
    assert [(row.title, row.problem) for row in read] == [("甲", None), ("乙", None)]


def test_columns_that_cannot_be_read_are_reported(tmp_path):
    for columns in ("title,te\rxt", '"title,text'):
        read = rows(tmp_path, f"{columns}\n甲,一段。\n乙,末段。\n")
        assert [(row.source, row.problem) for row in read] == [(f"a.csv:{n}", "broken-record") for n in (1, 2, 3)]
        assert all("line 1 is not valid CSV" in row.detail for row in read)
        assert read[2].text == "乙,末段。\n", "what stands below is kept in the rejects"
    (row,) = rows(tmp_path, "title," + "x" * 5000 + "\n甲,一段。\n", max_record_bytes=1024)
    assert (row.source, row.problem) == ("a.csv:1", "too-large")


def test_many_open_quotes_do_not_take_long(tmp_path):
    started = time.process_time()
    read = rows(tmp_path, "text,title\n" + 'a","b\n' * 20_000, max_record_bytes=4096)
    assert time.process_time() - started < 10
    assert not any(map(good, read))
    assert {row.source for row in read} == {f"a.csv:{line}" for line in range(2, 20_002)}


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n\t"), max_size=12)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(cells, cells), max_size=8), st.integers(0, 8))
def test_valid_records_come_back_and_a_broken_one_before_them_costs_none_of_one_line(tmp_path, records, place):
    records = [(f"甲{title}", f"乙{text}") for title, text in records]
    held = io.StringIO()
    csv.writer(held, lineterminator="\n").writerows([("title", "text"), *records])
    read = rows(tmp_path, held.getvalue())
    assert [(row.title, row.text) for row in read if good(row)] == [
        (" ".join(title.split()), text) for title, text in records
    ]
    lines = [f"甲{n},乙{n}\n" for n in range(8)]
    read = rows(tmp_path, "title,text\n" + "".join([*lines[:place], '丙,"没有关上\n', *lines[place:]]))
    assert [row.title for row in read if good(row)] == [f"甲{n}" for n in range(8)]
    assert [row.source for row in read if not good(row)] == [f"a.csv:{place + 2}"]


def test_the_limit_of_a_record_counts_all_its_lines(tmp_path):
    read = rows(tmp_path, 'title,text\n甲,"' + "一行\n" * 2000 + '"\n乙,末段。\n', max_record_bytes=2048)
    assert (read[0].source, read[0].problem) == ("a.csv:2", "broken-record")
    assert [row.title for row in read if good(row)] == ["乙"]
