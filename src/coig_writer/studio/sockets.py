"""Where the studio listens, alone or in several processes; nothing here needs Django, which they load later."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable

from coig_writer.errors import SettingError

BALANCES = sys.platform == "linux"
"""Whether the system shares out connections among sockets of one address; others give all to one of them."""


class OneEach:
    """Stands for a socket until it reaches another process, where it becomes one of that process's own.

    The system then shares out new connections evenly. From a common socket the first process to wake up takes all that
    wait, and keeps them for as long as browsers leave them open.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port

    def __reduce__(self) -> tuple[Callable[..., socket.socket], tuple[str, int, bool]]:
        return listen, (self.host, self.port, True)


def listen(host: str, port: int, shared: bool = False) -> socket.socket:
    """A socket at an address.

    Args:
        shared: other processes are to listen there too, each with a socket of its own, where the system balances them.

    Raises:
        SettingError: the port cannot be taken.
    """
    # Named as TCP, since asyncio sends small packets at once on sockets that say so: else each answer waits 40 ms.
    listening = socket.socket(
        socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared and BALANCES:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise SettingError(
            f"cannot listen on {host}:{port}: {error.strerror}", where="--port", remedy="Choose another port."
        ) from error
    listening.set_inheritable(True)
    return listening
