import csv
import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from corpus_texts import GOOD, OTHER, POEM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coig_writer.corpus import read as reader
from coig_writer.corpus.inventory import take_inventory
from coig_writer.corpus.read import read_file
from coig_writer.corpus.reasons import REASONS
from coig_writer.corpus.rows import Row
from coig_writer.corpus.settings import CorpusSettings
from coig_writer.errors import InputError

RECORDS = [
    {"标题": "修表", "正文": GOOD, "作者": "陶", "发布时间": "2024-03-05", "点赞": "1.2万", "体裁": "散文"},
    {"标题": "石子", "正文": OTHER, "作者": "渡", "发布时间": "2024-04-01", "点赞": "35", "体裁": "散文"},
]
PACKINGS = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "gb18030")


def rows(path: Path, **settings) -> list[Row]:
    inventory = take_inventory([path])
    return [row for file in inventory.files for row in read_file(file, CorpusSettings(**settings))]


def as_csv(delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(RECORDS[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(RECORDS)
    return out.getvalue()


def as_lines(records=RECORDS) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


TABLES = {
    "a.jsonl": as_lines(),
    "a.json": json.dumps(RECORDS, ensure_ascii=False),
    "array named as lines.jsonl": json.dumps(RECORDS, ensure_ascii=False, indent=1),
    "pretty.json": "\n".join(json.dumps(record, ensure_ascii=False, indent=2) for record in RECORDS),
    "wrapped.json": json.dumps({"total": 2, "data": RECORDS}, ensure_ascii=False),
    "a.csv": as_csv(),
    "a.tsv": as_csv("\t"),
    "semicolons.csv": as_csv(";"),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", TABLES)
def test_tables_of_every_kind_encoding_and_packing(tmp_path, name, encoding, packing):
    path = tmp_path / (name + packing)
    path.write_bytes(PACKINGS[packing](TABLES[name].encode(encoding)))
    read = rows(path)
    assert [row.problem for row in read] == [None, None]
    assert [row.text.splitlines() for row in read] == [GOOD.splitlines(), OTHER.splitlines()]
    assert [(row.title, row.author, row.likes, row.genre) for row in read] == [
        ("修表", "陶", 12000, "散文"),
        ("石子", "渡", 35, "散文"),
    ]
    assert read[0].stamps[0].value == "2024-03-05"
    assert all(row.source.startswith(f"{path.name}:") for row in read)
    assert len({row.source for row in read}) == 2


@pytest.mark.parametrize("packing", PACKINGS)
def test_parquet(tmp_path, packing):
    held = io.BytesIO()
    stamps = pa.array([1_709_600_000_123_456_789, None], pa.timestamp("ns", "UTC"))
    pq.write_table(pa.table({"content": [GOOD, OTHER], "published_at": stamps}), held)
    path = tmp_path / f"a.parquet{packing}"
    path.write_bytes(PACKINGS[packing](held.getvalue()))
    read = rows(path)
    assert [row.text for row in read] == [GOOD, OTHER]
    assert [row.source for row in read] == [f"{path.name}:1", f"{path.name}:2"]
    assert read[0].stamps[0].value.startswith("2024-03-05")
    assert read[1].stamps == []


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", ["a.txt", "a.md", "named oddly"])
def test_plain_texts(tmp_path, name, encoding, packing):
    path = tmp_path / (name + packing)
    path.write_bytes(PACKINGS[packing](GOOD.encode(encoding)))
    (row,) = rows(path)
    assert (row.text, row.source, row.problem) == (GOOD, path.name, None)


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize(("encoding", "declared"), [("utf-8", "utf-8"), ("gb18030", "gb2312"), ("gb18030", "utf-8")])
def test_pages_in_the_encoding_they_have(tmp_path, encoding, declared, packing):
    body = "".join(f"<p>{line}</p>" for line in GOOD.splitlines() if line)
    head = f'<meta charset="{declared}"><title>修表 - 某站</title>'
    html = f"<!DOCTYPE html><html><head>{head}</head><body><article>{body}</article></body></html>"
    path = tmp_path / f"a.html{packing}"
    path.write_bytes(PACKINGS[packing](html.encode(encoding)))
    (row,) = rows(path)
    assert row.problem is None
    assert row.text.split() == GOOD.split()
    assert row.title == "修表"


def test_folders_are_read_in_the_order_of_names_and_what_holds_no_text_is_listed(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("b/2.txt", "a.txt", "c.jsonl", "README.md", "README.zh.md", ".hidden.txt", "d.jpg", "LICENSE.txt"):
        (tmp_path / name).write_text(as_lines() if name.endswith("jsonl") else GOOD, encoding="utf-8")
    inventory = take_inventory([tmp_path])
    assert [Path(file.path).name for file in inventory.files] == ["a.txt", "c.jsonl", "2.txt"]
    passed_over = [".hidden.txt", "LICENSE.txt", "README.md", "README.zh.md", "d.jpg"]
    assert inventory.passed_over == [f"{tmp_path.name}/{name}" for name in passed_over]
    assert len({file.digest for file in inventory.files}) == 2


def test_a_file_named_twice_is_read_once(tmp_path):
    (tmp_path / "a.txt").write_text(GOOD, encoding="utf-8")
    assert len(take_inventory([tmp_path, tmp_path / "a.txt"]).files) == 1


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: None])
def test_a_source_without_texts_or_existence_is_an_error(tmp_path, make):
    make(tmp_path / "x")
    with pytest.raises(InputError, match=r"no texts found|no such file"):
        take_inventory([tmp_path / "x"])


def test_a_broken_line_is_reported_with_its_place_and_the_rest_goes_on(tmp_path):
    path = tmp_path / "a.jsonl"
    good = as_lines(RECORDS[:1])
    path.write_text(f'{good}{{"正文": oops}}\n\n[1]\n{good}', encoding="utf-8")
    read = rows(path)
    assert [row.problem for row in read] == [None, "broken-record", "broken-record", None]
    assert read[1].source == "a.jsonl:2"
    assert read[1].text == '{"正文": oops}'
    assert "character 8" in read[1].detail
    assert (read[2].source, read[2].detail) == ("a.jsonl:4", "an object is expected, not list")
    assert read[3].source == "a.jsonl:5"


def test_a_broken_element_of_an_array_is_reported_and_the_rest_goes_on(tmp_path):
    path = tmp_path / "a.json"
    first, second = (json.dumps(record, ensure_ascii=False) for record in RECORDS)
    path.write_text(f'[\n{first},\n{{"正文": oops}},\n{second}\n]', encoding="utf-8")
    read = rows(path)
    assert [row.problem for row in read] == [None, "broken-record", None]
    assert read[1].source == "a.json:3#2"
    assert read[2].source == "a.json:4#3"


def test_what_published_data_sets_do_to_json_is_forgiven(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('\ufeff[{"text": "一行\n两行\t都在这里。", "likes": NaN},]', encoding="utf-8")
    (row,) = rows(path)
    assert (row.text, row.likes, row.problem) == ("一行\n两行\t都在这里。", None, None)


def test_a_lone_surrogate_does_not_stop_a_file(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "半个字\\ud83d在这里"}\n', encoding="utf-8")
    from coig_writer.corpus.raw import to_table
    from coig_writer.corpus.rows import key

    (row,) = rows(path)
    assert to_table([(key(0, 0), row)])["text"].to_pylist() == ["半个字\ufffd在这里"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.txt"])
def test_a_huge_line_is_refused_and_not_held(tmp_path, name):
    path = tmp_path / name
    huge = '{"text": "' + "字" * 2_000_000 + '"}'
    path.write_text({"a.json": f"[{huge}]", "a.csv": f'text\n"{huge}"\n'}.get(name, huge + "\n"), encoding="utf-8")
    (row,) = rows(path, max_record_bytes=1 << 20)
    assert row.problem in ("too-large", "broken-record")
    assert len(row.text or "") <= 2000
    assert f"{1 << 20:,}" in row.detail or "field larger" in row.detail


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.jsonl", b"", "empty-file"),
        ("a.csv", b" \n\n", "empty-file"),
        ("a.json", b"[]", "empty-file"),
        ("a.csv", b"text,title\n", "empty-file"),
        ("a.jsonl", b"\x7fELF" + bytes(100), "binary-file"),
        ("a.txt", bytes(range(256)) * 4, "binary-file"),
        ("a.parquet", b"PAR1 and no more", "unreadable-file"),
        ("a.jsonl.gz", b"this is no archive", "unreadable-file"),
        ("a.jsonl.gz", gzip.compress(as_lines().encode() * 50)[:-20], "unreadable-file"),
        ("a.jsonl.zst", b"this is no archive", "unreadable-file"),
        ("a.html", b"<html><body></body></html>", "no-text"),
        ("a.txt", "标题：只有标题\n".encode(), "no-text"),
        ("a.jsonl", b'{"text": "  "}\n', "no-text"),
        ("a.jsonl", b'{"text": 3}\n', "broken-record"),
        ("a.csv", b"name,note\nx,y\n", "no-text-column"),
        ("a.csv", "text,title\n一段话，没有引号,多,了\n".encode(), "broken-record"),
    ],
)
def test_what_cannot_be_read_becomes_a_row_that_says_why(tmp_path, name, content, problem):
    (tmp_path / name).write_bytes(content)
    last = rows(tmp_path / name)[-1]
    assert last.problem == problem
    assert last.detail
    assert last.source.startswith(name)


def test_a_damaged_archive_yields_the_rows_before_the_break(tmp_path):
    whole = gzip.compress(as_lines().encode() * 4000)
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    read = rows(tmp_path / "a.jsonl.gz")
    assert len(read) > 1000
    assert {row.problem for row in read[:-1]} == {None}
    assert read[-1].problem == "unreadable-file"


def test_a_second_encoding_in_a_file_is_noted(tmp_path):
    path = tmp_path / "a.jsonl"
    first, second = (json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in (GOOD, POEM))
    path.write_bytes(first.encode() * 3 + second.encode("gb18030"))
    read = rows(path)
    assert [row.notes for row in read] == [[], [], [], ["read as gb18030, its file is utf-8"]]
    assert read[3].text == POEM


def test_the_missing_text_column_names_the_columns_and_the_remedy(tmp_path):
    (tmp_path / "a.csv").write_text("甲,乙\n一,二\n", encoding="utf-8")
    (row,) = rows(tmp_path / "a.csv")
    assert row.detail == "no column is known to hold the text; columns seen: 甲, 乙; name it with --map text=COLUMN"


def test_a_mapping_wins_over_the_known_names(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": "摘要", "body2": GOOD, "ctime": 1709600000}) + "\n", encoding="utf-8")
    (row,) = rows(path, map={"text": "body2", "date": "ctime"})
    assert row.text == GOOD
    assert [(stamp.origin, stamp.value) for stamp in row.stamps] == [("column ctime", "1709600000")]


DAY = 24 * 3600 * 10**9
ODD_COLUMNS = {
    "nested nanoseconds": (
        [{"published_at": [19_000 * DAY + 1]}],
        pa.struct([("published_at", pa.list_(pa.timestamp("ns", "UTC")))]),
    ),
    "list of fixed length": ([[1]], pa.list_(pa.timestamp("ns"), 1)),
    "map": ([[("k", 1)]], pa.map_(pa.string(), pa.timestamp("ns"))),
    "duration": ([1], pa.duration("ns")),
    "time": ([1], pa.time64("ns")),
    "far day": ([2**31 - 1], pa.int32()),
}


@pytest.mark.parametrize("name", ODD_COLUMNS)
def test_no_type_of_a_parquet_column_stops_a_file(tmp_path, name):
    values, kind = ODD_COLUMNS[name]
    column = pa.array(values, kind)
    column = column.cast(pa.date32()) if name == "far day" else column
    pq.write_table(pa.table({"text": [GOOD], "metadata": column}), tmp_path / "a.parquet")
    (row,) = rows(tmp_path / "a.parquet")
    assert (row.text, row.problem) == (GOOD, None)
    if name == "nested nanoseconds":
        assert "2022-01-08" in row.stamps[0].value


@pytest.mark.parametrize(
    "charset", ["utf-16", "utf-16le", "UTF-32", "hex", "base64", "idna", "undefined", "zip", "none"]
)
def test_a_page_that_names_an_impossible_encoding_is_read(tmp_path, charset):
    body = "".join(f"<p>{line}</p>" for line in GOOD.splitlines() if line)
    html = f'<!DOCTYPE html><html><head><meta charset="{charset}"></head><body><article>{body}</article></body></html>'
    (tmp_path / "a.html").write_text(html, encoding="utf-8")
    (row,) = rows(tmp_path / "a.html")
    assert (row.problem, row.text.split()) == (None, GOOD.split())


def test_the_mark_of_a_page_wins_over_the_encoding_it_names(tmp_path):
    html = f'<!DOCTYPE html><html><head><meta charset="gbk"></head><body><article><p>{POEM}</p></article></body></html>'
    (tmp_path / "a.html").write_text(html, encoding="utf-8-sig")
    assert rows(tmp_path / "a.html")[0].text.split() == POEM.split()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
@pytest.mark.parametrize("kind", ["page", "json", "plain"])
def test_the_kind_of_a_file_without_ending_is_found_in_every_encoding(tmp_path, kind, encoding):
    body = "".join(f"<p>{line}</p>" for line in GOOD.splitlines() if line)
    content = {"page": f"<!DOCTYPE html><html><body><article>{body}</article></body></html>", "json": as_lines()}
    (tmp_path / "a").write_text(content.get(kind, GOOD), encoding=encoding)
    assert rows(tmp_path / "a")[0].text.split() == GOOD.split()


@pytest.mark.parametrize("error", [ValueError("odd"), OverflowError("odd"), RuntimeError("odd")])
def test_what_no_reader_expects_becomes_a_row_after_those_read_before(tmp_path, monkeypatch, error):
    path = tmp_path / "a.jsonl"
    path.write_text(as_lines(), encoding="utf-8")
    known = reader.row_from_record

    def break_off(record, *arguments):
        if record["标题"] == "石子":
            raise error
        return known(record, *arguments)

    monkeypatch.setattr(reader, "row_from_record", break_off)
    first, last = rows(path)
    assert (first.title, first.problem) == ("修表", None)
    assert (last.source, last.problem, last.detail) == ("a.jsonl", "unreadable-file", f"{type(error).__name__}: odd")


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_what_ends_the_whole_run_is_not_taken_for_a_bad_file(tmp_path, monkeypatch, error):
    def stop(*arguments):
        raise error

    (tmp_path / "a.jsonl").write_text(as_lines(), encoding="utf-8")
    monkeypatch.setattr(reader, "row_from_record", stop)
    with pytest.raises(error):
        rows(tmp_path / "a.jsonl")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
records = st.fixed_dictionaries({"text": st.text()})
lines = st.binary(max_size=60) | st.builds(
    lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), json_values | records
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines, max_size=8), st.sampled_from([".jsonl", ".json", ".csv", ".txt", ".html", ".parquet", ""]))
def test_nothing_that_a_file_holds_raises_and_every_file_yields_rows(tmp_path, content, suffix):
    path = tmp_path / f"random{suffix}"
    path.write_bytes(b"\n".join(content))
    read = rows(path)
    assert read
    for row in read:
        assert (row.problem in REASONS) if row.problem else row.text.strip()
