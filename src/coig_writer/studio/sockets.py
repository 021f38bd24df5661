"""Where the studio listens, alone or in several processes; nothing here needs Django, which they load later.

From a common socket the first process to wake up would take all connections that wait, and keep them for as long as
browsers leave them open. So one process accepts them and hands them out in turn.
"""

from __future__ import annotations

import os
import signal
import socket
from collections import deque
from collections.abc import Callable
from selectors import EVENT_READ, DefaultSelector
from threading import Thread
from typing import Any

from coig_writer.errors import SettingError

CAN_HAND_OUT = hasattr(socket, "send_fds")
"""Whether a process can give a connection to another one here."""
_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A socket at an address.

    Raises:
        SettingError: the port cannot be taken.
    """
    # Named as TCP, since asyncio sends small packets at once on sockets that say so: else each answer waits 40 ms.
    listening = socket.socket(
        socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise SettingError(
            f"cannot listen on {host}:{port}: {error.strerror}", where="--port", remedy="Choose another port."
        ) from error
    listening.set_inheritable(True)
    return listening


class HandedOut:
    """Accepts connections and hands them out in turn to the processes that this object is sent to when they start.

    There it becomes a `Handed`. A process takes part from when it listens until it ends; while none does, those who
    come wait.
    """

    def __init__(self, listening: socket.socket) -> None:
        listening.listen(_BACKLOG)
        listening.setblocking(False)
        self._listening = listening
        self._selector = DefaultSelector()
        self._ready: deque[socket.socket] = deque()
        self._others: dict[socket.socket, socket.socket] = {}
        """Our end of a channel → the other, until the process that has it listens."""
        Thread(target=self._run, daemon=True).start()

    def __reduce__(self) -> tuple[Callable[[socket.socket], Handed], tuple[socket.socket]]:
        ours, other = socket.socketpair()
        ours.setblocking(False)
        self._others[ours] = other
        self._selector.register(ours, EVENT_READ)
        return _handed, (other,)

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listening:
                    self._accept()
                else:
                    self._hear(key.fileobj)

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:  # who came has gone again, or there are too many files open: the next one is tried anew
            return
        with connection:
            for _ in range(len(self._ready)):
                channel = self._ready[0]
                self._ready.rotate(-1)
                try:
                    socket.send_fds(channel, [b"."], [connection.fileno()])
                    return
                except BlockingIOError:  # it is far behind
                    continue
                except OSError:
                    self._forget(channel)

    def _hear(self, channel: Any) -> None:
        try:
            listens = channel.recv(1)
        except OSError:
            listens = b""
        if not listens:  # the process has ended
            self._forget(channel)
            return
        self._others.pop(channel).close()
        if not self._ready:
            self._selector.register(self._listening, EVENT_READ)
        self._ready.append(channel)

    def _forget(self, channel: socket.socket) -> None:
        self._selector.unregister(channel)
        channel.close()
        if channel in self._ready:
            self._ready.remove(channel)
            if not self._ready:
                self._selector.unregister(self._listening)


class Handed(socket.socket):
    """Looks like a listening socket to a server; the connections on it were accepted by another process."""

    def listen(self, backlog: int = 0, /) -> None:
        """Asks for connections from now on."""
        self.send(b"!")

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection, and where it is from.

        Raises:
            BlockingIOError: there is none now.
        """
        said, descriptors, _, _ = socket.recv_fds(self, 1, 1)
        if not said:  # the process that accepts is gone, and nobody would ever come again
            os.kill(os.getpid(), signal.SIGTERM)
            raise BlockingIOError
        connection = socket.socket(fileno=descriptors[0])
        return connection, connection.getpeername()


def _handed(channel: socket.socket) -> Handed:
    return Handed(fileno=channel.detach())
