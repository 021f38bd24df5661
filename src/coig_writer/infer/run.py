"""Queries in, responses out: one model over all queries and samples, resumable, nothing asked twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coig_writer.errors import AGAIN, InputError, SettingError
from coig_writer.files import read_jsonl, write_text
from coig_writer.infer.flags import flags
from coig_writer.infer.prompting import Prompting, prompt_hash
from coig_writer.infer.queries import Task
from coig_writer.llm.batch import Ask, CallFailed, Progress, Summary, run_map
from coig_writer.llm.registry import ModelSpec
from coig_writer.schema import Response

SEED = 1
"""Of the first sample when neither the model's settings nor the user name one."""


@dataclass(frozen=True)
class InferSettings:
    """Everything that an answer depends on besides query and model."""

    prompting: Prompting = field(default_factory=Prompting)
    samples: int = 1
    sampling: dict[str, Any] | None = None
    """Such as temperature and max_tokens; overrides the model's own."""
    stream: bool = True
    """Whether the time to the first token is measured."""


@dataclass(frozen=True)
class InferResult:
    """What a run made."""

    calls: Summary
    flagged: dict[str, list[str]]
    """Flag or `error` → ids of the rows, in order; `id#2` is a query's third sample."""
    mean_characters: float


@dataclass(frozen=True, slots=True)
class _Row:
    """One answer that is wanted."""

    task: Task
    sample: int

    @property
    def id(self) -> str:
        return f"{self.task.id}#{self.sample}" if self.sample else self.task.id


def infer(
    tasks: Sequence[Task],
    *,
    out: Path,
    spec: ModelSpec,
    settings: InferSettings = InferSettings(),
    limit: int | None = None,
    concurrency: int | None = None,
    only_errors: bool = False,
    fresh: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> InferResult:
    """Writes one `Response` a query and sample to `out`, in the order of the queries.

    An answer is taken as it comes: empty, cut off or endless, it is kept and flagged, since asking until it looks well
    would flatter the model. A call that fails leaves a row with `error`; the next run asks for it again.

    Args:
        out: JSON Lines. Beside it: `OUT.jsonl.tmp` while running, `….calls.jsonl` afterwards, and
            `….settings.json`, by which a run with other settings is told from this one.
        spec: the model, with a `base_url`.
        limit: answer only the first so many queries.
        only_errors: ask only for what has an error in `out`, and begin no query that has no row there.
        fresh: forget earlier answers (they are moved aside).

    Raises:
        SettingError: `out` holds answers that were made with other settings; shows the difference.
        InputError: `only_errors` without an earlier `out`.
        ModelError, StorageError, Interrupted: as `llm.batch.run_map`.
    """
    tasks = tasks[:limit]
    if only_errors:
        begun = _answered(out)
        tasks = [task for task in tasks if task.id in begun]
    settle(out, spec, settings, fresh=fresh)
    rows = [_Row(task, sample) for task in tasks for sample in range(settings.samples)]
    chosen = {**spec.sampling, **(settings.sampling or {})}
    seed = chosen.get("seed")
    first_seed = seed if isinstance(seed, int) else SEED

    async def work(row: _Row, ask: Ask) -> Response:
        messages = settings.prompting.messages(row.task)
        seeded = {**(settings.sampling or {}), "seed": first_seed + row.sample}
        completion = await ask.once(
            "answer", messages, template=settings.prompting.template, sampling=seeded, stream=settings.stream
        )
        response = completion.text.strip(" \r\n\t")  # a leading full-width space is an indent and stays
        return _response(row).model_copy(
            update={
                "response": response,
                "reasoning": completion.reasoning,
                "flags": flags(response, completion.finish_reason),
                "finish_reason": completion.finish_reason,
                "prompt_tokens": completion.prompt_tokens,
                "completion_tokens": completion.completion_tokens,
                "cached_tokens": completion.cached_tokens,
                "seconds": completion.seconds,
                "first_token_seconds": completion.first_token_seconds,
                "prompt_hash": prompt_hash(messages),
            }
        )

    def _response(row: _Row) -> Response:
        return Response(
            id=row.task.id,
            query=row.task.query,
            model=spec.name,
            sample=row.sample,
            genre=row.task.genre,
            language=row.task.language,
            mode=settings.prompting.name,
            seed=first_seed + row.sample,
            sampling={key: value for key, value in chosen.items() if key != "seed"},
        )

    def on_failure(row: _Row, failed: CallFailed) -> Response:
        return _response(row).model_copy(update={"error": f"{failed.kind}: {failed.message}"})

    calls = run_map(
        rows,
        work,
        out=out,
        spec=spec,
        record_id=lambda row: row.id,
        on_failure=on_failure,
        concurrency=concurrency,
        fresh=fresh,
        progress=progress,
    )
    return _result(out, calls)


def _answered(out: Path) -> set[str]:
    if not out.exists():
        raise InputError("there is no earlier run to mend", where=str(out), remedy="Leave --only-errors out.")
    return {response.id for response in read_jsonl(out, Response)}


def _result(out: Path, calls: Summary) -> InferResult:
    flagged: dict[str, list[str]] = {}
    lengths = []
    for response in read_jsonl(out, Response):
        name = f"{response.id}#{response.sample}" if response.sample else response.id
        for flag in ["error"] if response.error else response.flags:
            flagged.setdefault(flag, []).append(name)
        if response.response:
            lengths.append(len(response.response))
    return InferResult(calls, flagged, sum(lengths) / len(lengths) if lengths else 0.0)


def settings_path(out: Path) -> Path:
    """Where the settings of the run on `out` are kept."""
    return out.with_name(f"{out.stem}.settings.json")


def settle(out: Path, spec: ModelSpec, settings: InferSettings, *, fresh: bool) -> None:
    """Writes down what the answers in `out` are made with, or makes sure that it is still the same.

    Raises:
        SettingError: something is different; says what, and how to go on.
    """
    path = settings_path(out)
    now = _described(spec, settings)
    begun = out.exists() or out.with_name(out.name + ".tmp").exists()
    if begun and not fresh and path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        different = [
            f"{key}: {_short(before.get(key))} → {_short(now.get(key))}"
            for key in sorted({*before, *now})
            if before.get(key) != now.get(key)
        ]
        if different:
            raise SettingError(
                f"the answers there were made with other settings ({'; '.join(different)})",
                where=str(out),
                remedy=f"Write to another file, or start over with --fresh; with the old settings {AGAIN} goes on.",
            )
    else:
        write_text(path, json.dumps(now, ensure_ascii=False, indent=2, sort_keys=True) + "\n")


def _described(spec: ModelSpec, settings: InferSettings) -> dict[str, Any]:
    prompting = settings.prompting
    return {
        "model": spec.model,
        "mode": prompting.name,
        "shape": prompting.shape if prompting.mode == "five-shot" else None,
        "system": prompting.system,
        "template": prompting.template,
        "samples": settings.samples,
        **{f"sampling.{name}": value for name, value in {**spec.sampling, **(settings.sampling or {})}.items()},
        **{f"extra_body.{name}": value for name, value in spec.extra_body.items()},
    }


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"
