"""A run writes one row a query and sample, keeps answers as they come, and is gone on with."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from coig_writer.errors import InputError, SettingError
from coig_writer.files import read_jsonl
from coig_writer.infer.prompting import Prompting
from coig_writer.infer.queries import Task
from coig_writer.infer.run import InferSettings, infer
from coig_writer.llm.registry import ModelSpec
from coig_writer.schema import Response
from support.faulty_server import FaultyServer
from support.kills import kill_repeatedly

pytestmark = pytest.mark.long

TASKS = [Task(f"q{number}", f"写第{number}个故事", "fiction_story", "zh") for number in range(12)]


def spec_of(server: FaultyServer, **more) -> ModelSpec:
    return ModelSpec(name="toy", base_url=server.base_url, model="toy", concurrency=4, timeout=5, **more)


def rows(out) -> list[Response]:
    return list(read_jsonl(out, Response))


def test_rows_stand_in_order_and_say_what_they_took(tmp_path):
    out = tmp_path / "pred.jsonl"
    with FaultyServer() as server:
        result = infer(TASKS, out=out, spec=spec_of(server, sampling={"temperature": 0.5}))
    made = rows(out)
    assert [row.id for row in made] == [task.id for task in TASKS]
    assert result.calls.rows == result.calls.calls == len(TASKS)
    first = made[0]
    assert (first.query, first.genre, first.language, first.model) == ("写第0个故事", "fiction_story", "zh", "toy")
    assert (first.mode, first.seed, first.sampling, first.finish_reason) == (
        "zero-shot",
        1,
        {"temperature": 0.5},
        "stop",
    )
    assert first.response and first.prompt_tokens and first.completion_tokens and first.seconds > 0
    assert 0 < first.first_token_seconds <= first.seconds
    assert len({row.prompt_hash for row in made}) == len(TASKS)
    assert result.mean_characters == sum(len(row.response) for row in made) / len(made)


def test_samples_have_seeds_of_their_own_and_rows_of_their_own(tmp_path):
    out = tmp_path / "pred.jsonl"
    with FaultyServer() as server:
        infer(TASKS[:2], out=out, spec=spec_of(server), settings=InferSettings(samples=3, sampling={"seed": 7}))
        sent = sorted(body["seed"] for body in server.requests)
    assert sent == [7, 7, 8, 8, 9, 9]
    assert [(row.id, row.sample, row.seed) for row in rows(out)] == [
        (task.id, sample, 7 + sample) for task in TASKS[:2] for sample in range(3)
    ]


def test_an_odd_answer_is_kept_and_flagged_and_not_asked_again(tmp_path):
    out = tmp_path / "pred.jsonl"
    odd = {"写第0个故事": "", "写第1个故事": "抱歉，我无法完成。", "写第2个故事": "走啊" * 60}
    with FaultyServer(answer=lambda body: odd.get(body["messages"][-1]["content"], "好故事")) as server:
        result = infer(TASKS, out=out, spec=spec_of(server))
        assert len(server.requests) == len(TASKS)
    assert result.flagged == {"empty": ["q0"], "refusal": ["q1"], "repetition": ["q2"]}
    assert [row.flags for row in rows(out)[:4]] == [["empty"], ["refusal"], ["repetition"], []]


@pytest.mark.parametrize("stream", [True, False])
def test_thinking_stands_apart_from_the_response(tmp_path, stream):
    out = tmp_path / "pred.jsonl"
    with FaultyServer(answer=lambda body: "<think>\n先想人物。\n</think>\n\n　　他来了。") as server:
        infer(
            TASKS[:1], out=out, spec=spec_of(server), settings=InferSettings(Prompting(plan_first=True), stream=stream)
        )
        assert "<think>" in server.requests[0]["messages"][-1]["content"]
    (row,) = rows(out)
    assert (row.mode, row.reasoning, row.response) == ("zero-shot+plan", "先想人物。", "　　他来了。")
    assert (row.first_token_seconds is not None) is stream


def test_a_failed_row_says_why_and_the_next_run_asks_only_for_it(tmp_path):
    out = tmp_path / "pred.jsonl"
    with FaultyServer(faults={"refusal": 0.3}, faulty_tries=1, seed=3) as server:
        first = infer(TASKS, out=out, spec=spec_of(server), settings=InferSettings(stream=False))
        failed = [row.id for row in rows(out) if row.error]
        assert 0 < len(failed) < len(TASKS)
        assert first.flagged["error"] == failed
        assert all(row.response is None and row.error.startswith("refusal:") for row in rows(out) if row.id in failed)
        before = len(server.requests)
        again = infer(TASKS, out=out, spec=spec_of(server), settings=InferSettings(stream=False))
        assert len(server.requests) - before == len(failed)
    assert again.flagged == {}
    assert not any(row.error for row in rows(out))


def test_only_errors_begins_nothing_new(tmp_path):
    out = tmp_path / "pred.jsonl"
    with FaultyServer() as server:
        with pytest.raises(InputError, match="no earlier run"):
            infer(TASKS, out=out, spec=spec_of(server), only_errors=True)
        infer(TASKS[:3], out=out, spec=spec_of(server))
        infer(TASKS, out=out, spec=spec_of(server), only_errors=True)
        assert len(server.requests) == 3
    assert [row.id for row in rows(out)] == ["q0", "q1", "q2"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (InferSettings(samples=2), r"samples: 1 → 2"),
        (InferSettings(sampling={"temperature": 1.5}), r"sampling.temperature: null → 1.5"),
        (InferSettings(Prompting(plan_first=True)), r"mode: \"zero-shot\" → \"zero-shot\+plan\""),
        (InferSettings(Prompting(system="你是诗人")), r"system: null → \"你是诗人\""),
    ],
)
def test_other_settings_are_refused_with_the_difference_unless_fresh(tmp_path, changed, says):
    out = tmp_path / "pred.jsonl"
    with FaultyServer() as server:
        infer(TASKS[:2], out=out, spec=spec_of(server))
        before = out.read_bytes()
        with pytest.raises(SettingError, match=says) as caught:
            infer(TASKS[:2], out=out, spec=spec_of(server), settings=changed)
        assert "--fresh" in caught.value.remedy
        assert out.read_bytes() == before
        with pytest.raises(SettingError, match='model: "toy" → "other"'):
            infer(TASKS[:2], out=out, spec=spec_of(server).model_copy(update={"model": "other"}))
        infer(TASKS[:2], out=out, spec=spec_of(server), settings=changed, fresh=True)
    assert out.read_bytes() != before


def test_queries_that_were_added_are_answered_and_the_others_reused(tmp_path):
    out = tmp_path / "pred.jsonl"
    with FaultyServer() as server:
        infer(TASKS[:5], out=out, spec=spec_of(server))
        result = infer(TASKS, out=out, spec=spec_of(server))
    assert (result.calls.calls, result.calls.reused) == (7, 5)


def test_twenty_kills_lose_no_answer_and_pay_for_none_twice(tmp_path):
    queries = tmp_path / "queries.jsonl"
    count = 360
    queries.write_text("\n".join(json.dumps({"id": f"q{n}", "query": f"写第{n}个"}) for n in range(count)))
    out = tmp_path / "pred.jsonl"
    with FaultyServer(delay=0.02) as server:
        command = [sys.executable, "infer/infer.py", "--model_name", f"{server.base_url}#toy", "--input", str(queries)]
        command += ["--output", str(out), "--mode", "zero-shot", "--batch_size", "6"]
        held = kill_repeatedly(lambda: subprocess.Popen(command), server, tmp_path / "pred.jsonl.tmp", in_flight=6)
    made = rows(out)
    assert [row.id for row in made] == [f"q{number}" for number in range(count)]
    assert all(row.response for row in made)
    assert len(held) == 20


def test_an_interrupt_keeps_what_was_answered(tmp_path):
    queries = tmp_path / "queries.jsonl"
    queries.write_text("\n".join(json.dumps({"id": f"q{n}", "query": f"写第{n}个"}) for n in range(60)))
    out = tmp_path / "pred.jsonl"
    with FaultyServer(delay=0.1) as server:
        command = [sys.executable, "-m", "coig_writer", "infer", "--model", f"{server.base_url}#toy"]
        command += ["--input", str(queries), "--out", str(out), "--concurrency", "4"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        while len(server.answered) < 5:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(2)
        _, said = process.communicate(timeout=30)
        assert process.returncode != 0
        assert "pred.jsonl.tmp" in said
        answered = len(server.answered)
        assert subprocess.run(command, check=False, capture_output=True).returncode == 0
        assert len(server.answered) == 60
    assert answered < 60
    assert len(rows(out)) == 60
