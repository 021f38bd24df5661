"""Any common file and shape can be read; what cannot is told with its place, and nothing is lost in silence."""

from __future__ import annotations

import gzip
import json
import random
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coig_writer.dataset import containers, load
from coig_writer.dataset.containers import parts_of, records_in, records_of
from coig_writer.dataset.formats import FORMATS
from coig_writer.dataset.read import Reject, iter_triplets
from coig_writer.dataset.score_text import read_scores
from coig_writer.dataset.tables import write_triplets
from coig_writer.errors import CoigError, InputError
from coig_writer.schema import Article, Triplet
from support.drafts import scores, triplet
from support.malformed import OURS

PUBLISHED = {
    "reverse_inspiration_prompt": "写一场雪",
    "reasoning_process": "先想雪从哪里来。",
    "article": "雪落了。\n\n又停了。",
    "metadata": {"genre": "散文随笔", "quality_score": 55, "creativity_score": 9},
}
EARLIER = {
    "id": 7,
    "query_type": "武侠小说",
    "query": "写一场雪",
    "thought": "先想雪从哪里来。",
    "answer": "雪落了。",
    "link": "https://example.cn/7",
    "score": "总分：50",
}
# Every character that a file can hold; XML knows neither U+FFFE nor U+FFFF, and so no workbook does.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\ufffe\uffff"), min_size=1, max_size=60).filter(
    str.strip
)


def read(path: Path) -> tuple[list[Triplet], list[Reject]]:
    found = list(iter_triplets(path))
    return [each for each in found if isinstance(each, Triplet)], [each for each in found if isinstance(each, Reject)]


def of(tmp_path: Path, *records: dict, name: str = "some.jsonl") -> tuple[list[Triplet], list[Reject]]:
    path = tmp_path / name
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return read(path)


def test_the_published_record(tmp_path):
    [found], [] = of(tmp_path, PUBLISHED)
    assert (found.prompt, found.reasoning, found.article.text) == (
        "写一场雪",
        "先想雪从哪里来。",
        "雪落了。\n\n又停了。",
    )
    assert found.genre == "essay"
    assert (found.stated_scores.total, found.stated_scores.creativity) == (55, 9)
    assert found.deciding_scores is None


def test_the_earlier_record(tmp_path):
    [found], [] = of(tmp_path, EARLIER)
    assert (found.id, found.genre, found.article.url) == ("7", "wuxia", "https://example.cn/7")
    assert found.stated_scores.total == 50


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "写", "thought": "想", "output": "雪"},
        {"query": "写", "reasoning": "想", "response": "雪"},
        {
            "messages": [
                {"role": "user", "content": "写"},
                {"role": "assistant", "content": "<think>\n想\n</think>\n\n雪"},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": "写"},
                {"role": "assistant", "reasoning_content": "想", "content": "雪"},
            ]
        },
        {"conversations": [{"from": "human", "value": "写"}, {"from": "gpt", "value": "<think>想</think>雪"}]},
        {"instruction": "写", "input": "", "output": "<think>\n想\n</think>\n雪"},
        {"prompt": "写", "completion": "<think>想</think>\n\n雪"},
        {
            "prompt": [{"role": "user", "content": "写"}],
            "completion": [{"role": "assistant", "content": "<think>\n想\n</think>\n\n雪"}],
        },
    ],
    ids="-".join,
)
def test_other_shapes(tmp_path, record):
    [found], [] = of(tmp_path, record)
    assert (found.prompt, found.reasoning, found.article.text) == ("写", "想", "雪")
    assert found.genre == "unknown"


def test_a_genre_can_be_given_for_records_that_name_none(tmp_path):
    (tmp_path / "a.json").write_text('[{"prompt": "写", "thought": "想", "output": "雪"}]')
    assert [each.genre for each in load(tmp_path / "a.json", genre="散文随笔")] == ["essay"]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff[" + json.dumps(PUBLISHED) + "]",
        "\ufeff" + json.dumps(PUBLISHED) + "\n",
        json.dumps([PUBLISHED], indent=2),
        json.dumps(PUBLISHED, indent=2),
        "[\n" + json.dumps(PUBLISHED) + ",\n]",
        json.dumps({**PUBLISHED, "title": float("nan")}),
        json.dumps(PUBLISHED, ensure_ascii=False).replace("雪从", "雪\x07从"),
        json.dumps(PUBLISHED).replace("\n", "\r\n") + "\r\n\r\n",
    ],
    ids=["array-with-mark", "mark", "printed-array", "printed", "array-by-lines", "nan", "bell", "crlf"],
)
def test_what_published_files_are_like(tmp_path, text):
    path = tmp_path / "some.jsonl"
    path.write_bytes(text.encode())
    [found], rejects = read(path)
    assert found.article.text == PUBLISHED["article"]
    assert not rejects


def test_gb18030_csv_and_a_packed_file(tmp_path):
    (tmp_path / "a.csv").write_bytes(
        "提示,思路,文章\n写一场大雪的清晨,先想雪从哪里来,雪落在了我的院子里\n".encode("gb18030")
    )
    assert read(tmp_path / "a.csv")[0][0].article.text == "雪落在了我的院子里"
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(json.dumps(PUBLISHED).encode()))
    assert len(read(tmp_path / "a.jsonl.gz")[0]) == 1


def test_a_workbook_that_people_made(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["query_type", "query", "thought", "answer", "date"])
    sheet.append(["散文随笔", "写", "想", "雪", __import__("datetime").datetime(2023, 1, 2)])
    sheet.append([None, None, None, None, None])
    sheet.append(["散文随笔", "写", None, "雪", None])
    book.save(tmp_path / "a.xlsx")
    [found], [reject] = read(tmp_path / "a.xlsx")
    assert found.article.published.isoformat() == "2023-01-02"
    assert (reject.where, reject.field, reject.whole) == ("a.xlsx:4", "reasoning", True)


@given(st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=4), st.sampled_from([*FORMATS]), st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_round_trips_keep_every_character(tmp_path, parts, form, data):
    suffix = data.draw(
        st.sampled_from([".jsonl", ".json"] if form == "triplet" else [".jsonl", ".json", ".parquet", ".csv", ".xlsx"])
    )
    made = [
        Triplet(id=str(number), prompt=prompt, reasoning=reasoning, article=Article.from_text(text), genre="essay")
        for number, (prompt, reasoning, text) in enumerate(parts)
    ]
    path = tmp_path / f"some{suffix}"
    write_triplets(path, made, form)
    found, rejects = read(path)
    assert not rejects
    assert [(each.prompt, each.reasoning, each.article.text, each.id, each.genre) for each in found] == [
        (each.prompt, each.reasoning, each.article.text, each.id, each.genre) for each in made
    ]


@pytest.mark.parametrize("form", [*FORMATS])
def test_reasoning_that_speaks_of_think_comes_back(tmp_path, form):
    tricky = Triplet(
        id="1", prompt="<think>", reasoning="一\n</think>\n\n二", article=Article.from_text("</think>三"), genre="essay"
    )
    write_triplets(tmp_path / "a.jsonl", [tricky], form)
    assert read(tmp_path / "a.jsonl")[0][0].reasoning == tricky.reasoning


@pytest.mark.parametrize("form", ["published", "messages", "plain", "alpaca", "triplet"])
def test_scores_and_provenance_come_back(tmp_path, form):
    made = triplet(scores=[scores(9, 8, 8, 8, 9, 10)])
    write_triplets(tmp_path / "a.jsonl", [made], form)
    [found], [] = read(tmp_path / "a.jsonl")
    assert found.scores[0].values == made.scores[0].values
    assert found.scores[0].by == made.scores[0].by
    assert found.provenance.drafted_by == made.provenance.drafted_by
    assert found.article.url == made.article.url


def test_the_earlier_score_text_comes_back(tmp_path):
    made = triplet(scores=[scores(9, 8, 8, 8, 9, 10)])
    write_triplets(tmp_path / "a.csv", [made], "earlier")
    [found], [] = read(tmp_path / "a.csv")
    assert found.scores[0].values == made.scores[0].values


@pytest.mark.parametrize(
    ("text", "total", "article"),
    [
        ("总分：55\n答案：18\n提示：18\n思路：19", 55, 18),
        ("total: 52\nanswer: 18分\nquery：17/20", 52, 18),
        ("总分：５５分", 55, None),
        ("55", 55, None),
        ("Total score = 51 points", 51, None),
        ("答案：\n质量：8分\n创意：9分", None, 17),
        ("合计 50/60; answer 16", 50, 16),
        ("得分：55", 55, None),
        ("總分：55", 55, None),
        ("Score：55/60", 55, None),
        ("总评分 55\n答案得分：18/20", 55, 18),
        ("score: 55/60 (answer 18, query 19, thought 18)", 55, 18),
        ('{"total": 55, "answer": 18}', 55, 18),
        ("1. 总分：55\n2. 答案：18\n3. 提示：19", 55, 18),
        ("总分(60)：55\n答案（20分）：18", 55, 18),
        ("总分：55\\n答案：18", 55, 18),
    ],
)
def test_spellings_of_the_score_text(text, total, article):
    found = read_scores(text)
    assert (found.stated.total, found.stated.article) == (total, article)
    assert not found.unread


def test_six_scores_in_a_text_and_their_sum():
    lines = ["article quality: 8/10", "article creativity: 8分", "prompt quality：9", "prompt creativity：9"]
    text = "\n".join([*lines, "思路质量：8", "思路创意：8"])
    assert read_scores(text).scores.total == 50
    assert read_scores(f"总分：49\n{text}").unread == ["the total says 49, the six scores add up to 50"]


@pytest.mark.parametrize("text", ["很好", "总分 51.5", "总分：99", "总分：80/100", "answer: 8/10"])
def test_a_score_that_is_not_understood_is_told_and_not_guessed(text):
    found = read_scores(text)
    assert found.unread
    assert found.stated is None


def _workbook(path, *rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_a_cell_that_no_column_names_is_told(tmp_path):
    whole = ["写一场雪", "先想雪。", "雪落了。"]
    path = _workbook(tmp_path / "a.xlsx", ["prompt", "thought", "output"], [*whole, "多出来的"], whole)
    found, [reject] = read(path)
    assert len(found) == 1
    assert reject.where == "a.xlsx:2"
    path = _workbook(tmp_path / "b.xlsx", ["prompt", None, "thought", "output"], ["写一场雪", "藏", "想", "落"])
    assert [each.where for each in read(path)[1]] == ["b.xlsx:2"]


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"])
@pytest.mark.parametrize("damage", ["cut", "garbage", "packing", "password"])
def test_a_workbook_that_is_broken_inside_is_refused_with_a_remedy(tmp_path, part, damage):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:  # as spreadsheet programs do, with its texts in a part of their own
        sheet = book.add_worksheet()
        for number, row in enumerate([["prompt", "thought", "output"], *[["写一场雪" * 50, "想", "落"]] * 40]):
            sheet.write_row(number, 0, row)
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    if damage == "cut":
        parts[part] = parts[part][: len(parts[part]) // 2]
    elif damage == "garbage":
        parts[part] = b"\x00\xff<" * 20
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
        start = packed.getinfo(part).header_offset
    raw = bytearray(path.read_bytes())
    if damage == "packing":  # the packed bytes behind the part's header
        at = start + 30 + len(part)
        raw[at : at + 8] = b"\xff" * 8
    elif damage == "password":  # the flag, in the part's header and in the list at the end
        raw[start + 6] |= 1
        raw[raw.index(part.encode(), raw.index(b"PK\x01\x02")) - 46 + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.where and caught.value.remedy


def test_a_workbook_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(containers, "LARGEST_WORKBOOK", 1000)
    with pytest.raises(InputError, match="unpacked"):
        read(_workbook(tmp_path / "a.xlsx", ["prompt", "thought", "output"], ["写", "想", "落"]))


def test_a_lost_field_is_told_and_the_rest_stays(tmp_path):
    record = {**EARLIER, "date": "some day " * 100, "likes": 3, "score": "好"}
    [found], rejects = of(tmp_path, record, record | {"id": 8}, name="a.jsonl")[0][:1], of(tmp_path, record)[1]
    assert found.article.published is None
    assert {(each.where, each.field) for each in rejects} == {
        ("some.jsonl:1", "score"),
        ("some.jsonl:1", "likes"),
        ("some.jsonl:1", "published"),
    }
    assert not any(each.whole for each in rejects)
    assert any("Input should be a valid date" in each.reason for each in rejects)


def test_a_column_without_a_place_is_told_once(tmp_path):
    found, rejects = of(tmp_path, *[{**PUBLISHED, "likes": number} for number in (1, 2, 3)])
    assert (len(found), [(each.where, each.field) for each in rejects]) == (3, [("some.jsonl:1", "likes")])


def _broken() -> list[bytes]:
    """Hand-made and cut, swapped and spoilt ones: two hundred inputs that are wrong in some way."""
    whole = [json.dumps(PUBLISHED).encode(), json.dumps(EARLIER, ensure_ascii=False).encode()]
    made = [
        b"",
        b"\n\n",
        b"null",
        b"{}",
        b"[]",
        b"[[]]",
        b"[1, 2]",
        b'"text"',
        b"{",
        b"[{",
        b'{"article": {}}',
        b'{"article": {"text": ""}}',
        b'{"messages": {}}',
        b'{"messages": [{"role": "tool", "content": "x"}]}',
        b'{"messages": [{"role": "assistant", "content": "x"}]}',
        b'{"conversations": [{"from": "human"}]}',
        b'{"instruction": 3, "output": 4}',
        b'{"prompt": [], "completion": []}',
        b'{"prompt": "\\ud800", "thought": "x", "output": "y"}',
        b'{"prompt": "x", "thought": "x", "output": "\\udfff"}',
        b'{"prompt": "x", "thought": NaN, "output": "y"}',
        b'{"prompt": "x", "thought": "y", "output": "\xff\xfe"}',
        b'{"a": ' * 5000 + b"1" + b"}" * 5000,
        b"PAR1 this is no Parquet file PAR1",
        b"PK\x03\x04 this is no workbook",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        "这只是一段文字。".encode(),
        b'prompt,thought,output\n"x,y,z\n',
        b"prompt,thought,output\na,b,c,d\n",
        b"a,b\n1,2\n",
    ]
    draw = random.Random(7)
    while len(made) < 200:
        raw = bytearray(draw.choice(whole) + b"\n" + draw.choice(whole))
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(raw))
            match draw.randrange(4):
                case 0:
                    del raw[at:]
                case 1:
                    raw[at] = draw.randrange(256)
                case 2:
                    raw[at:at] = draw.choice([b"{", b"}", b'"', b"\n", b",", b"\x00", b"[", b"\\"])
                case 3:
                    del raw[at : at + draw.randint(1, 30)]
            raw = raw or bytearray(b"{")
        made.append(bytes(raw))
    return made


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv"])
def test_two_hundred_broken_inputs_are_read_or_refused_with_their_place(tmp_path, suffix):
    path = tmp_path / f"broken{suffix}"
    for raw in _broken():
        path.write_bytes(raw)
        try:
            found = list(iter_triplets(path))
        except InputError as error:
            assert error.where and error.remedy
            continue
        if not found:
            text = raw.decode("utf-8", "replace").strip()
            assert text in ("", "[]", "[[]]") or suffix == ".csv", raw[:200]
        for each in found:
            if isinstance(each, Reject):
                assert each.where.startswith(path.name + ":") and each.reason


@given(st.binary(max_size=300), st.sampled_from([".jsonl", ".json", ".csv", ".parquet", ".xlsx", ".gz"]))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_bytes_make_a_traceback(tmp_path, raw, suffix):
    path = tmp_path / f"any{suffix}"
    path.write_bytes(raw)
    try:
        list(iter_triplets(path))
    except CoigError as error:
        assert error.remedy


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "prompt",
                "thought",
                "output",
                "article",
                "messages",
                "metadata",
                "score",
                "scores",
                "id",
                "genre",
                "date",
                "completion",
                "instruction",
                "reviewed",
            ]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers(-5, 99) | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["role", "content", "text", "genre"]), inner, max_size=3)
            ),
            max_leaves=6,
        ),
    )
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_record_makes_a_traceback(tmp_path, record):
    path = tmp_path / "any.jsonl"
    path.write_text(json.dumps(record) + "\n")
    found = list(iter_triplets(path))
    assert found


LINES = [b'{"a": 1}', b"{}", b"", b"{broken", b'{"b": "\xe9\x9b\xaa"},', b"  {}  "]


@given(st.lists(st.sampled_from(LINES), max_size=12), st.integers(1, 40))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_file_read_in_parts_is_the_file_read_whole(tmp_path, lines, size):
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"\n".join([b'{"first": 0}', *lines]))
    parts = [found for part in parts_of(path, size) for found in records_in(part)]
    assert parts == list(records_of(path))


@pytest.mark.parametrize(
    ("text", "total", "article"),
    [
        ("总分：55分（满分60分）", 55, None),
        ("总分：55 (满分60)", 55, None),
        ("总分：55 答案：18 提示：19 思路：18", 55, 18),
        ("总分：55，答案 answer：18/20（质量 9，创意 9），提示：19，思路：18", 55, 18),
    ],
)
def test_full_marks_are_no_score_and_a_line_may_hold_several(text, total, article):
    found = read_scores(text)
    assert found.unread == []
    assert found.stated is not None
    assert (found.stated.total, found.stated.article) == (total, article)


@pytest.mark.parametrize("text", ["总分：55 答案：18 17", "总分：55\n答案：18\n答案：16"])
def test_two_numbers_for_one_thing_are_told(text):
    found = read_scores(text)
    assert found.stated.total == 55
    assert found.unread


@pytest.mark.parametrize("said", ["zh-CN", "zh_Hans", "ZH", "Chinese", "中文"])
@pytest.mark.parametrize("record", [PUBLISHED, OURS])
def test_a_language_however_it_is_spelt_becomes_its_code(tmp_path, said, record):
    told = {**record, "article": {**OURS["article"], "language": said}} if record is OURS else {**record, "lang": said}
    [found], [] = of(tmp_path, told)
    assert found.article.language == "zh"


def test_genres_of_records_of_ours_become_slugs_too(tmp_path):
    [found, other], [] = of(tmp_path, {**OURS, "genre": "散文随笔"}, OURS)
    assert (found.genre, other.genre) == ("essay", "essay")


@pytest.mark.parametrize("text", ["总分：-5", "query创意: 9分"])
def test_what_says_too_little_or_nonsense_is_told(text):
    found = read_scores(text)
    assert found.stated is None
    assert found.unread
