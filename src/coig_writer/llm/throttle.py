"""How many calls are in flight: as many as allowed, fewer when the server says it has too many."""

from __future__ import annotations

import asyncio
import heapq
import time

FEWER = 0.5
"""A busy server is given this share of the calls it had."""


class Throttle:
    """Bounds the calls in flight; halves the bound when the server pushes back, and creeps up again.

    Who waits is let in by place, lowest first, so that records begun early finish early and the
    server's prefix cache serves few articles at a time.

    Args:
        most: the bound that is never exceeded.
    """

    def __init__(self, most: int):
        self.most = most
        self.limit = float(most)
        self.in_flight = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = 0
        self._open_at = 0.0
        self._cut_at = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._closed = False

    async def acquire(self, place: int) -> float:
        """Waits for a slot and returns the time at which the call starts (seconds, monotonic).

        Raises:
            asyncio.CancelledError: the throttle was closed.
        """
        if self._closed:
            raise asyncio.CancelledError
        if self._waiting or not self._has_room():
            turn = asyncio.get_running_loop().create_future()
            self._arrivals += 1
            heapq.heappush(self._waiting, (place, self._arrivals, turn))
            self._admit()
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self.release()
                raise
        else:
            self.in_flight += 1
        return time.monotonic()

    def release(self) -> None:
        """Gives a slot back."""
        self.in_flight -= 1
        self._admit()

    def ease(self) -> None:
        """The server answered: one slot more after as many answers as there are slots."""
        if self.limit < self.most:
            self.limit = min(self.most, self.limit + 1 / self.limit)

    def push_back(self, started: float, retry_after: float | None) -> None:
        """The server was busy for a call begun at `started`.

        Calls that were already on their way when the bound was last cut do not cut it again. Nobody
        is let in until `retry_after` seconds have passed.
        """
        now = time.monotonic()
        if started >= self._cut_at:
            self.limit = max(1.0, self.limit * FEWER)
            self._cut_at = now
        if retry_after:
            self._open_at = max(self._open_at, now + retry_after)

    def close(self) -> None:
        """Lets nobody in any more; who waits is cancelled."""
        self._closed = True
        while self._waiting:
            heapq.heappop(self._waiting)[2].cancel()

    def _has_room(self) -> bool:
        return self.in_flight < int(self.limit) and time.monotonic() >= self._open_at

    def _admit(self) -> None:
        while self._waiting and self._has_room():
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)
        pause = self._open_at - time.monotonic()
        if self._waiting and pause > 0:
            if self._alarm:
                self._alarm.cancel()
            self._alarm = asyncio.get_running_loop().call_later(pause, self._admit)
