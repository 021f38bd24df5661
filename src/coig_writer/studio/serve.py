"""Listening: uvicorn with what the studio needs of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from uvicorn.supervisors import Multiprocess

from coig_writer.studio.configure import MODEL
from coig_writer.studio.sockets import CAN_HAND_OUT, HandedOut, listen

APPLICATION = "coig_writer.studio.asgi:application"


def serve(host: str, port: int, *, workers: int = 1, ready: Callable[[str], None]) -> None:
    """Serves until it is stopped.

    Args:
        port: 0 takes a free one.
        ready: is told the address as soon as the port is taken.

    Raises:
        SettingError: the port cannot be taken.
    """
    listening = listen(host, port)
    shown = host if host not in ("127.0.0.1", "0.0.0.0", "::", "::1") else "localhost"
    ready(f"http://{shown}:{listening.getsockname()[1]}/")
    config = uvicorn.Config(
        APPLICATION,
        workers=workers,
        loop="asyncio",  # which `Handed` is made for
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1"),
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
    )
    if workers == 1:
        uvicorn.Server(config).run(sockets=[listening])
    else:
        Multiprocess(config, sockets=[HandedOut(listening) if CAN_HAND_OUT else listening]).run()  # type: ignore[list-item]


@contextmanager
def drafting_with(name: str) -> Iterator[None]:
    """For the length of the block, processes started from here ask this model for drafts; a local one is loaded first.

    Raises:
        SettingError: there is no such model.
        ModelError: it cannot be loaded.
    """
    from coig_writer.llm.embedded import serving
    from coig_writer.llm.registry import resolve

    with serving(resolve(name)) as spec:
        reached = spec.model_copy(update={"name": f"{spec.base_url}#{spec.model}"})
        os.environ[MODEL] = reached.model_dump_json()
        try:
            yield
        finally:
            del os.environ[MODEL]
