"""A person at the studio without a browser, as load tests need them."""

from __future__ import annotations

import re
import uuid
from typing import Any

import aiohttp

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class StudioClient:
    """Signs in, takes an item, saves and submits; an async context manager."""

    def __init__(self, address: str, name: str, password: str) -> None:
        self.address, self.name, self.password = address, name, password
        self.token = ""
        self.session: aiohttp.ClientSession

    async def __aenter__(self) -> StudioClient:
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        await self.page("/sign-in")
        await self.post("/sign-in", name=self.name, password=self.password)
        await self.page("/account")  # signing in has changed the token
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def page(self, path: str) -> str:
        """A page's text; it must be there."""
        async with self.session.get(self.address + path) as answer:
            text = await answer.text()
            assert answer.status == 200, (path, answer.status, text[:300])
        if found := TOKEN.search(text):
            self.token = found[1]
        return text

    async def post(self, path: str, *, scripted: bool = False, **fields: Any) -> tuple[int, str, str]:
        """(status, place it leads to, text) of a form that is sent."""
        headers = {"Accept": "application/json"} if scripted else {}
        data = {"csrfmiddlewaretoken": self.token, **{name: str(value) for name, value in fields.items()}}
        address = self.address + path
        async with self.session.post(address, data=data, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    async def claim(self, project: int = 1) -> str:
        """The path of an item to write."""
        status, place, text = await self.post(f"/projects/{project}/claim/annotator")
        assert status == 302, (status, text[-400:])
        return place

    async def save(self, item: str, base: int, **content: Any) -> tuple[int, str]:
        """(status, JSON) of an autosave."""
        status, _, text = await self.post(f"{item}save", scripted=True, base=base, key=uuid.uuid4(), **content)
        return status, text
