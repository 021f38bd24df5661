"""Files that are broken, odd, or something else than their names say, each with what has to become of it."""

from __future__ import annotations

import datetime
import decimal
import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

PLAIN = {"prompt": "写一场雪", "thought": "先想雪从哪里来。", "output": "雪落了。"}
PUBLISHED = {
    "reverse_inspiration_prompt": "写一场雪",
    "reasoning_process": "先想雪从哪里来。",
    "article": "雪落了。\n\n又停了。",
    "metadata": {"genre": "散文随笔", "quality_score": 55, "creativity_score": 9},
}
EARLIER = {"id": 7, "query_type": "武侠小说", "query": "写雪", "thought": "想", "answer": "落", "score": "总分：50"}
OURS = {"id": "1", "prompt": "写", "reasoning": "想", "article": {"id": "1", "text": "落"}, "genre": "essay"}
ANSWER = "<think>\n想\n</think>\n\n落"
HEADER, ROW = ["prompt", "thought", "output"], ["写一场雪", "先想雪", "雪落了"]
HUGE = "9" * 5000


@dataclass(frozen=True)
class Case:
    """A file and what has to become of it."""

    name: str
    raw: bytes
    kept: int = 0
    rejected: int = 0
    refused: str | None = None
    """Part of the error, where the file as a whole is refused."""


CASES: list[Case] = []


def _add(name: str, raw: bytes | str, kept: int = 0, rejected: int = 0, refused: str | None = None) -> None:
    CASES.append(Case(name, raw if isinstance(raw, bytes) else raw.encode(), kept, rejected, refused))


def as_json(value: Any, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=False, **options)


def lines(*records: Any) -> str:
    return "".join((each if isinstance(each, str) else as_json(each)) + "\n" for each in records)


def workbook(*rows: list[Any], more: Callable[[openpyxl.Workbook], Any] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    if more:
        more(book)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def parquet(columns: Any, names: list[str] | None = None) -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=names) if names else pa.table(columns), made)
    return made.getvalue()


def _zip(**members: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for name, text in members.items():
            packed.writestr(name.replace("__", "/"), text)
    return made.getvalue()


def _with_size(raw: bytes, said: bytes) -> bytes:
    """A workbook whose sheet says that it is of another size."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as packed, zipfile.ZipFile(made, "w") as changed:
        for name in packed.namelist():
            part = packed.read(name)
            changed.writestr(name, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="%b"' % said, part))
    return made.getvalue()


def _chat(*turns: tuple[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


_GOOD = as_json(PLAIN)
_TWICE = '{"prompt": "甲", "prompt": "乙", "thought": "想", "output": "落"}'

_PRINTED = _TWICE.replace(", ", ",\n    ")
_OPEN = _GOOD.replace('。"}', "。}")

# A key, or a column, that stands twice.
_add("key-twice.jsonl", lines(_TWICE, PLAIN), 1, 1)
_add("key-twice.json", f"[{_TWICE}, {_GOOD}]", 1, 1)
_add("key-twice-printed.json", f"[\n  {_PRINTED},\n  {_GOOD}\n]", 1, 1)
_add("key-twice-spaced.jsonl", lines(_TWICE.replace('":', '" :'), PLAIN), 1, 1)
_add("key-twice-same-value.jsonl", lines(_TWICE.replace("甲", "乙")), 1)
_add("key-twice-inside.jsonl", lines(as_json(PUBLISHED).replace('"quality_score"', '"genre": "x", "genre"')), 0, 1)
_add("key-twice-ours.jsonl", lines(OURS, as_json(OURS).replace('"text"', '"text": "别的", "text"')), 1, 1)
_add("key-twice-in-cell.csv", 'messages\n"[{""role"": ""user"", ""role"": ""assistant""}]"\n', 0, 1)
_add("colon-in-text.jsonl", lines({**PLAIN, "prompt": ":写", "output": '": a" : b": '}), 1)
_add("column-twice.csv", "prompt,prompt,thought,output\n甲,写,想,落\n", refused="two columns are called 'prompt'")
_add(
    "column-twice.tsv", "prompt\tthought\toutput\tprompt \n甲\t写\t想\t落\n", refused="two columns are called 'prompt'"
)
_add("column-twice.xlsx", workbook(["prompt", *HEADER], ["甲", *ROW]), refused="two columns are called 'prompt'")
_add(
    "column-twice.parquet",
    parquet([pa.array(["甲"]), *(pa.array([cell]) for cell in ROW)], ["prompt", *HEADER]),
    refused="two columns are called 'prompt'",
)
_add("cells-without-a-name.csv", "prompt,thought,output,,\n写,想,落,,乙\n写,想,落,,\n", 1, 1)
_add("two-genres.csv", "prompt,thought,output,genre,metadata.genre\n写,想,落,essay,wuxia\n", 1)

# Numbers, nesting, characters.
_add("huge-id.jsonl", lines(f'{{"prompt":"写","thought":"想","output":"落","id":{HUGE}}}', PLAIN), 1, 1)
_add("huge-sum.jsonl", lines({**PLAIN, "quality_score": HUGE}, {**PLAIN, "quality_score": 1e308}), 2)
_add("infinite-sum.jsonl", '{"prompt":"写","thought":"想","output":"落","quality_score":1e999}\n', 1)
_add("huge-score.jsonl", lines({**EARLIER, "score": f"总分：{HUGE}"}, {**EARLIER, "score": f"总分：5/{HUGE}"}), 2)
_add("huge-length.jsonl", lines({**_chat(("user", "写"), ("assistant", ANSWER)), "reasoning_characters": HUGE}), 1)
_add("odd-length.jsonl", lines({**_chat(("user", "写"), ("assistant", ANSWER)), "reasoning_characters": "²"}), 1)
_add("nan.jsonl", '{"prompt":"写","thought":NaN,"output":"落"}\n' + lines({**PLAIN, "title": float("nan")}), 1, 1)
for _depth in (250, 990, 5000):
    _deep = "[" * _depth + "]" * _depth
    _add(f"deep-{_depth}.jsonl", lines(f'{{"article": {{"text": "x", "y": {_deep}}}}}', PLAIN), 1, 1)
    _add(f"deep-{_depth}.json", f'[\n{{"article": {{"text": "x", "y": {_deep}}}}},\n{_GOOD}]', 1, 1)
_add("surrogate-key.jsonl", '{"prompt":"写","thought":"想","output":"落","\\ud800":1}\n', 1)
_add("surrogate-score.jsonl", '{"prompt":"写","thought":"想","output":"落","score":"\\ud800"}\n', 1)
_add("surrogate-genre.jsonl", '{"prompt":"写","thought":"想","output":"落","genre":"\\ud800"}\n', 1)
_add("surrogate-title.jsonl", '{"prompt":"写","thought":"想","output":"落","title":"\\ud800"}\n', 1)
_add("surrogate-prompt.jsonl", '{"prompt":"\\ud800","thought":"想","output":"落"}\n' + lines(PLAIN), 1, 1)
_add(
    "surrogate-turn.jsonl",
    lines(PLAIN) + '{"messages":[{"role":"user","content":"\\udfff"},{"role":"gpt","content":"<think>x</think>y"}]}\n',
    1,
    1,
)
_add("steering.jsonl", lines({**PLAIN, "\x1b[31mred": 1, "[/bold]": 2}), 1)
_add("control.jsonl", '{"prompt":"写\x01","thought":"想\x0b","output":"落\x1b[0m"}\n', 1)
_add("nul.jsonl", '{"prompt":"写\0","thought":"想","output":"落"}\n', 1)
_add("bell-after.jsonl", lines(PLAIN, f"{_GOOD}\x07"), 1, 1)
_add("not-utf8.jsonl", b'{"prompt":"x","thought":"y","output":"\xff\xfe"}\n' + lines(PLAIN).encode(), 1, 1)
_add("line-in-gb18030.jsonl", lines(PLAIN, PLAIN).encode() + _GOOD.encode("gb18030"), 2, 1)
_add("utf16.jsonl", lines(PLAIN, EARLIER).encode("utf-16"), 2)
_add("utf16-cut.jsonl", lines(PLAIN, EARLIER).encode("utf-16")[:-3], 1, 1)
_add("utf16-bare.json", as_json([PLAIN, EARLIER]).encode("utf-16-le"), 2)
_add("utf16.csv", "prompt,thought,output\n写大雪,想,落\n".encode("utf-16-be"), 1)
_add("utf16-cut.csv", "prompt,thought,output\n写大雪,想,落\n写,想,落\n".encode("utf-16")[:-1], 1, 1)
_add("mark-twice.jsonl", "\ufeff\ufeff" + lines(PLAIN, PLAIN), 2)

# Line ends, emptiness, and another kind than the name says.
_add("crlf.jsonl", lines(PLAIN, EARLIER).replace("\n", "\r\n"), 2)
_add("cr.jsonl", lines(PLAIN, EARLIER).replace("\n", "\r"), 2)
_add("cr.csv", "prompt,thought,output\r写,想,落\r写,想,落\r", 2)
_add("mixed-ends.jsonl", f"{_GOOD}\r\n{_GOOD}\n\n \t\n{_GOOD}\r\n", 3)
_add("one-cr-inside.jsonl", f"{_GOOD}\n{_GOOD}\r{_GOOD}\n", 1, 1)
for _suffix in ("jsonl", "json", "csv", "xlsx", "parquet"):
    _add(f"empty.{_suffix}", "", refused="no records")
_add("white.jsonl", " \n\n \t\n", refused="no records")
_add("mark-alone.jsonl", "\ufeff", refused="no records")
_add("empty-array.json", "[]", refused="no records")
_add("header-alone.csv", "prompt,thought,output\n", refused="no records")
_add("array.jsonl", as_json([PLAIN, EARLIER]), 2)
_add("lines.json", lines(PLAIN, EARLIER), 2)
_add("printed.jsonl", as_json(PLAIN, indent=2) + "\n" + as_json(EARLIER, indent=2), 2)
_add("lines.parquet", lines(PLAIN), 1)
_add("lines.csv", lines(PLAIN), 1)
_add("printed.csv", as_json([PLAIN], indent=2), 1)
_add("table.json", "prompt,thought,output\n写,想,落\n", refused="not a file of records")
_add("picture.jsonl", b"\x89PNG\r\n\x1a\n" + bytes(100), refused="neither text nor a table")
_add("page.json", "<html><body>404</body></html>", refused="not a file of records")
_add("yaml.json", "- prompt: 写\n  thought: 想\n", refused="not a file of records")
_add("prose.jsonl", "这只是一段文字。", refused="not a file of records")
_add("comment.json", f"// words\n[{_GOOD}]", refused="not a file of records")

# Broken JSON.
_add("cut.jsonl", lines(PLAIN, EARLIER)[:-20], 1, 1)
_add("cut.json", as_json([PLAIN, PLAIN, PLAIN], indent=1)[:-30], 2, 1)
_add("two-on-a-line.jsonl", f"{_GOOD}{_GOOD}\n{_GOOD}\n", 1, 1)
_add("single-quotes.jsonl", lines(_GOOD.replace('"', "'"), PLAIN), 1, 1)
_add("comma-in-object.json", f"[{_GOOD[:-1]},}},{_GOOD},]", 1, 1)
_add("comma-missing.json", f"[{_GOOD} {_GOOD}]", 2)
_add("quote-missing.json", f"[\n{_OPEN},\n{_GOOD}\n]", 1, 1)
_add("brace-missing.jsonl", lines(_GOOD[:-1], PLAIN), 1, 1)
_add("scalars.json", f'[1, "a", null, true, {_GOOD}]', 1, 4)
_add("scalars.jsonl", lines(PLAIN, "1", '"a"', "null", "[]"), 1, 4)
_add("array-of-arrays.json", as_json([[PLAIN, EARLIER]]), 2)
_add("inside-data.json", as_json({"data": [PLAIN, EARLIER]}), refused="objects inside data")
_add("by-key.json", as_json({"1": PLAIN, "2": EARLIER}), refused="no prompt")

# Tables.
_add("quote-not-closed.csv", 'prompt,thought,output\n写,想,落\n"写,想,落\n写,想,落\n', 1, 1)
_add("quote-lost.csv", 'prompt,thought,output\n"写","想","落\n"写","想","落"\n"写","想","落"\n', 1, 1)
_add("quote-inside.csv", 'prompt,thought,output\n写"一"场,想,落\n写,"想"了,落\n写,想,落\n', 2, 1)
_add("quote-in-header.csv", '"prompt,thought,output\n写,想,落\n', refused="names of the columns")
_add("cells-missing.csv", "prompt,thought,output\n写,想\n写,想,落\n", 1, 1)
_add("cells-too-many.csv", "prompt,thought,output\n写,想,落,多\n写,想,落\n写,想,落,,\n", 2, 1)
_add("semicolons.csv", "prompt;thought;output\n写;想;落\n", 1)
_add("separator-told.csv", "sep=;\nprompt;thought;output\n写;想;落\n", 1)
_add("bars.csv", "prompt|thought|output\n写|想|落\n", refused="no prompt")
_add("no-header.csv", "写,想,落\n写,想,落\n", refused="no prompt")
_add("nul.csv", b"prompt,thought,output\na\0b,c,d\nx,y,z\n", refused="neither text nor a table")
_add("tabs.tsv", "prompt\tthought\toutput\n写\t想\t落\n", 1)
_add("no-zip.xlsx", b"PK\x03\x04 no", refused="not a workbook")
_add("zip.xlsx", _zip(a="hello"), refused="not a workbook")
_add("letter.xlsx", _zip(word__document="<w/>", **{"[Content_Types].xml": "<Types/>"}), refused="not a workbook")
_add("zip.jsonl", _zip(a=lines(PLAIN)), refused="not a workbook")
_add("no-rows.xlsx", workbook(), refused="no records")
_add("no-header.xlsx", workbook(ROW, ROW[::-1]), refused="no prompt")
_add("numbers.xlsx", workbook(HEADER, [1, 2.5, True], ROW), 1, 1)
_add("gaps.xlsx", workbook([], HEADER, [], ROW, [None, "", None], ["写", None, "落"], ROW), 2, 1)
_add("errors.xlsx", workbook(HEADER, ["#N/A", "=1+1", "落"], ROW), 1, 1)
_add("dates.xlsx", workbook([*HEADER, "date"], [*ROW, datetime.time(1, 2)], [*ROW, datetime.date(2023, 1, 2)]), 2)
_add("beside.xlsx", workbook(HEADER, [*ROW, "x"], ROW), 1, 1)
_add("says-small.xlsx", _with_size(workbook(HEADER, *[ROW] * 5), b"A1:B2"), 5)
_add("says-short.xlsx", _with_size(workbook(HEADER, *[ROW] * 5), b"A1:C3"), 5)
_add("sheets.xlsx", workbook(HEADER, ROW, more=lambda book: book.create_sheet("more").append(ROW)), 1, 1)
_add("empty-sheet.xlsx", workbook(HEADER, ROW, more=lambda book: book.create_sheet("more")), 1)
_add("magic.parquet", b"PAR1" + bytes(50), refused="not a Parquet file")
_add("cut.parquet", parquet({name: [cell] for name, cell in zip(HEADER, ROW, strict=True)})[:-10], refused="Parquet")
_add("bytes.parquet", parquet({"prompt": [b"x", b"y"], "thought": ["a", "b"], "output": ["b", "c"]}), refused="bytes")
_add(
    "decimals.parquet",
    parquet({**{name: ["a"] for name in HEADER}, "quality_score": [decimal.Decimal(55)]}),
    1,
)
_add("decimal-inside.parquet", parquet({"article": [{"id": "1", "n": decimal.Decimal("1.5")}]}), refused="required")
_add("bytes-inside.parquet", parquet({"article": [{"id": "1", "text": b"x\xff"}]}), refused="bytes")
_BAD = pa.Array.from_buffers(
    pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0\3\0\0\0"), pa.py_buffer(b"\xff\xfea")]
)
_add("not-utf8.parquet", parquet({"prompt": _BAD, "thought": ["a", "b"], "output": ["b", "c"]}), refused="damaged")

# Packed files.
_PACKED = {"gz": gzip.compress(lines(*[PLAIN] * 50).encode(), mtime=0)}
_PACKED["zst"] = zstandard.ZstdCompressor(write_checksum=True).compress(lines(*[PLAIN] * 50).encode())
for _kind, _raw in _PACKED.items():
    _add(f"whole.jsonl.{_kind}", _raw, 50)
    _add(f"twice.jsonl.{_kind}", _raw + _raw, 100)
    _add(f"cut.jsonl.{_kind}", _raw[:-12], refused="cannot read")
    _add(f"cut-late.jsonl.{_kind}", _raw[:-2], refused="cannot read")
    _add(f"damaged.jsonl.{_kind}", _raw[:22] + b"\0\xff\x10\xff" + _raw[26:], refused="cannot read")
    _add(f"not-packed.jsonl.{_kind}", lines(PLAIN), 1)
    _add(f"packed-{_kind}.jsonl", _raw, 50)

# Wrong types in fields, one record each.
for _at, _record in enumerate(
    [
        *({**PLAIN, "prompt": value} for value in (3, None, ["a"], {"a": 1}, True, "", " \n")),
        {**PLAIN, "thought": []},
        {**OURS, "more": 1},
        {**OURS, "article": {}},
        {**OURS, "article": {"id": "1", "text": ""}},
        {**OURS, "article": {"id": "1", "text": "落", "likes": 3}},
        {**OURS, "scores": [{"by": "nobody"}]},
        _chat(("user", "写"), ("assistant", "落")),
        _chat(("user", "写"), ("assistant", "<think>想")),
        _chat(("user", "写"), ("assistant", "想</think>落")),
        _chat(("user", "写"), ("assistant", "<think></think>落")),
        _chat(("assistant", ANSWER), ("user", "写")),
        _chat(("user", "写"), ("assistant", ANSWER), ("user", "再写"), ("assistant", ANSWER)),
        _chat(("tool", "写"), ("assistant", ANSWER)),
        _chat(("user", ""), ("assistant", ANSWER)),
        _chat(("user", None), ("assistant", ANSWER)),
        _chat(("user", ["写"]), ("assistant", ANSWER)),
        _chat(("user", [{"type": "image_url"}]), ("assistant", ANSWER)),
        _chat(("user", [{"type": "text", "text": None}]), ("assistant", ANSWER)),
        *({"messages": value} for value in ([], None, "x", {}, [1], [{"role": {}, "content": "x"}])),
        {"conversations": [{"from": "alien", "value": "写"}]},
        {"conversations": [{"from": "human"}, {"from": "gpt"}]},
        {"instruction": "写", "input": 3, "output": ANSWER},
        {"instruction": None, "output": ANSWER},
        {"instruction": "写", "output": None},
        {"instruction": "写", "output": ANSWER, "history": [["a", "b"]]},
        {"prompt": None, "completion": ANSWER},
        {"prompt": "写", "completion": 3},
        {"prompt": [], "completion": []},
        {"prompt": "写", "chosen": ANSWER, "rejected": ANSWER},
    ]
):
    _add(f"wrong-{_at}.jsonl", lines(PLAIN, _record), 1, 1)

LOSSES: dict[str, dict[str, Any]] = {
    "genre": {**PLAIN, "genre": ["x"]},
    "metadata": {**PLAIN, "metadata": "x"},
    "scores": {**PLAIN, "scores": "x"},
    "reviewed": {**PLAIN, "reviewed": "maybe"},
    "scored_by": {**PLAIN, "scored_by": "bob"},
    "score": {**PLAIN, "score": {"a": 1}},
    "quality_score": {**PLAIN, "quality_score": 61},
    "language": {**PLAIN, "language": 5},
    "published": {**PLAIN, "published": "someday"},
    "id": {**PLAIN, "id": {}},
    "messages.weight": {
        "messages": [{"role": "user", "content": "写"}, {"role": "gpt", "content": ANSWER, "weight": 1}]
    },
    "messages.reasoning_content": {
        "messages": [{"role": "user", "content": "写"}, {"role": "gpt", "content": ANSWER, "reasoning_content": ["x"]}]
    },
    "tools": {**_chat(("user", "写"), ("assistant", ANSWER)), "tools": [{"x": 1}]},
    "system": {**_chat(("user", "写"), ("assistant", ANSWER)), "system": "短些"},
    "likes": {**PLAIN, "likes": 3},
}
"""Field → a record that is kept without it."""
