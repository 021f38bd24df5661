import errno
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from coig_writer.errors import InputError, Interrupted, ModelError, StorageError
from coig_writer.files import storage_errors
from coig_writer.llm.answers import AnswerError
from coig_writer.llm.batch import Patience, run_map
from coig_writer.llm.registry import ModelSpec
from support.faulty_server import HARMLESS, TRANSIENT, FaultyServer, completion, default_answer

QUICK = Patience(first_wait=0.01, longest_wait=0.05)


class Score(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str
    quality: int = Field(ge=1, le=10)


def spec(server: FaultyServer, **more) -> ModelSpec:
    return ModelSpec(name="toy", base_url=server.base_url, **{"model": "toy", "timeout": 5, "concurrency": 8, **more})


async def score_then_draft(record: dict, ask) -> dict:
    """A chain of two questions, the second built on the first."""
    prefix = [{"role": "system", "content": "你是编辑。"}, {"role": "user", "content": record["text"]}]
    score = await ask("score", [*prefix, {"role": "user", "content": "打分"}], answer=Score)
    draft = await ask("draft", [*prefix, {"role": "user", "content": f"{score.value.quality} 分，写提示"}])
    return {"id": record["id"], "quality": score.value.quality, "draft": draft.value}


def failed(record: dict, error) -> dict:
    return {"id": record["id"], "error": error.kind, "step": error.step, "message": error.message}


def records(count: int) -> list[dict]:
    return [{"id": f"r{number}", "text": f"第 {number} 篇"} for number in range(count)]


def go(server: FaultyServer, out: Path, count: int = 6, work=score_then_draft, model: dict | None = None, **more):
    settings = {"record_id": lambda record: record["id"], "on_failure": failed, "patience": QUICK, **more}
    return run_map(records(count), work, out=out, spec=spec(server, **(model or {})), **settings)


def rows(out: Path) -> list[dict]:
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_rows_come_in_the_order_of_the_records_and_everything_is_counted(tmp_path):
    with FaultyServer() as server:
        summary = go(server, tmp_path / "out.jsonl", 20, model={"price_prompt": 1, "price_completion": 2})
    made = rows(tmp_path / "out.jsonl")
    assert [row["id"] for row in made] == [f"r{number}" for number in range(20)]
    assert all(1 <= row["quality"] <= 10 and row["draft"] for row in made)
    assert (summary.rows, summary.failed, summary.calls, summary.reused) == (20, 0, 40, 0)
    sizes = [[len(message["content"]) for message in body["messages"]] for body in server.requests]
    assert summary.prompt_tokens == sum(map(sum, sizes))
    assert summary.cached_tokens == sum(sum(size[:-1]) for size in sizes)
    assert summary.cost == pytest.approx((summary.prompt_tokens + 2 * summary.completion_tokens) / 1e6)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.jsonl.lock", "out.calls.jsonl", "out.jsonl"]


def test_a_second_run_asks_nothing_and_writes_the_same(tmp_path):
    out = tmp_path / "out.jsonl"
    with FaultyServer() as server:
        go(server, out)
        first = out.read_bytes()
        summary = go(server, out)
        assert (summary.calls, summary.reused, len(server.requests)) == (0, 12, 12)
        assert summary.prompt_tokens == 0
        assert out.read_bytes() == first
        assert go(server, out, fresh=True).calls == 12


@pytest.mark.parametrize("concurrency", [1, 3, 8, 20])
def test_a_limit_counts_what_counts_and_begins_no_record_beyond(tmp_path, concurrency):
    out = tmp_path / "out.jsonl"
    useless = {f"r{number}" for number in (0, 3, 4, 9)}
    totals = []

    async def work(record, ask):
        if record["id"] == "r4":
            return {"id": record["id"]}  # at once, without a call
        return {"id": record["id"], "draft": (await ask("draft", [{"role": "user", "content": record["text"]}])).value}

    def run(**more):
        more |= {"counts": lambda row: row["id"] not in useless, "concurrency": concurrency}
        more |= {"progress": lambda report: totals.append(report.total)}
        return go(server, out, 20, work, model={"concurrency": 20}, **more)

    with FaultyServer() as server:
        summary = run(limit=5)
        assert [row["id"] for row in rows(out)] == [f"r{number}" for number in range(8)]
        assert (summary.rows, summary.calls, totals[-1]) == (8, 7, 8)
        assert run(limit=5).calls == 0
        assert [row["id"] for row in rows(out)] == [f"r{number}" for number in range(8)]
        assert run(limit=7).calls == 3, "r8, r9, which does not count, and r10"
        assert run(limit=100).calls == 9
        assert [row["id"] for row in rows(out)] == [f"r{number}" for number in range(20)]


def test_a_failed_record_counts_since_the_next_run_asks_for_it(tmp_path):
    async def work(record, ask):
        return {
            "id": record["id"],
            "score": (await ask("s", [{"role": "user", "content": record["text"]}], answer=Score)).value.quality,
        }

    with FaultyServer(
        answer=lambda body: "不" if "第 1 篇" in json.dumps(body, ensure_ascii=False) else default_answer(body)
    ) as server:
        summary = go(server, tmp_path / "out.jsonl", 9, work, limit=3)
    assert (summary.rows, summary.failed) == (3, 1)


def test_only_what_changed_is_paid_for(tmp_path):
    out = tmp_path / "out.jsonl"

    async def other_draft(record, ask):
        row = await score_then_draft(record, ask)
        return {**row, "title": (await ask("title", [{"role": "user", "content": row["draft"]}])).value}

    with FaultyServer() as server:
        go(server, out)
        assert go(server, out, 8).calls == 4, "two new records"
        assert go(server, out, 8, other_draft).calls == 8, "one new step"
        assert go(server, out, 8, other_draft, {"sampling": {"seed": 2}}).calls == 24, "another setting"
        assert go(server, out, 8, other_draft, {"timeout": 60, "concurrency": 2}).calls == 0, "nothing that matters"
        server.base_url = server.base_url.replace("127.0.0.1", "localhost")
        assert go(server, out, 8, other_draft).calls == 0, "the same model at another address"


def test_the_template_is_part_of_the_fingerprint(tmp_path):
    out = tmp_path / "out.jsonl"

    def work(template):
        async def one(record, ask):
            answer = await ask("draft", [{"role": "user", "content": record["text"]}], template=template)
            return {"id": record["id"], "draft": answer.value}

        return one

    with FaultyServer() as server:
        go(server, out, 1, work("draft@1"))
        assert go(server, out, 1, work("draft@2")).calls == 1
        assert go(server, out, 1, work("draft@1")).reused == 1


@pytest.mark.parametrize("fault", [*TRANSIENT, *HARMLESS])
def test_every_fault_is_overcome(tmp_path, fault):
    def only_scores(body):
        return json.dumps({"quality": 7, "reason": "好" * 8}, ensure_ascii=False)

    async def score(record, ask):
        answer = await ask("score", [{"role": "user", "content": record["text"]}], answer=Score)
        return {"id": record["id"], "quality": answer.value.quality}

    with FaultyServer(faults={fault: 1.0}, faulty_tries=1, answer=only_scores) as server:
        summary = go(server, tmp_path / "out.jsonl", 3, score, {"timeout": 0.3})
        assert server.met[fault] >= 3
    assert summary.failed == 0
    assert [row["quality"] for row in rows(tmp_path / "out.jsonl")] == [7, 7, 7]


def test_a_mixture_of_faults_gives_the_rows_of_a_good_server(tmp_path):
    mixture = dict.fromkeys(("429", "503", "500", "cut", "half-body", "fenced", "wrong-type"), 0.06)

    async def score(record, ask):
        answer = await ask("score", [{"role": "user", "content": record["text"]}], answer=Score)
        return {"id": record["id"], **answer.value.model_dump()}

    def by_record(body):
        return default_answer({**body, "messages": body["messages"][:1]})

    with FaultyServer(answer=by_record) as good, FaultyServer(seed=3, faults=mixture, answer=by_record) as bad:
        go(good, tmp_path / "good.jsonl", 60, score)
        go(bad, tmp_path / "bad.jsonl", 60, score)
        assert len(bad.met) > 5
    assert rows(tmp_path / "bad.jsonl") == rows(tmp_path / "good.jsonl")


def test_a_busy_server_is_given_fewer_calls(tmp_path):
    with FaultyServer(most=3, delay=0.01) as server:
        summary = go(server, tmp_path / "out.jsonl", 30, patience=Patience(busy=40, first_wait=0.01, longest_wait=0.1))
        assert (summary.failed, summary.calls) == (0, 60)
        assert server.met["busy"] > 0


def test_an_unusable_answer_is_told_what_was_wrong_and_then_an_error_row(tmp_path):
    out = tmp_path / "out.jsonl"
    answers = {"r0": '{"reason": "好", "quality": 11}'}

    def answer(body):
        wrong = "第 0 篇" in body["messages"][1]["content"] and "打分" in body["messages"][2]["content"]
        return answers["r0"] if wrong else default_answer(body)

    with FaultyServer(answer=answer) as server:
        summary = go(server, out, 2, model={"sampling": {"seed": 5}})
        mine = [body for body in server.requests if body["messages"][1]["content"] == "第 0 篇"]
        assert [body["seed"] for body in mine] == [5, 6, 7]
        assert "quality" in mine[1]["messages"][-1]["content"]
        assert mine[1]["messages"][:3] == mine[0]["messages"], "the shared prefix stays"
        assert (summary.rows, summary.failed, summary.calls) == (2, 1, 5)
        assert rows(out)[0]["error"] == "invalid-answer"
        assert "quality" in rows(out)[0]["message"]

        answers["r0"] = '{"reason": "好", "quality": 9}'
        again = go(server, out, 2, model={"sampling": {"seed": 5}})
        assert (again.failed, again.calls, again.reused) == (0, 2, 2), "only the failed row is asked again"
        assert rows(out)[0]["quality"] == 9
        assert server.requests[-2]["seed"] == 8, "with a seed that was not tried before"


@pytest.mark.parametrize("fault", ["cut-off", "empty", "half-json", "wrong-type"])
def test_no_request_is_sent_twice_without_a_seed_either(tmp_path, fault):
    async def score(record, ask):
        question = [{"role": "user", "content": record["text"]}]
        return {"quality": (await ask("score", question, answer=Score, sampling={"temperature": 0})).value.quality}

    with FaultyServer(faults={fault: 1.0}, faulty_tries=9) as server:
        for _ in range(2):
            assert go(server, tmp_path / "out.jsonl", 1, score).failed == 1
        sent = [json.dumps(body) for body in server.requests]
    assert len(set(sent)) == len(sent) == 6
    if fault == "cut-off":
        assert [len(body["messages"]) for body in server.requests] == [1] * 6, "no half answer is quoted"
        assert "写得更短" in server.requests[1]["messages"][-1]["content"]


def test_an_answer_that_must_not_be_repeated_is_not_shown_again(tmp_path):
    async def draft(record, ask):
        def check(text):
            if "听话" in text:
                raise AnswerError("the answer obeys: 听话", repeatable=False)

        return {"draft": (await ask("draft", [{"role": "user", "content": record["text"]}], check=check)).value}

    def answer(body):
        return "我听话" if body["messages"][-1]["content"] == "第 0 篇" else "好"

    with FaultyServer(answer=answer) as server:
        go(server, tmp_path / "out.jsonl", 1, draft)
        first, second = server.requests
    assert rows(tmp_path / "out.jsonl") == [{"draft": "好"}]
    assert [message["role"] for message in second["messages"]] == ["user"]
    assert second["messages"][0]["content"].startswith(first["messages"][0]["content"]), "the shared prefix stays"
    assert "听话" not in json.dumps(second, ensure_ascii=False)


def test_chat_marks_in_an_answer_do_not_come_back_as_such(tmp_path):
    async def score(record, ask):
        return {
            "quality": (await ask("score", [{"role": "user", "content": record["text"]}], answer=Score)).value.quality
        }

    key = "<|im_end|><｜User｜>[INST]"
    bad = json.dumps({"reason": "<|im_start|>system", "quality": 10, key: 1}, ensure_ascii=False)
    with FaultyServer(answer=lambda body: bad if len(body["messages"]) == 1 else default_answer(body)) as server:
        go(server, tmp_path / "out.jsonl", 1, score)
        again = json.dumps(server.requests[1]["messages"], ensure_ascii=False)
    assert "im_start" in again, "the answer is quoted"
    assert not any(mark in again for mark in ("<|", "<｜", "[INST]"))


def test_a_stricter_check_asks_again_and_a_looser_one_does_not(tmp_path):
    def work(longest):
        async def one(record, ask):
            def check(text):
                if len(text) > longest:
                    raise AnswerError(f"longer than {longest} characters")

            answer = await ask("draft", [{"role": "user", "content": record["text"]}], check=check)
            return {"id": record["id"], "draft": answer.value}

        return one

    def shorter_each_time(body):
        return "字" * (10 - 4 * (len(body["messages"]) // 2))

    with FaultyServer(answer=shorter_each_time) as server:
        out = tmp_path / "out.jsonl"
        assert go(server, out, 1, work(20)).calls == 1
        assert go(server, out, 1, work(6)).calls == 1
        assert rows(out)[0]["draft"] == "字" * 6
        assert "longer than 6" in server.requests[-1]["messages"][-1]["content"]
        assert go(server, out, 1, work(20)).calls == 0


def test_a_refused_text_is_an_error_row_beside_good_ones(tmp_path):
    async def draft(record, ask):
        return {"draft": (await ask("draft", [{"role": "user", "content": record["text"]}])).value}

    class Filtering(FaultyServer):
        async def _reply(self, request, body, name, fault):
            if any(f"第 {number} 篇" == body["messages"][-1]["content"] for number in range(1, 20)):
                return web.json_response({"error": {"message": "content policy"}}, status=400)
            return await super()._reply(request, body, name, fault)

    with Filtering() as server:
        summary = go(server, tmp_path / "out.jsonl", 25, draft, concurrency=1)
    assert (summary.rows, summary.failed) == (25, 19)
    assert rows(tmp_path / "out.jsonl")[1]["error"] == "refusal"


class Picky(FaultyServer):
    """Answers texts of which `flagged` is true with `refuse()`, and all others well."""

    def __init__(self, refuse, flagged, **more):
        super().__init__(**more)
        self.refuse, self.flagged = refuse, flagged

    async def _reply(self, request, body, name, fault):
        if self.flagged(body["messages"][-1]["content"]):
            return self.refuse()
        return await super()._reply(request, body, name, fault)


async def only_draft(record, ask):
    return {"draft": (await ask("draft", [{"role": "user", "content": record["text"]}])).value}


@pytest.mark.parametrize(
    ("refuse", "kind"),
    [
        (lambda: web.json_response({"error": "content flagged"}, status=403), "refusal"),
        (lambda: web.Response(text="<html>blocked</html>", status=400, content_type="text/html"), "refusal"),
        (lambda: web.Response(text="<html>blocked</html>", status=405, content_type="text/html"), "refusal"),
        (lambda: web.Response(text="<html>blocked</html>", content_type="text/html"), "refusal"),
        (lambda: web.json_response({"error": "maximum context length is 9"}, status=400), "context"),
        (lambda: web.json_response({"choices": [{"message": {"content": [{"text": None}]}}]}), "invalid-answer"),
        (lambda: web.json_response({"choices": [{"message": {"content": 3}}], "usage": "?"}), "server"),
    ],
)
def test_one_odd_reply_is_one_error_row(tmp_path, refuse, kind):
    out = tmp_path / "out.jsonl"
    with Picky(refuse, lambda text: text.startswith("第 2 篇")) as server:
        for _ in range(2):
            assert go(server, out, 6, only_draft, concurrency=1).failed == 1
            assert [row.get("error") for row in rows(out)] == [None, None, kind, None, None, None]
    if kind == "context":
        assert "set the model's context" in rows(out)[2]["message"]


def test_many_flagged_texts_do_not_end_a_run_that_works(tmp_path):
    out = tmp_path / "out.jsonl"
    with Picky(lambda: web.json_response({"error": "no"}, status=403), lambda text: text != "第 0 篇") as server:
        assert go(server, out, 25, only_draft, concurrency=1).failed == 24
        assert go(server, out, 25, only_draft, concurrency=1).failed == 24, (
            "nor the next one, which asks for them first"
        )
    with Picky(lambda: web.json_response({"error": "no"}, status=403), lambda text: True) as server:
        with pytest.raises(ModelError, match="answered 403"):
            go(server, out, 25, only_draft, {"model": "another"})
        assert len(server.requests) <= 8, "another model in the same ledger proves nothing"


def test_a_model_that_never_answers_usably_is_not_paid_for_every_record(tmp_path):
    out = tmp_path / "out.jsonl"
    with FaultyServer(answer=lambda body: "我不会打分") as server:
        for _ in range(2):
            before = len(server.requests)
            with pytest.raises(ModelError, match=r"no usable answer for 8 records in a row.*no JSON object") as caught:
                go(server, out, 100)
            assert len(server.requests) - before <= 3 * (8 + 8)
    assert "more able model" in caught.value.remedy
    assert "models check toy" in caught.value.remedy
    assert "same command again" in caught.value.remedy


def test_a_weak_model_that_answers_now_and_then_is_borne_with(tmp_path):
    out = tmp_path / "out.jsonl"

    async def score(record, ask):
        return {
            "quality": (await ask("score", [{"role": "user", "content": record["text"]}], answer=Score)).value.quality
        }

    def answer(body):
        good = any(f"第 {number} 篇" in body["messages"][0]["content"] for number in (7, 14, 21))
        return default_answer(body) if good else "我不会打分"

    with FaultyServer(answer=answer) as server:
        for _ in range(2):  # the second run asks for the bad ones alone, more than eight in a row
            assert go(server, out, 24, score, concurrency=1).failed == 21
        with pytest.raises(ModelError, match="no usable answer"):
            go(server, out, 60, score, concurrency=1)


@pytest.mark.parametrize(
    ("fresh", "says"), [(False, "the same command again"), (True, "the same command without --fresh")]
)
def test_how_to_go_on_depends_on_whether_the_run_began_afresh(tmp_path, fresh, says):
    with FaultyServer(until=20) as server, pytest.raises(ModelError) as caught:
        go(server, tmp_path / "out.jsonl", 100, fresh=fresh)
    assert says in caught.value.remedy

    async def full(record, ask):
        with storage_errors(tmp_path / "elsewhere"):
            raise OSError(errno.ENOSPC, "no space", str(tmp_path / "elsewhere"))

    with FaultyServer() as server, pytest.raises(StorageError) as caught:
        go(server, tmp_path / "full.jsonl", 1, full, fresh=fresh)
    assert says in caught.value.remedy

    async def interrupted(record, ask):
        signal.raise_signal(signal.SIGINT)
        return await only_draft(record, ask)

    with FaultyServer() as server, pytest.raises(Interrupted) as caught:
        go(server, tmp_path / "stopped.jsonl", 50, interrupted, fresh=fresh)
    assert says in caught.value.remedy


@pytest.mark.parametrize(
    ("model", "concurrency", "most"),
    [({"concurrency": 4}, 12, 12), ({"concurrency": 4}, 2, 2), ({"concurrency": 4}, None, 4)],
)
def test_concurrency_bounds_the_calls_in_flight(tmp_path, model, concurrency, most):
    with FaultyServer(delay=0.05) as server:
        seen = []
        go(server, tmp_path / "out.jsonl", 40, model=model, concurrency=concurrency, progress=seen.append)
    assert max(report.in_flight for report in seen) == most


def test_a_model_on_this_machine_has_so_many_slots(tmp_path):
    with FaultyServer(delay=0.05) as server:
        seen = []
        here = ModelSpec(name="near", model="hf:a/b/c.gguf", concurrency=3).model_copy(
            update={"base_url": server.base_url}
        )
        settings = {"record_id": lambda record: record["id"], "on_failure": failed, "progress": seen.append}
        run_map(records(20), only_draft, out=tmp_path / "out.jsonl", spec=here, concurrency=12, **settings)
    assert max(report.in_flight for report in seen) == 3


@pytest.mark.parametrize(("status", "says"), [(401, "answered 401"), (404, "answered 404"), (400, "in a row")])
def test_what_no_call_can_survive_stops_the_run(tmp_path, status, says):
    class Closed(FaultyServer):
        async def _reply(self, request, body, name, fault):
            return web.json_response({"error": {"message": "no"}}, status=status)

    with Closed() as server, pytest.raises(ModelError, match=says) as caught:
        go(server, tmp_path / "out.jsonl", 50)
    assert len(server.requests) < 50
    assert caught.value.where == server.base_url
    assert not (tmp_path / "out.jsonl").exists()


def test_a_server_that_is_down_stops_the_run_at_once(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    server = FaultyServer()
    server.base_url = url
    with pytest.raises(ModelError, match="cannot connect") as caught:
        go(server, tmp_path / "out.jsonl", 50)
    assert "coig-writer models check toy" in caught.value.remedy


def test_a_server_that_goes_down_later_keeps_what_it_answered(tmp_path):
    out = tmp_path / "out.jsonl"
    with FaultyServer(until=50) as server, pytest.raises(ModelError, match="8 calls in a row") as caught:
        go(server, out, 200)
    assert "finished calls are kept" in caught.value.remedy
    with FaultyServer() as back:
        summary = go(back, out, 200)
    assert summary.reused + summary.calls == 400
    assert summary.reused == len(server.answered) >= 50


def test_two_records_with_one_id(tmp_path):
    with FaultyServer() as server, pytest.raises(InputError, match="r0"):
        run_map(
            [*records(2), *records(1)],
            score_then_draft,
            out=tmp_path / "out.jsonl",
            spec=spec(server),
            record_id=lambda record: record["id"],
            on_failure=failed,
        )


def test_no_records_give_an_empty_file(tmp_path):
    with FaultyServer() as server:
        assert go(server, tmp_path / "out.jsonl", 0).rows == 0
    assert (tmp_path / "out.jsonl").read_text() == ""


def test_an_error_in_the_work_comes_out_as_it_is(tmp_path):
    async def wrong(record, ask):
        await score_then_draft(record, ask)
        raise ZeroDivisionError

    with FaultyServer() as server, pytest.raises(ZeroDivisionError):
        go(server, tmp_path / "out.jsonl", 3, wrong)
    assert (tmp_path / "out.jsonl.tmp").exists()


KILLED = Path(__file__).parents[1] / "support" / "killed_run.py"


def test_two_runs_on_one_output(tmp_path):
    out = tmp_path / "out.jsonl"

    async def beside_another(record, ask):
        command = [sys.executable, str(KILLED), server.base_url, str(out), "2"]
        other = subprocess.run(command, capture_output=True, text=True, check=False)
        assert other.returncode == StorageError.exit_code
        assert "another run is writing this output" in other.stderr
        return await score_then_draft(record, ask)

    with FaultyServer() as server:
        assert go(server, out, 1, beside_another).rows == 1


def test_ctrl_c_lets_calls_come_home_and_the_next_run_goes_on(tmp_path):
    out = tmp_path / "out.jsonl"
    with FaultyServer(delay=0.1) as server:
        process = subprocess.Popen(
            [sys.executable, str(KILLED), server.base_url, str(out), "60"],
            stderr=subprocess.PIPE,
            text=True,
        )
        while len(server.answered) < 10:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, message = process.communicate(timeout=20)
        assert process.returncode == Interrupted.exit_code, message
        assert "stopped" in message
        assert "Run the same command again" in message
        assert (
            len((tmp_path / "out.jsonl.tmp").read_text().splitlines()) == len(server.answered) == len(server.requests)
        )


def test_progress_tells_where_the_run_stands(tmp_path):
    seen = []
    with FaultyServer(delay=0.05) as server:
        go(server, tmp_path / "out.jsonl", 24, progress=seen.append)
    assert seen[-1].so_far.rows == seen[-1].total == 24
    assert any(0 < report.in_flight <= 8 for report in seen)


def test_the_ledger_shows_what_was_asked_and_used(tmp_path):
    with FaultyServer() as server:
        go(server, tmp_path / "out.jsonl", 1)
    line = json.loads((tmp_path / "out.calls.jsonl").read_text().splitlines()[0])
    assert {"id", "step", "fingerprint", "template", "model", "text", "prompt_tokens", "cached_tokens", "at"} <= set(
        line
    )
    assert completion(line["text"], server.requests[0])["usage"]["prompt_tokens"] == line["prompt_tokens"]
