"""The server: Django's pages in a few threads that keep their database connections, streams on the event loop."""

from __future__ import annotations

import os

import django
from a2wsgi import WSGIMiddleware
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

THREADS = int(os.environ.get("COIG_STUDIO_THREADS", "3"))
"""Pages that one process makes at once: they take turns at the interpreter, so more would only wait longer."""
STREAMS = "/stream"
"""Ending of the paths that answer for as long as a model writes."""

django.setup()
_pages = WSGIMiddleware(WSGIHandler(), workers=THREADS)
_streams = ASGIHandler()


async def application(scope, receive, send):
    """An ASGI application."""
    if scope["type"] == "http":
        handler = _streams if scope["path"].endswith(STREAMS) else _pages
        await handler(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _lifespan(receive, send)


async def _lifespan(receive, send):
    while (message := await receive())["type"] != "lifespan.shutdown":
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
