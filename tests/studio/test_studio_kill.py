"""A server killed twenty times while people write: what it had acknowledged is there afterwards."""

import asyncio
import json
import random
import sqlite3

import aiohttp
import pytest

from support.served_studio import ServedStudio
from support.studio_client import StudioClient

pytestmark = pytest.mark.long

KILLS, WRITERS = 20, 6


async def write_until_killed(served, accounts, items, acknowledged, seconds):
    """Everybody writes; the server dies `seconds` after the first save that it acknowledges."""

    async def write(name, password):
        try:
            async with StudioClient(served.address, name, password) as client:
                await client.page("/projects/1/")
                item = items.get(name) or await client.claim()
                items[name] = item
                page = await client.page(item)
                number = int(page.split('data-version="')[1].split('"')[0])
                while True:
                    text = f"{name} 在第 {number} 稿之后写的"
                    status, told = await client.save(item, number, prompt=text, reasoning="想" * 400)
                    assert status == 200, told
                    number = json.loads(told)["version"]
                    acknowledged[item.split("/")[2], number] = text
        except aiohttp.ClientError:
            return

    async def kill():
        before = len(acknowledged)
        while len(acknowledged) == before and not all(writer.done() for writer in writers):
            await asyncio.sleep(0.01)
        await asyncio.sleep(seconds)
        served.kill()

    writers = [asyncio.create_task(write(name, password)) for name, password in accounts.items()]
    await asyncio.gather(kill(), *writers)


def test_acknowledged_saves_outlive_twenty_kills(tmp_path, starter):
    served = ServedStudio(tmp_path / "studio")
    data = tmp_path / "some.jsonl"
    data.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in starter[:WRITERS]))
    accounts = {f"writer-{n}": served.account(f"writer-{n}", "killed", "annotator") for n in range(WRITERS)}
    served.command("import", str(data), "--project", "killed")
    acknowledged, items, chance = {}, {}, random.Random(7)
    for _ in range(KILLS):
        before = len(acknowledged)
        served.start()
        asyncio.run(write_until_killed(served, accounts, items, acknowledged, chance.uniform(0.1, 1.0)))
        assert len(acknowledged) > before
    with served, sqlite3.connect(served.folder / "studio.sqlite3") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = database.execute("SELECT item_id, number, prompt FROM studio_version").fetchall()
    stored = {(str(item), number): prompt for item, number, prompt in rows}
    assert {key: text for key, text in acknowledged.items() if stored.get(key) != text} == {}
    assert len(rows) == len(stored)
