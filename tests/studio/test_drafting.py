"""Drafts and analyses stream in, stay apart from what people write, and are kept as a machine's."""

import asyncio
import json

import pytest
from django.test import AsyncClient

from coig_writer.llm.registry import ModelSpec
from coig_writer.studio import configure, drafting, sharing
from coig_writer.studio.models import AuditEntry
from coig_writer.studio.workflow import Role
from support.faulty_server import FaultyServer
from support.scripted_writer import write


@pytest.fixture
def model(monkeypatch):
    with FaultyServer(answer=write) as server:
        spec = ModelSpec(name="toy", model="toy-model", base_url=server.base_url)
        monkeypatch.setenv(configure.MODEL, spec.model_dump_json())
        yield server


@pytest.fixture
def held(item, person):
    one, author = item(30), person("annotator")
    sharing.give(one, author, Role.ANNOTATOR)
    return one, author


def asked(user, item, step, **given):
    """(status, the messages that the browser gets)."""

    async def ask():
        client = AsyncClient()
        await client.aforce_login(user)
        answer = await client.post(f"/items/{item.pk}/drafts/{step}/stream", given)
        if not answer.streaming:
            return answer.status_code, answer.content.decode()
        blocks = b"".join([part async for part in answer.streaming_content]).decode().split("\n\n")
        assert answer.headers["Content-Type"] == "text/event-stream"
        return answer.status_code, [json.loads(block.removeprefix("data: ")) for block in blocks if block]

    return asyncio.run(ask())


@pytest.mark.parametrize("step", list(drafting.DRAFTED))
def test_each_part_streams_in_and_is_kept_beside_the_text(held, model, step):
    one, author = held
    before = one.versions.get(number=one.head)
    status, messages = asked(author, one, step, prompt="写一段江南的春天，要有雨和船，两百字。")
    assert status == 200
    *_, last = messages
    one = type(one).objects.get(pk=one.pk)
    part = getattr(one.draft, drafting.DRAFTED[step])
    written = part if isinstance(part, str) else "\n\n".join(part.model_dump(exclude={"by"}).values())
    assert last == {"done": written}
    assert len(written) > 30
    assert one.versions.get(number=one.head) == before  # nothing of it is in the person's text
    assert AuditEntry.objects.get(item=one, action="draft").detail["step"] == step
    page = author.client.get(f"/items/{one.pk}/").content.decode()
    assert "机器写的，没有核实过" in page
    assert "toy-model</span>" in page
    author.client.post("/language", {"language": "en", "next": "/"})
    assert "Written by a machine and not checked" in author.client.get(f"/items/{one.pk}/").content.decode()


def test_only_who_holds_the_item_may_ask(held, model, person):
    one, _ = held
    assert asked(person("annotator"), one, "draft-prompt")[0] == 404
    assert asked(person("manager"), one, "draft-prompt")[0] == 403
    assert asked(held[1], one, "nonsense")[0] == 404
    assert model.requests == []


def test_without_a_model_the_page_says_so(held):
    _, [message] = asked(held[1], held[0], "analyse")
    assert "没有接模型" in message["error"]
