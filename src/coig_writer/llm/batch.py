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

from coig_writer.errors import AGAIN, InputError, Interrupted, StorageError
from coig_writer.files import dumps, whole_file
from coig_writer.llm.answers import AnswerError, answer_schema, parse_answer
from coig_writer.llm.calls import AGAIN_AFTER_FRESH, CallFailed, Calls, Patience, Tally
from coig_writer.llm.client import ChatClient, Completion, encode, request_body
from coig_writer.llm.ledger import Key, Ledger
from coig_writer.llm.marks import split_marks
from coig_writer.llm.registry import ModelSpec
from coig_writer.llm.throttle import Throttle

__all__ = ["Answer", "Ask", "CallFailed", "Patience", "Progress", "Summary", "run_map"]

SYNC_SECONDS = 1.0
"""How often the ledger goes to the disk; a power cut loses at most this much, a kill nothing."""
REPORT_SECONDS = 0.1
QUOTED = 2000
"""Characters of an unusable answer that are shown to the model when it is asked again."""

_ZH = {
    "again": "这是第 {number} 次作答。",
    "wrong": "上面的回答不能使用（{reason}）。请按原来的要求重新完整作答，只给出所要的内容。",
    "cut off": "上一次的回答太长，没有写完就中断了。请写得更短，并且写完。",
    "anew": "上一次的回答不能使用。请按上述要求完整作答，只给出所要的内容。",
}
_EN = {
    "again": "This is attempt {number}. ",
    "wrong": "The answer above cannot be used ({reason}). Answer the original request in full and nothing else.",
    "cut off": "The last answer was too long and broke off. Be shorter, and finish.",
    "anew": "The last answer could not be used. Answer the request above in full and nothing else.",
}
_CHINESE = re.compile("[\u4e00-\u9fff]")
_COMPLETION = [field.name for field in fields(Completion)]

T = TypeVar("T")
R = TypeVar("R", bound=BaseModel | dict[str, Any])


@dataclass(frozen=True, slots=True)
class Answer:
    """A usable answer to one question."""

    value: Any
    """A record of the type asked for, or the text."""
    at: datetime
    """When it was received, to the second; the same when it comes from the ledger."""


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
    """Rows that there will be; with a limit it grows by each row that does not count."""
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
        wrong told to the model. A later run goes on from there and repeats no request. To ask the
        same thing several times, use several step names.

        Args:
            step: names the question within the record.
            answer: the record type expected; None for text, which comes without white space around it.
            template: name or hash of the prompt template; part of the fingerprint.
            sampling: overrides the model's own; None in it leaves a setting out.
            check: raises `AnswerError` for an answer that is well-formed but wrong.

        Raises:
            CallFailed: every attempt failed; `kind` says how.
        """
        question = self._question(step, messages, template, sampling, answer, check)
        remembered = self._ledger.find(question.key)
        if remembered is None:
            return await self._ask(question)
        line, answers = remembered
        if "failed" in line:
            return await self._ask(question, answers, known=line["failed"] == "invalid-answer")
        completion = _recall(line)
        try:
            value = question.value_in(completion)
        except AnswerError as error:  # the run died while asking again, or `check` is stricter now
            return await self._ask(question, answers, _Unusable(completion, error))
        self._calls.tally.reused += 1
        await asyncio.sleep(0)  # a chain that is only replayed never waits; Ctrl-C must get a turn
        return Answer(value, datetime.fromisoformat(line["at"]))

    async def once(
        self, step: str, messages: list[dict], *, template: str = "", sampling: dict | None = None, stream: bool = False
    ) -> Completion:
        """The model's completion as it is, from the ledger if it was asked before: empty or cut off, it counts.

        For when the answer itself is what is being looked at, and asking again would embellish it.

        Args:
            stream: measures the time to the first token.

        Raises:
            CallFailed: the call failed; the next run asks again.
        """
        question = self._question(step, messages, template, sampling)
        line, _ = self._ledger.find(question.key) or ({"failed": True}, 0)
        if "failed" not in line:
            self._calls.tally.reused += 1
            await asyncio.sleep(0)
            return _recall(line)
        try:
            completion = await self._calls.send(question.body, step=step, place=self._place, stream=stream)
        except CallFailed as failed:
            self._ledger.append({**_line(question.key), "failed": failed.kind, "message": failed.message})
            raise
        self._note(question, completion)
        return completion

    def _question(
        self,
        step: str,
        messages: list[dict],
        template: str,
        sampling: dict | None,
        answer: type[BaseModel] | None = None,
        check: Callable[[Any], None] | None = None,
    ) -> _Question:
        schema = answer_schema(answer) if answer else None
        body = request_body(self._calls.client.spec, messages, schema=schema, sampling=sampling)
        encoded = encode(body)
        fingerprint = hashlib.blake2b(template.encode() + b"\0" + encoded, digest_size=16).hexdigest()
        return _Question((self._record_id, step, fingerprint), template, body, encoded, answer, check)

    async def _ask(
        self, question: _Question, answers: int = 0, last: _Unusable | None = None, *, known: bool = False
    ) -> Answer:
        """A usable answer from the model, after so many `answers` that were not, the `last` one among them.

        Args:
            known: an earlier run gave this question up.
        """
        step = question.key[1]
        tries = self._calls.patience.answer
        try:
            for number in range(answers, (answers // tries + 1) * tries):
                request = question.asked_again(last, number) if number else question.encoded
                completion = await self._calls.send(request, step=step, place=self._place)
                try:
                    value = question.value_in(completion)
                except AnswerError as error:
                    last = _Unusable(completion, error)
                    self._note(question, completion, unusable=error.message)
                else:
                    at = self._note(question, completion)
                    self._calls.usable()
                    return Answer(value, datetime.fromisoformat(at))
            assert last is not None  # there is at least one try
            raise CallFailed(step, "invalid-answer", last.error.message)
        except CallFailed as failed:
            self._ledger.append({**_line(question.key), "failed": failed.kind, "message": failed.message})
            if failed.kind == "invalid-answer":
                self._calls.unusable(failed.message, known=known)
            raise

    def _note(self, question: _Question, completion: Completion, **more: str) -> str:
        """Puts an answer into the ledger; returns its time stamp."""
        about = {"template": question.template, "model": self._calls.client.spec.model}
        line = {**_line(question.key), **about, **_recorded(completion), **more}
        self._ledger.append(line)
        return line["at"]


@dataclass(frozen=True, slots=True)
class _Unusable:
    """An answer that cannot be used, and why."""

    completion: Completion
    error: AnswerError

    @property
    def cut_off(self) -> bool:
        """Whether the token limit ended it."""
        return self.completion.finish_reason == "length"


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

    def asked_again(self, last: _Unusable | None, answers: int) -> bytes:
        """The request after so many unusable answers: the next seed, and what was wrong, after the shared prefix.

        It differs from all before it even where no seed is sent or the temperature is 0. What the
        model said is quoted if something can be learnt from it and it may be repeated.
        """
        again = dict(self.body)
        *before, task = self.body["messages"]
        if isinstance(again.get("seed"), int):
            again["seed"] += answers
        texts = _ZH if _CHINESE.search(str(task["content"])) else _EN
        begin = texts["again"].format(number=answers + 1)
        if last and last.error.repeatable and last.completion.text.strip() and not last.cut_off:
            said = {"role": "assistant", "content": split_marks(last.completion.text[:QUOTED])}
            turn = begin + texts["wrong"].format(reason=split_marks(last.error.message[:QUOTED]))
            again["messages"] = [*before, task, said, {"role": "user", "content": turn}]
        else:
            turn = begin + texts["cut off" if last and last.cut_off else "anew"]
            again["messages"] = [*before, {**task, "content": f"{task['content']}\n\n{turn}"}]
        return encode(again)


def run_map(
    records: Sequence[T],
    work: Callable[[T, Ask], Awaitable[R]],
    *,
    out: Path,
    spec: ModelSpec,
    record_id: Callable[[T], str],
    on_failure: Callable[[T, CallFailed], R],
    limit: int | None = None,
    counts: Callable[[R], bool] = lambda row: True,
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
        limit: begin no record more than it takes for so many rows that count; the records after it get no row.
        counts: whether a row counts towards `limit`; by default each does.
        concurrency: most chains alive, and so calls in flight, at once; by default the model's own
            bound, which for a model on this machine is the number of its server's slots and stays the bound.
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
    most = concurrency or spec.concurrency
    if spec.local:
        most = min(most, spec.concurrency)
    again = AGAIN_AFTER_FRESH if fresh else AGAIN
    with Ledger(Path(out), fresh=fresh) as ledger, _going_on(again):
        run = _Run(records, ids, work, on_failure, limit, counts, spec, ledger, progress, again)
        lines = asyncio.run(run.go(min(most, max(1, len(records))), patience))
        with whole_file(out) as temporary, open(temporary, "w", encoding="utf-8", errors="replace") as file:
            file.writelines(lines)
        ledger.finish()
    return run.summary()


@dataclass
class _Run(Generic[T, R]):
    """The moving parts of one `run_map`."""

    records: Sequence[T]
    ids: list[str]
    work: Callable[[T, Ask], Awaitable[R]]
    on_failure: Callable[[T, CallFailed], R]
    limit: int | None
    counts: Callable[[R], bool]
    spec: ModelSpec
    ledger: Ledger
    progress: Callable[[Progress], None] | None
    again: str

    def __post_init__(self) -> None:
        self.tally = Tally()
        self.lines = [""] * len(self.records)
        self.taken = self.done = self.failed = self.uncounted = 0
        self.stopping = False
        self.begun = time.monotonic()
        self.calls: Calls

    async def go(self, chains: int, patience: Patience) -> list[str]:
        """The rows as lines, in the order of the records."""
        async with ChatClient(self.spec) as client:
            self.calls = Calls(
                client,
                Throttle(chains),
                patience,
                self.tally,
                answered_before=self.ledger.answered_by(self.spec.model),
                usable_before=self.ledger.usable_from(self.spec.model),
                again=self.again,
            )
            try:
                async with asyncio.TaskGroup() as group:
                    upkeep = group.create_task(self._keep_up())
                    workers = [group.create_task(self._work_off()) for _ in range(chains)]
                    with self._interruptible(workers):
                        await asyncio.wait(workers)
                    upkeep.cancel()
            except BaseExceptionGroup as problems:
                raise problems.exceptions[0] from None
            finally:
                self.ledger.sync()
                self._report()
        if self.done < self.total:
            raise Interrupted(
                f"stopped; {self.done:,} of {self.total:,} records are done",
                where=str(self.ledger.path),
                remedy=f"Run {self.again} to go on: answered calls are kept and not paid twice.",
            )
        return self.lines

    @property
    def total(self) -> int:
        """Records that will get a row, as far as is known."""
        return len(self.records) if self.limit is None else min(len(self.records), self.limit + self.uncounted)

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

    async def _work_off(self) -> None:
        """One chain after another, each on the next record that nobody has begun."""
        # What is in work is taken to count. A row that does not count makes room for one more record, which
        # this very chain then takes up; so which records are begun does not depend on who is done first.
        while not self.stopping and self.taken < self.total:
            place, record = self.taken, self.records[self.taken]
            self.taken += 1
            try:
                row = await self.work(record, Ask(self.calls, self.ledger, self.ids[place], place))
            except CallFailed as error:
                row = self.on_failure(record, error)
                self.failed += 1
            self.lines[place] = dumps(row) + "\n"
            self.uncounted += not self.counts(row)
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
            self.progress(Progress(self.total, self.summary(), in_flight, self.stopping))

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


@contextmanager
def _going_on(again: str) -> Iterator[None]:
    """Says in the remedy of a `StorageError` how this run is gone on with."""
    try:
        yield
    except StorageError as error:
        error.remedy = error.remedy and error.remedy.replace(AGAIN, again)
        raise


def _line(key: Key) -> dict[str, Any]:
    record_id, step, fingerprint = key
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return {"id": record_id, "step": step, "fingerprint": fingerprint, "at": at}


def _recorded(completion: Completion) -> dict[str, Any]:
    return {name: getattr(completion, name) for name in _COMPLETION}  # `asdict` copies deeply, and slowly


def _recall(line: dict[str, Any]) -> Completion:
    return Completion(**{name: line[name] for name in _COMPLETION})
