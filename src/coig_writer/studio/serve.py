"""Listening: uvicorn with what the studio needs of it."""

from __future__ import annotations

import os
import socket

import uvicorn

from coig_writer.cli.console import err
from coig_writer.errors import SettingError

APPLICATION = "coig_writer.studio.asgi:application"


def serve(host: str, port: int, *, workers: int = 1, model: str | None = None) -> None:
    """Serves until it is stopped.

    Args:
        model: what drafts are asked of; a local one is loaded first, and serves all workers on loopback.

    Raises:
        SettingError: the port is taken.
        ModelError: the model cannot be loaded.
    """
    port = port or _free_port(host)
    address = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0', '::', '::1') else host}:{port}/"
    err.print(f"Studio: {address}  (stop with Ctrl+C)", highlight=False)
    config = uvicorn.Config(
        APPLICATION,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1"),
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        lifespan="on",
    )
    if workers == 1:
        server = uvicorn.Server(config)
        try:
            server.run()
        except SystemExit as error:
            raise SettingError(
                f"cannot listen on {host}:{port}", where="--port", remedy="Another program has it; choose another."
            ) from error
    else:
        uvicorn.run(
            APPLICATION,
            host=host,
            port=port,
            workers=workers,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=30,
        )


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]
