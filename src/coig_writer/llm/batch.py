"""One engine for everything that asks a model about many records: a resumable map.

The work on one record is a chain of questions; chains run side by side. Every answer is in the
ledger before it is used, and rows are made of answers alone, so a run that was stopped, or killed,
replays its chains from the ledger and pays only for what is missing. `docs/batch.md` has the whole
story.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from coig_writer.errors import InputError, Interrupted
from coig_writer.files import dumps, whole_file
from coig_writer.llm.answers import AnswerError, answer_schema, parse_answer
from coig_writer.llm.calls import CallFailed, Calls, Patience, Tally
from coig_writer.llm.client import ChatClient, Completion, encode, request_body
from coig_writer.llm.ledger import Key, Ledger
from coig_writer.llm.registry import ModelSpec
from coig_writer.llm.throttle import Throttle

__all__ = ["Answer", "Ask", "CallFailed", "Patience", "Progress", "Summary", "run_map"]

SYNC_SECONDS = 1.0
"""How often the ledger goes to the disk; a power cut loses at most this much, a kill nothing."""
REPORT_SECONDS = 0.1
QUOTED = 2000
"""Characters of an unusable answer that are shown to the model when it is asked again."""

_AGAIN_ZH = "这个回答不能使用（{reason}）。请按原来的要求重新完整作答，只给出所要的内容。"
_AGAIN_EN = "This answer cannot be used ({reason}). Answer the original request again, in full and nothing else."
_CHINESE = re.compile("[\u4e00-\u9fff]")
_COMPLETION = [field.name for field in fields(Completion)]

T = TypeVar("T")
Row = BaseModel | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A usable answer to one question."""

    value: Any
    """A record of the type asked for, or the text."""
    completion: Completion
    reused: bool
    """Whether it came from the ledger."""
    attempts: int
    """Requests it took in this run; 0 when reused."""
    fingerprint: str
    """Hash of the request and the template's name: what the answer is an answer to."""


@dataclass(frozen=True)
class Summary:
    """What a run did and used; `reused` answers cost nothing and are in no other figure."""

    rows: int
    failed: int
    """Rows made by `on_failure`; the next run asks for them again."""
    calls: int
    """Answered calls, unusable answers among them."""
    reused: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: float | None
    """In `currency`; None when the model's prices are not known."""
    currency: str
    seconds: float

    @property
    def cached_share(self) -> float | None:
        """Share (0–1) of the prompt tokens that the server took from its cache."""
        return self.cached_tokens / self.prompt_tokens if self.prompt_tokens else None

    def __str__(self) -> str:
        parts = [f"{self.rows:,} rows" + (f" ({self.failed:,} failed)" if self.failed else "")]
        parts.append(f"{self.calls:,} calls, {self.reused:,} answers reused")
        if self.calls:
            share = f" ({self.cached_share:.0%} cached)" if self.cached_share is not None else ""
            parts.append(f"tokens: {self.prompt_tokens:,} in{share}, {self.completion_tokens:,} out")
        if self.cost is not None:
            parts.append(f"{self.cost:.4f} {self.currency}")
        return " · ".join([*parts, f"{self.seconds:.1f} s"])


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    total: int
    so_far: Summary
    in_flight: int
    stopping: bool
    """The user asked to stop; calls in flight are being waited for."""


class Ask:
    """Asks the model on behalf of one record; given to the work function, one question after another."""

    def __init__(self, calls: Calls, ledger: Ledger, record_id: str, place: int):
        self._calls = calls
        self._ledger = ledger
        self._record_id = record_id
        self._place = place

    async def __call__(
        self,
        step: str,
        messages: list[dict],
        *,
        answer: type[BaseModel] | None = None,
        template: str = "",
        sampling: dict | None = None,
        check: Callable[[Any], None] | None = None,
    ) -> Answer:
        """The answer to one question, from the ledger if it was asked before, else from the model.

        An unusable answer (empty, cut off, not of type `answer`, refused by `check`) is asked for
        again, up to `Patience.answer` times: with the next seed if there is one, and with what was
        wrong told to the model. To ask the same thing several times, use several step names.

        Args:
            step: names the question within the record.
            answer: the record type expected; None for text, which comes without white space around it.
            template: name or hash of the prompt template; part of the fingerprint.
            sampling: overrides the model's own.
            check: raises `AnswerError` for an answer that is well-formed but wrong.

        Raises:
            CallFailed: every attempt failed; `kind` says how.
        """
        schema = answer_schema(answer) if answer else None
        body = request_body(self._calls.client.spec, messages, schema=schema, sampling=sampling)
        encoded = encode(body)
        fingerprint = hashlib.blake2b(template.encode() + b"\0" + encoded, digest_size=16).hexdigest()
        question = _Question((self._record_id, step, fingerprint), template, body, encoded, answer, check)
        remembered = self._ledger.find(question.key)
        if remembered is None:
            return await self._ask(question)
        line, unusable = remembered
        completion = _recall(line)
        try:
            value = question.value_in(completion)
        except AnswerError as error:  # the run died while asking again, or `check` is stricter now
            return await self._ask(question, max(1, unusable), completion, error.message)
        self._calls.tally.reused += 1
        await asyncio.sleep(0)  # a chain that is only replayed never waits; Ctrl-C must get a turn
        return Answer(value, completion, reused=True, attempts=0, fingerprint=fingerprint)

    async def _ask(
        self, question: _Question, unusable: int = 0, last: Completion | None = None, reason: str = ""
    ) -> Answer:
        """A usable answer from the model, after so many unusable ones, of which the `last` failed for `reason`."""
        _, step, fingerprint = question.key
        attempts = 0
        try:
            while unusable < self._calls.patience.answer:
                request = question.encoded if last is None else question.asked_again(last, reason, unusable)
                last, requests = await self._calls.send(request, step=step, place=self._place)
                attempts += requests
                try:
                    value = question.value_in(last)
                except AnswerError as error:
                    unusable, reason = unusable + 1, error.message
                    self._note(question, last, unusable=reason)
                else:
                    self._note(question, last)
                    return Answer(value, last, reused=False, attempts=attempts, fingerprint=fingerprint)
            raise CallFailed(step, "invalid-answer", reason)
        except CallFailed as error:
            self._ledger.append({**_line(question.key), "failed": error.kind, "message": error.message})
            raise

    def _note(self, question: _Question, completion: Completion, **more: str) -> None:
        about = {"template": question.template, "model": self._calls.client.spec.model}
        self._ledger.append({**_line(question.key), **about, **_recorded(completion), **more})


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, and what counts as an answer."""

    key: Key
    template: str
    body: dict[str, Any]
    encoded: bytes
    answer: type[BaseModel] | None
    check: Callable[[Any], None] | None

    def value_in(self, completion: Completion) -> Any:
        """The value in an answer; raises `AnswerError` when it cannot be used."""
        if completion.finish_reason == "length":
            raise AnswerError("the answer was cut off at the token limit")
        text = completion.text.strip(" \r\n\t")  # a leading full-width space is an indent and stays
        if not text:
            raise AnswerError("the answer is empty")
        value = parse_answer(text, self.answer) if self.answer else text
        if self.check:
            self.check(value)
        return value

    def asked_again(self, last: Completion, reason: str, unusable: int) -> bytes:
        """The request after an unusable answer: the next seed, and what was wrong, after the shared prefix.

        Nothing can be learnt from an answer that is empty or was cut off; then only the seed changes.
        """
        again = dict(self.body)
        messages = self.body["messages"]
        if "seed" in again:
            again["seed"] += unusable
        if last.text.strip() and last.finish_reason != "length":
            chinese = _CHINESE.search(str(messages[-1]["content"]))
            turn = (_AGAIN_ZH if chinese else _AGAIN_EN).format(reason=reason)
            said = {"role": "assistant", "content": last.text[:QUOTED]}
            again["messages"] = [*messages, said, {"role": "user", "content": turn}]
        return encode(again)


def run_map(
    records: Sequence[T],
    work: Callable[[T, Ask], Awaitable[Row]],
    *,
    out: Path,
    spec: ModelSpec,
    record_id: Callable[[T], str],
    on_failure: Callable[[T, CallFailed], Row],
    concurrency: int | None = None,
    fresh: bool = False,
    progress: Callable[[Progress], None] | None = None,
    patience: Patience = Patience(),
) -> Summary:
    """Writes one row a record to `out`, in the order of `records`.

    Args:
        work: makes a record's row, asking the model as it goes; besides the answers it must depend
            on the record and on settings alone, since it is replayed when the run is resumed.
        out: a `.jsonl` file; it appears whole when all rows are there. The ledger is `out` + `.tmp`
            while the run lasts and `….calls.jsonl` afterwards.
        spec: the model, with a `base_url`.
        record_id: a unique name.
        on_failure: the row of a record for which a call failed for good; never an invented answer.
        concurrency: most chains alive at once; by default the model's own bound.
        fresh: forget earlier answers (their ledger is renamed, not deleted).
        progress: called a few times a second.

    Raises:
        ModelError: no call will succeed (wrong key or URL, server down).
        StorageError: `out` is being written by another run, or the disk is full.
        InputError: two records have the same id.
        Interrupted: Ctrl-C. In all cases answered calls are kept for the next run.
    """
    ids = [record_id(record) for record in records]
    if len(set(ids)) < len(ids):
        raise InputError(f"two records have the id {Counter(ids).most_common(1)[0][0]!r}", remedy="Remove one of them.")
    with Ledger(Path(out), fresh=fresh) as ledger:
        run = _Run(records, ids, work, on_failure, spec, ledger, progress)
        lines = asyncio.run(run.go(min(concurrency or spec.concurrency, max(1, len(records))), patience))
        with whole_file(out) as temporary, open(temporary, "w", encoding="utf-8", errors="replace") as file:
            file.writelines(lines)
        ledger.finish()
    return run.summary()


@dataclass
class _Run(Generic[T]):
    """The moving parts of one `run_map`."""

    records: Sequence[T]
    ids: list[str]
    work: Callable[[T, Ask], Awaitable[Row]]
    on_failure: Callable[[T, CallFailed], Row]
    spec: ModelSpec
    ledger: Ledger
    progress: Callable[[Progress], None] | None

    def __post_init__(self) -> None:
        self.tally = Tally()
        self.lines = [""] * len(self.records)
        self.done = self.failed = 0
        self.stopping = False
        self.begun = time.monotonic()
        self.calls: Calls

    async def go(self, chains: int, patience: Patience) -> list[str]:
        """The rows as lines, in the order of the records."""
        async with ChatClient(self.spec) as client:
            throttle = Throttle(min(chains, self.spec.concurrency))
            self.calls = Calls(client, throttle, patience, self.tally, answered_before=len(self.ledger) > 0)
            queue = iter(enumerate(self.records))
            try:
                async with asyncio.TaskGroup() as group:
                    upkeep = group.create_task(self._keep_up())
                    workers = [group.create_task(self._work_off(queue)) for _ in range(chains)]
                    with self._interruptible(workers):
                        await asyncio.wait(workers)
                    upkeep.cancel()
            except BaseExceptionGroup as problems:
                raise problems.exceptions[0] from None
            finally:
                self.ledger.sync()
                self._report()
        if self.done < len(self.records):
            raise Interrupted(
                f"stopped; {self.done:,} of {len(self.records):,} records are done",
                where=str(self.ledger.path),
                remedy="Run the same command again to go on: answered calls are kept and not paid twice.",
            )
        return self.lines

    def summary(self) -> Summary:
        tally = self.tally
        return Summary(
            rows=self.done,
            failed=self.failed,
            **asdict(tally),
            cost=self.spec.cost(tally.prompt_tokens, tally.completion_tokens, tally.cached_tokens),
            currency=self.spec.currency,
            seconds=time.monotonic() - self.begun,
        )

    async def _work_off(self, queue: Iterator[tuple[int, T]]) -> None:
        """One chain after another, each on the next record that nobody has begun."""
        for place, record in queue:
            if self.stopping:
                return
            try:
                row = await self.work(record, Ask(self.calls, self.ledger, self.ids[place], place))
            except CallFailed as error:
                row = self.on_failure(record, error)
                self.failed += 1
            self.lines[place] = dumps(row) + "\n"
            self.done += 1

    async def _keep_up(self) -> None:
        """Reports progress, and puts the ledger on the disk in a thread, beside the calls."""
        synced = time.monotonic()
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            self._report()
            if time.monotonic() - synced >= SYNC_SECONDS:
                await asyncio.to_thread(self.ledger.sync)
                synced = time.monotonic()

    def _report(self) -> None:
        if self.progress:
            in_flight = self.calls.throttle.in_flight
            self.progress(Progress(len(self.records), self.summary(), in_flight, self.stopping))

    @contextmanager
    def _interruptible(self, workers: list[asyncio.Task[None]]) -> Iterator[None]:
        """The first Ctrl-C lets calls in flight come home, the second drops them."""

        def interrupt() -> None:
            if self.stopping:
                for worker in workers:
                    worker.cancel()
            self.stopping = True
            self.calls.stop()

        if threading.current_thread() is not threading.main_thread():
            yield  # signals reach the main thread alone
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupt)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


def _line(key: Key) -> dict[str, Any]:
    record_id, step, fingerprint = key
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return {"id": record_id, "step": step, "fingerprint": fingerprint, "at": at}


def _recorded(completion: Completion) -> dict[str, Any]:
    return {name: getattr(completion, name) for name in _COMPLETION}  # `asdict` copies deeply, and slowly


def _recall(line: dict[str, Any]) -> Completion:
    return Completion(**{name: line[name] for name in _COMPLETION})
