"""What results took in all, counted from the ledger beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from coig_writer.files import read_journal
from coig_writer.llm.registry import ModelSpec


@dataclass(frozen=True)
class Cost:
    """All calls that were answered for an output, over all its runs, unusable answers among them."""

    calls: int
    unusable: int
    """Answers that were asked for again."""
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    seconds: float
    """Sum over calls; calls run side by side, so less time has passed."""
    cost: float | None
    """In `currency`; None when the model's prices are not known."""
    currency: str


def spent(outs: Iterable[Path], spec: ModelSpec) -> Cost:
    """What the answers of `spec` took that lie beside these finished outputs."""
    ledgers = [out.with_name(f"{out.stem}.calls.jsonl") for out in outs]
    lines = [line for path in ledgers for line, _ in read_journal(path) if line.get("model") == spec.model]
    prompt, completion, cached = (
        sum(line[name] for line in lines) for name in ("prompt_tokens", "completion_tokens", "cached_tokens")
    )
    return Cost(
        calls=len(lines),
        unusable=sum("unusable" in line for line in lines),
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        seconds=sum(line["seconds"] or 0.0 for line in lines),
        cost=spec.cost(prompt, completion, cached),
        currency=spec.currency,
    )
