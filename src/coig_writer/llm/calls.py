"""The calls of one run: bounded, tried again where that can help, counted, and given up as a whole when futile."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from coig_writer.errors import AGAIN, ModelError
from coig_writer.llm.client import CallError, ChatClient, Completion, Kind, RefusedError, RetryableError
from coig_writer.llm.throttle import Throttle

FUTILE = 8
"""So many calls in a row that failed for good end the run: the server is down, not the record at fault.
So do as many records in a row that were lost to unusable answers, with no usable one in between."""
FIRST_TRIES = 3
"""Tries to connect to a server that has never answered."""
LONGEST_PAUSE = 600
"""Seconds; a server that asks for a longer pause (a daily quota) ends the run."""
AGAIN_AFTER_FRESH = "the same command without --fresh"
"""How to go on after a run that started afresh; with --fresh all would be asked and paid again."""


class CallFailed(ModelError):
    """No usable answer for one step of one record; it is asked again by the next run."""

    def __init__(self, step: str, kind: Kind, message: str):
        super().__init__(message, where=step)
        self.step = step
        self.kind = kind


@dataclass(frozen=True)
class Patience:
    """How many times one question is tried, by what went wrong, and how long the waits between are."""

    busy: int = 12
    """On 429 and 503."""
    server: int = 5
    connection: int = 5
    timeout: int = 3
    answer: int = 3
    """Unusable answers: not JSON, out of range, cut off."""
    first_wait: float = 0.5
    """Seconds; doubles with each try, and between half and all of it is waited."""
    longest_wait: float = 60.0
    """Seconds."""

    def tries(self, kind: Kind) -> int:
        """How often a call is tried that fails by `kind`."""
        known: dict[Kind, int] = {"rate-limit": self.busy, "connection": self.connection, "timeout": self.timeout}
        return known.get(kind, self.server)

    def wait(self, failures: int, retry_after: float | None) -> float:
        """Seconds until the next try after so many failures."""
        longest = min(self.longest_wait, self.first_wait * 2 ** (failures - 1))
        return random.uniform(longest / 2, longest) + (retry_after or 0.0)


@dataclass
class Tally:
    """What a run has used so far."""

    calls: int = 0
    """Answered calls, unusable answers among them."""
    reused: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    def add(self, completion: Completion) -> None:
        self.calls += 1
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens
        self.cached_tokens += completion.cached_tokens


class Calls:
    """Sends requests for a run.

    Args:
        client: an open client.
        throttle: bounds what is in flight.
        tally: is added to.
        answered_before: whether this model answered in an earlier run.
        usable_before: whether one of those answers could be used.
        again: the command that goes on with this run.
    """

    def __init__(
        self,
        client: ChatClient,
        throttle: Throttle,
        patience: Patience,
        tally: Tally,
        *,
        answered_before: bool = False,
        usable_before: bool = False,
        again: str = AGAIN,
    ):
        self.client = client
        self.throttle = throttle
        self.patience = patience
        self.tally = tally
        self._stopping = asyncio.Event()
        self._works = answered_before
        self._answers_used = usable_before
        self._again = again
        self._lost_in_a_row = 0
        self._unusable_in_a_row = 0
        self._hopeless: ModelError | None = None

    def stop(self) -> None:
        """Lets calls in flight come home and begins no new one: who asks is cancelled."""
        self._stopping.set()
        self.throttle.close()

    async def send(self, body: dict[str, Any] | bytes, *, step: str, place: int, stream: bool = False) -> Completion:
        """An answer to a request.

        Args:
            place: the record's place in the run; lower ones go first.
            stream: measures the time to the first token; for bodies that are not encoded yet.

        Raises:
            CallFailed: this call has no answer; others may.
            ModelError: no call will have one (wrong key, wrong URL, server down): the run ends.
        """
        failures: Counter[Kind] = Counter()
        while True:
            if self._hopeless:
                raise self._hopeless
            started = await self.throttle.acquire(place)
            try:
                completion = await self.client.send(body, stream=stream)
            except RetryableError as error:
                failures[error.kind] += 1
                if error.kind == "rate-limit":
                    self.throttle.push_back(started, error.retry_after)
                self._judge(error, step, failures[error.kind])
                wait = self.patience.wait(failures.total(), error.retry_after)
            except RefusedError as error:
                raise self._lost(error, step) from error
            else:
                self._works = True
                self._lost_in_a_row = 0
                self.throttle.ease()
                self.tally.add(completion)
                return completion
            finally:
                self.throttle.release()
            await self._sleep(wait)

    def usable(self) -> None:
        """Notes that an answer could be used."""
        self._answers_used = True
        self._unusable_in_a_row = 0

    def unusable(self, reason: str, *, known: bool) -> None:
        """Notes that a record was lost to unusable answers, the last one for `reason`.

        Args:
            known: whether an earlier run lost it in the same way. Such records come first in the
                next run and would end it each time; they count only while nothing was ever usable.

        Raises:
            ModelError: so many were lost in a row that it is the model's fault: the run ends.
        """
        if known and self._answers_used:
            return
        self._unusable_in_a_row += 1
        if self._unusable_in_a_row >= FUTILE:
            name = self.client.spec.name
            raise self._end(
                f"no usable answer for {FUTILE} records in a row, the last one: {reason}",
                remedy="Choose a more able model, allow longer answers (max_tokens), or see what it can do: "
                f"coig-writer models check {name}.",
            )

    def _judge(self, error: RetryableError, step: str, failures: int) -> None:
        """Raises when trying again is no use."""
        if (error.retry_after or 0) > LONGEST_PAUSE:
            raise self._give_up(error, f"the server asks to wait for {error.retry_after:.0f} s") from error
        if error.kind == "connection" and not self._works and failures >= FIRST_TRIES:
            raise self._give_up(error, error.message) from error
        if failures >= self.patience.tries(error.kind):
            raise self._lost(error, step) from error

    def _lost(self, error: CallError, step: str) -> ModelError:
        """The error for a call that failed for good: the record's own, or the end of the run."""
        if isinstance(error, RefusedError) and error.ambiguous and self._works:
            return CallFailed(step, "refusal", error.message)
        if error.kind in ("auth", "setup"):
            return self._give_up(error, error.message)
        # A text that is too long or that a filter refuses says nothing about the next one,
        # unless nothing at all was ever answered.
        if error.kind != "context" and not (error.kind == "refusal" and self._works):
            self._lost_in_a_row += 1
        if self._lost_in_a_row >= FUTILE:
            return self._give_up(error, f"{FUTILE} calls in a row failed, the last one: {error.message}")
        return CallFailed(step, error.kind, error.message)

    def _give_up(self, error: CallError, message: str) -> ModelError:
        spec = self.client.spec
        remedy = error.remedy or f"Check that the server runs: coig-writer models check {spec.name}."
        return self._end(message, where=error.where, remedy=remedy)

    def _end(self, message: str, *, remedy: str, where: str | None = None) -> ModelError:
        """The error that ends the run, for this call and all others."""
        where = where or self.client.spec.base_url
        go_on = f"Then run {self._again}: finished calls are kept and not paid twice."
        self._hopeless = ModelError(message, where=where, remedy=f"{remedy} {go_on}")
        return self._hopeless

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
