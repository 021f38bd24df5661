"""General data in every usual form is read whole, and what cannot be used says where and why."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.dataset.general import Example, read_general
from coig_writer.dataset.read import Reject
from coig_writer.errors import InputError

ALPACA = {"instruction": "写一句话", "input": "关于雨", "output": "雨停了。"}
SHAREGPT = {"conversations": [{"from": "human", "value": "写一句话\n关于雨"}, {"from": "gpt", "value": "雨停了。"}]}
MESSAGES = {"messages": [{"role": "user", "content": "写一句话\n关于雨"}, {"role": "assistant", "content": "雨停了。"}]}


def read(tmp_path, text, name="data.jsonl"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return list(read_general(path))


def test_three_forms_of_one_conversation_are_one_conversation(tmp_path):
    found = read(tmp_path, "\n".join(json.dumps(each, ensure_ascii=False) for each in (ALPACA, SHAREGPT, MESSAGES)))
    assert {each.messages for each in found} == {found[0].messages}
    assert len({each.id for each in found}) == 1
    assert [each.where for each in found] == [f"data.jsonl:{line}" for line in (1, 2, 3)]
    assert (found[0].asked, found[0].answered) == ("写一句话\n关于雨", "雨停了。")


def test_an_array_under_any_name_with_a_mark_in_front(tmp_path):
    assert len(read(tmp_path, "\ufeff" + json.dumps([ALPACA, SHAREGPT], indent=1))) == 2


def test_system_history_and_parts(tmp_path):
    parts = [{"type": "text", "text": "好"}]
    record = {"system": "你是编辑", "history": [["问", "答"]], "instruction": "再问", "input": "", "output": parts}
    found = read(tmp_path, json.dumps(record))[0]
    assert [(message.role, message.content) for message in found.messages] == [
        ("system", "你是编辑"),
        ("user", "问"),
        ("assistant", "答"),
        ("user", "再问"),
        ("assistant", "好"),
    ]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"instruction": "问", "output": ""}, "output is empty"),
        ({"instruction": "问"}, "output is not text"),
        ({"instruction": 3, "output": "答"}, "instruction is not text"),
        ({"text": "文"}, "neither Alpaca"),
        ([1], "not an object"),
        ({"messages": "问"}, "messages is not a list"),
        ({"messages": []}, "does not end with an answer"),
        ({"messages": [{"role": "user", "content": "问"}]}, "does not end with an answer"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "role 'tool'"),
        ({"messages": [7]}, "messages[0] is not an object"),
        ({"conversations": [{"from": "gpt", "value": "答"}]}, "do not take turns"),
        ({"instruction": "问", "output": "答", "history": [["只有问"]]}, "history[0] is not a pair"),
    ],
)
def test_what_cannot_be_used_says_why(tmp_path, record, reason):
    found = read(tmp_path, json.dumps(["garde-fou" if record is None else record, ALPACA]))
    rejects = [each for each in found if isinstance(each, Reject)]
    assert len(found) == 2
    assert reason in rejects[0].reason
    assert rejects[0].where == "data.jsonl:1, record 1"


def test_a_broken_line_does_not_hide_the_next(tmp_path):
    good = json.dumps(ALPACA, ensure_ascii=False)
    found = read(tmp_path, f'{good}\n{{"instruction": "问", "output\n{good}\n')
    assert [type(each) for each in found].count(Example) == 2
    assert [type(each) for each in found].count(Reject) == 1


def test_files_of_other_kinds_and_encodings_are_read(tmp_path):
    path = tmp_path / "gb.jsonl"
    path.write_bytes(json.dumps([ALPACA], ensure_ascii=False).encode("gb18030"))
    pq.write_table(pa.Table.from_pylist([ALPACA]), tmp_path / "a.parquet")
    for each in (path, tmp_path / "a.parquet"):
        [found] = read_general(each)
        assert found.answered == ALPACA["output"]
    with pytest.raises(InputError):
        list(read_general(tmp_path / "missing.jsonl"))


TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20).filter(str.strip)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4))
def test_every_character_comes_through(tmp_path_factory, pairs):
    turns = [
        {"role": role, "content": text}
        for pair in pairs
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    found = read(tmp_path_factory.mktemp("general"), json.dumps({"messages": turns}))
    assert [{"role": each.role, "content": each.content} for each in found[0].messages] == turns


def test_half_a_character_is_told_and_not_a_crash_later(tmp_path):
    whole, half = read(
        tmp_path, '{"instruction": "问", "output": "答"}\n{"instruction": "问", "output": "甲\\ud800乙"}\n'
    )
    assert isinstance(whole, Example)
    assert (half.where, half.reason) == ("data.jsonl:2", "half a character (a lone surrogate) in turn 2, at 2")
