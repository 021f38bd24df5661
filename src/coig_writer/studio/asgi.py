"""The server: Django's pages in a few threads that keep their database connections, streams on the event loop."""

from __future__ import annotations

import gc
import os
import re
from threading import Thread

import django
from a2wsgi import WSGIMiddleware
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from coig_writer.studio.configure import DATABASE
from coig_writer.studio.live import warm

THREADS = 4 if DATABASE in os.environ else 1
"""Pages that one process makes at once. Threads take turns at the interpreter, so more of them gain nothing while
nobody waits for a database elsewhere (`bench/studio.py`); several processes do."""
STREAMS = "/stream"
"""Ending of the paths that answer for as long as a model writes."""
LONG = re.compile(
    r"/projects/\d+/(?:import|propose|release|release\.zip|overview|arena|export/[^/]+)"
    r"|/api/(?:items|contests|contests/\d+/results|export/[^/]+)"
)
"""Paths that may take longer than anybody who writes should wait: files come in or go out, an address is fetched."""


def _keep_sending() -> None:
    from coig_writer.studio.webhooks import keep_sending  # needs Django to be set up

    keep_sending()


django.setup()
Thread(target=warm, daemon=True).start()  # the dictionary takes a second, which nobody should wait for
Thread(target=_keep_sending, daemon=True).start()
_pages = WSGIMiddleware(WSGIHandler(), workers=THREADS)
_long = WSGIMiddleware(WSGIHandler(), workers=1)
_streams = ASGIHandler()
gc.collect()
gc.freeze()  # what has been loaded stays, and need not be looked through again and again while pages are made


async def application(scope, receive, send):
    """An ASGI application."""
    if scope["type"] == "http":
        await _handler(scope["path"])(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _lifespan(receive, send)


def _handler(path: str):
    if path.endswith(STREAMS):
        return _streams
    return _long if LONG.fullmatch(path) else _pages


async def _lifespan(receive, send):
    while (message := await receive())["type"] != "lifespan.shutdown":
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
