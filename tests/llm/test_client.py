import asyncio
import json
import shlex
import socket
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from coig_writer.errors import SettingError
from coig_writer.llm.client import ChatClient, Completion, RefusedError, RetryableError, encode, request_body
from coig_writer.llm.registry import ModelSpec

MESSAGES = [{"role": "user", "content": "写一句"}]
GOOD = {"choices": [{"message": {"content": "春。"}, "finish_reason": "stop"}]}


def spec(url="http://h/v1", **more) -> ModelSpec:
    return ModelSpec(name="toy", base_url=url, model="toy-1", **more)


def ask(
    handler, *, path="/v1/chat/completions", stream=False, ssl_context=None, host="127.0.0.1", **more
) -> Completion:
    """What the client makes of a server that answers by `handler`."""

    async def scene():
        app = web.Application()
        app.router.add_post(path, handler)
        async with TestServer(app, scheme="https" if ssl_context else "http") as server:
            await server.start_server(ssl=ssl_context)
            url = f"{server.scheme}://{host}:{server.port}/v1"
            async with ChatClient(spec(url, **more)) as client:
                return await client.complete(MESSAGES, stream=stream)

    return asyncio.run(scene())


def answering(reply, status=200, **more):
    async def handler(_):
        if isinstance(reply, str):
            return web.Response(text=reply, status=status, **more)
        return web.json_response(reply, status=status, **more)

    return handler


def test_a_whole_answer():
    reply = {
        "choices": [{"message": {"content": "春。", "reasoning_content": "想"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 7}},
    }
    found = ask(answering(reply))
    assert (found.text, found.reasoning, found.finish_reason) == ("春。", "想", "stop")
    assert (found.prompt_tokens, found.completion_tokens, found.cached_tokens) == (10, 2, 7)
    assert found.seconds > 0


def test_cached_tokens_as_llama_cpp_reports_them():
    assert ask(answering({**GOOD, "usage": {"prompt_tokens": 9}, "timings": {"cache_n": 5}})).cached_tokens == 5


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        ("<think>先想\n再想</think>\n\n春。", "春。", "先想\n再想"),
        ("先想\n</think>\n\n春。", "春。", "先想"),
        ("<think>没想完", "", "没想完"),
        ("他写下 </think> 这个标签。", "他写下 </think> 这个标签。", None),
        ("标签 <think>x</think> 在文中", "标签 <think>x</think> 在文中", None),
        (None, "", None),
    ],
)
def test_thinking_is_set_apart(content, text, reasoning):
    found = ask(answering({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}))
    assert (found.text, found.reasoning) == (text, reasoning)


def test_a_stream_is_put_together_and_timed():
    async def handler(request):
        assert (await request.json())["stream"] is True
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        chunks = [
            {"choices": [{"delta": {"role": "assistant", "content": None}, "finish_reason": None}]},
            {"choices": [{"delta": {"reasoning_content": "想"}}]},
            {"choices": [{"delta": {"content": "春"}}]},
            {"choices": [{"delta": {"content": "。"}, "finish_reason": "stop"}]},
            {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
        ]
        for chunk in chunks:
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
        await response.write(b": keep-alive\n\ndata: [DONE]\n\n")
        return response

    found = ask(handler, stream=True)
    assert (found.text, found.reasoning, found.prompt_tokens) == ("春。", "想", 3)
    assert 0 < found.first_token_seconds <= found.seconds


def test_a_stream_that_ends_early():
    async def handler(_):
        return web.Response(text='data: {"choices": [{"delta": {"content": "春"}}]}\n\n')

    with pytest.raises(RetryableError, match="ended before"):
        ask(handler, stream=True)


RATE_LIMIT = (
    "Rate limit reached for gpt-4o in organization org-x on requests per min (RPM): Limit 3, Used 3. Please try again "
    "in 20s. Visit https://platform.openai.com/account/billing to add a payment method."
)
GEMINI_LIMIT = "You exceeded your current quota, please check your plan and billing details. Please retry in 20s."
OVERFLOW = {"error": {"message": "maximum context length is 8192", "code": "context_length_exceeded"}}


@pytest.mark.parametrize(
    ("reply", "status", "error", "kind"),
    [
        ({"error": {"message": "slow down"}}, 429, RetryableError, "rate-limit"),
        ({"error": {"message": "Loading model"}}, 503, RetryableError, "rate-limit"),
        ({"error": "boom"}, 500, RetryableError, "server"),
        ("<html><title>502 Bad Gateway</title></html>", 502, RetryableError, "server"),
        ('{"choices": [{"mess', 200, RetryableError, "server"),
        ({"choices": []}, 200, RetryableError, "server"),
        ([1], 200, RetryableError, "server"),
        ({"error": {"message": "upstream"}}, 200, RetryableError, "server"),
        ({"error": {"message": "insufficient_quota"}}, 429, RefusedError, "auth"),
        ({"error": {"message": "您的账户余额不足，请充值"}}, 429, RefusedError, "auth"),
        ({"error": {"message": RATE_LIMIT}}, 429, RetryableError, "rate-limit"),
        ({"error": {"message": GEMINI_LIMIT}}, 429, RetryableError, "rate-limit"),
        ({"error": {"message": "account balance is insufficient"}}, 403, RefusedError, "auth"),
        ("<html><title>413 Request Entity Too Large</title></html>", 413, RefusedError, "context"),
        ({"choices": [{"message": {"content": 5}}]}, 200, RetryableError, "server"),
        ({"choices": [{"message": {"content": {"text": "春"}}}]}, 200, RetryableError, "server"),
        ({"choices": [{"message": "春"}]}, 200, RetryableError, "server"),
        ({"choices": ["春"]}, 200, RetryableError, "server"),
        ("[" * 100_000, 200, RetryableError, "server"),
        ("[" * 100_000, 400, RefusedError, "refusal"),
        ({"error": {"message": "no"}}, 401, RefusedError, "auth"),
        ({"detail": "Not Found"}, 404, RefusedError, "setup"),
        (OVERFLOW, 400, RefusedError, "context"),
        ({"error": {"message": "unsafe"}}, 400, RefusedError, "refusal"),
        ({"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}, 200, RefusedError, "refusal"),
        ({"choices": [{"message": {"content": None, "refusal": "no"}}]}, 200, RefusedError, "refusal"),
    ],
)
def test_failures_say_whether_asking_again_helps(reply, status, error, kind):
    with pytest.raises(error) as caught:
        ask(answering(reply, status))
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("reply", "status", "ambiguous"),
    [
        ({"error": "flagged"}, 403, True),
        ("<html>blocked</html>", 400, True),
        ("<html>blocked</html>", 405, True),
        ("<html>blocked</html>", 200, True),
        ("<html>no such page</html>", 404, False),
        ({"detail": "Method Not Allowed"}, 405, False),
        ({"error": "bad key"}, 401, False),
        ({"error": "no money"}, 402, False),
        ({"error": "insufficient balance"}, 403, False),
    ],
)
def test_a_refusal_says_whether_it_may_be_about_this_text_alone(reply, status, ambiguous):
    with pytest.raises(RefusedError) as caught:
        ask(answering(reply, status))
    assert caught.value.ambiguous is ambiguous
    assert caught.value.kind in ("auth", "setup")


def test_an_overflow_says_what_to_do():
    with pytest.raises(RefusedError, match="maximum context length is 8192; set the model's context"):
        ask(answering(OVERFLOW, 400))


def test_content_in_parts():
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "春"}, {"type": "text", "text": "。"}]
    assert ask(answering({"choices": [{"message": {"content": parts}, "finish_reason": "stop"}]})).text == "春。"

    async def stream(_):
        chunk = {"choices": [{"delta": {"content": parts}, "finish_reason": "stop"}, None], "usage": "none"}
        return web.Response(text=f"data: {json.dumps(chunk)}\n\n")

    assert ask(stream, stream=True).text == "春。"


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"prompt_tokens": "10", "completion_tokens": 2.0}, (10, 2, 0)),
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": "7"}}, (10, 0, 7)),
        ({"prompt_tokens": 10, "prompt_tokens_details": [7]}, (10, 0, 0)),
        ({"prompt_tokens": "many", "completion_tokens": -1}, (0, 0, 0)),
        ({"prompt_tokens": {"text": 3}, "completion_tokens": None}, (0, 0, 0)),
        ("12 tokens", (0, 0, 0)),
        ([1], (0, 0, 0)),
    ],
)
def test_counts_of_odd_shapes_do_not_cost_the_answer(usage, counts):
    found = ask(answering({**GOOD, "usage": usage, "timings": "fast"}))
    assert found.text == "春。"
    assert (found.prompt_tokens, found.completion_tokens, found.cached_tokens) == counts


@pytest.mark.parametrize(
    ("models", "props", "context"),
    [
        ({"data": [{"id": "toy-1", "max_model_len": 32768}]}, None, 32768),
        ({"data": [{"id": "other", "max_model_len": 32768}]}, None, None),
        ({"data": [{"id": "toy-1"}]}, {"default_generation_settings": {"n_ctx": 4096}}, 4096),
        (None, {"default_generation_settings": {"n_ctx": 4096}}, 4096),
        ({"data": 3}, [], None),
        ({"data": [3, {"id": None}]}, {"default_generation_settings": None}, None),
    ],
)
def test_the_context_as_servers_tell_it(models, props, context):
    def telling(reply):
        async def handler(_):
            return web.json_response(reply) if reply is not None else web.Response(status=404)

        return handler

    async def scene():
        app = web.Application()
        app.router.add_get("/v1/models", telling(models))
        app.router.add_get("/props", telling(props))
        async with TestServer(app) as server, ChatClient(spec(f"http://127.0.0.1:{server.port}/v1")) as client:
            return await client.context()

    assert asyncio.run(scene()) == context


def test_a_web_page_means_a_wrong_url():
    with pytest.raises(RefusedError, match="web page") as caught:
        ask(answering("<!doctype html><p>Welcome", content_type="text/html"))
    assert (caught.value.kind, "/v1" in caught.value.remedy) == ("setup", True)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        ("0.25", 0.25, 0.25),
        ("soon", None, None),
    ],
)
def test_retry_after(header, least, most):
    with pytest.raises(RetryableError) as caught:
        ask(answering({}, 429, headers={"Retry-After": header}))
    found = caught.value.retry_after
    assert found is None if least is None else least <= found <= most


def test_retry_after_a_date():
    when = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    with pytest.raises(RetryableError) as caught:
        ask(answering({}, 429, headers={"Retry-After": when}))
    assert 3000 < caught.value.retry_after <= 3601


def test_time_out_and_cut():
    async def stall(_):
        await asyncio.sleep(3600)

    async def cut(request):
        request.transport.close()

    async def half(request):
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"{")
        request.transport.close()
        return response

    for handler, kind in ((stall, "timeout"), (cut, "connection"), (half, "connection")):
        with pytest.raises(RetryableError) as caught:
            ask(handler, timeout=0.2)
        assert caught.value.kind == kind


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param(f"http://127.0.0.1:{free_port()}/v1", "cannot connect", id="no server"),
        pytest.param("http://no-such-host.invalid/v1", "not known", id="no host"),
    ],
)
def test_nobody_there(url, says):
    async def scene():
        async with ChatClient(spec(url)) as client:
            await client.complete(MESSAGES)

    with pytest.raises(RetryableError, match=says) as caught:
        asyncio.run(scene())
    assert caught.value.kind == "connection"


def test_a_certificate_that_nobody_vouches_for(tmp_path):
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=other -keyout key -out cert"
    made = subprocess.run(shlex.split(command), cwd=tmp_path, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("needs openssl")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    with pytest.raises(RefusedError, match="no secure connection") as caught:
        ask(answering(GOOD), ssl_context=context)
    assert caught.value.kind == "setup"


def test_https_spoken_to_a_plain_server():
    async def scene():
        app = web.Application()
        async with TestServer(app) as server, ChatClient(spec(f"https://127.0.0.1:{server.port}/v1")) as client:
            await client.complete(MESSAGES)

    with pytest.raises(RefusedError, match="no secure connection"):
        asyncio.run(scene())


def test_the_key_is_sent_and_never_shown(monkeypatch):
    monkeypatch.setenv("TOY_KEY", "sk-secret\n")

    async def echo(request):
        return web.json_response({"error": {"message": request.headers["Authorization"]}}, status=401)

    with pytest.raises(RefusedError, match=r"Bearer \*\*\*") as caught:
        ask(echo, api_key_env="TOY_KEY")
    assert "sk-secret" not in str(caught.value)
    assert "TOY_KEY" in caught.value.remedy


def test_a_key_that_is_not_set(monkeypatch):
    monkeypatch.delenv("TOY_KEY", raising=False)
    with pytest.raises(SettingError, match="TOY_KEY"):
        ChatClient(spec(api_key_env="TOY_KEY"))


def test_proxies_do_not_swallow_loopback(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert ask(answering(GOOD)).text == "春。"


def test_the_request_holds_what_changes_the_answer_and_nothing_else():
    schema = {"title": "Score", "type": "object", "properties": {"reason": {}, "quality": {}}}
    one = spec(sampling={"temperature": 0, "seed": 1}, extra_body={"b": 2})
    other = spec(
        "http://other/v1", sampling={"seed": 1, "temperature": 0}, extra_body={"b": 2}, timeout=9, concurrency=3
    )
    body = request_body(one, MESSAGES, schema=schema, sampling={"temperature": 0.5})
    assert encode(body) == encode(request_body(other, MESSAGES, schema=schema, sampling={"temperature": 0.5}))
    assert (body["model"], body["temperature"], body["b"]) == ("toy-1", 0.5, 2)
    assert body["response_format"]["json_schema"] == {"name": "Score", "schema": schema}


def test_a_call_can_leave_out_a_setting_of_the_model():
    penalised = spec(sampling={"presence_penalty": 1.0, "seed": 1})
    body = request_body(penalised, MESSAGES, sampling={"presence_penalty": None, "repeat_penalty": None})
    assert body["seed"] == 1
    assert not {"presence_penalty", "repeat_penalty"} & body.keys()


@pytest.mark.parametrize("structured", ["json_object", "none"])
def test_a_server_without_json_schema_is_told_in_words(structured):
    schema = {"title": "Score", "properties": {"质量": {}}}
    body = request_body(spec(structured=structured), MESSAGES, schema=schema)
    assert "质量" in body["messages"][-1]["content"]
    assert body.get("response_format") == ({"type": "json_object"} if structured == "json_object" else None)
    assert MESSAGES == [{"role": "user", "content": "写一句"}]


def test_lone_surrogates_do_not_stop_a_request():
    assert encode({"a": "x\ud83d"}) == b'{"a":"x?"}'
