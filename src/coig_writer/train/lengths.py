"""How long samples are in tokens, and what a context would cut off: counted before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from coig_writer.errors import InputError
from coig_writer.files import write_jsonl
from coig_writer.train.settings import OnLong
from coig_writer.train.template import Encoded

_PERCENTILES = (50, 90, 99)
_STEP = 64


@dataclass(frozen=True)
class TooLong:
    """A sample that is longer than the context."""

    id: str
    where: str
    source: str
    genre: str | None
    tokens: int
    beyond: int
    """Tokens that would be lost; the token that ends the turn is always the first to go."""
    done: str
    """`refused`, `dropped` or `cut`."""


@dataclass(frozen=True)
class Lengths:
    """Lengths of the samples, tokens."""

    samples: int
    tokens: int
    learnt: int
    """Tokens with a label."""
    longest: int
    percentiles: dict[str, int]
    needed: int
    """The context that holds every sample, rounded up to a multiple of 64."""

    @property
    def value(self) -> dict[str, Any]:
        return asdict(self)


def lengths_of(encoded: Sequence[Encoded]) -> Lengths:
    """The lengths of at least one sample."""
    sizes = sorted(len(each.ids) for each in encoded)
    return Lengths(
        samples=len(sizes),
        tokens=sum(sizes),
        learnt=sum(len(each.ids) - each.prompt for each in encoded),
        longest=sizes[-1],
        percentiles={f"p{share}": sizes[min(len(sizes) - 1, len(sizes) * share // 100)] for share in _PERCENTILES},
        needed=-(-sizes[-1] // _STEP) * _STEP,
    )


def fit(
    encoded: Sequence[Encoded], context: int, on_long: OnLong, listing: Path
) -> tuple[list[Encoded], list[TooLong]]:
    """(samples that are trained on, samples that are longer than `context`).

    Args:
        listing: JSON Lines that name each sample that is too long; written when there is one, else removed.

    Raises:
        InputError: `on_long` is `refuse` and a sample is too long, or nothing is left.
    """
    done = {"refuse": "refused", "drop": "dropped", "cut": "cut"}[on_long]
    long = [_too_long(each, context, done) for each in encoded if len(each.ids) > context]
    if not long:
        listing.unlink(missing_ok=True)
        return list(encoded), []
    write_jsonl(listing, map(asdict, long))
    if on_long == "refuse":
        needed, lost = lengths_of(encoded).needed, sum(each.beyond for each in long)
        raise InputError(
            f"{len(long):,} of {len(encoded):,} samples are longer than {context:,} tokens and would lose "
            f"{lost:,} tokens and their ends, first {long[0].id} at {long[0].where} with {long[0].tokens:,}",
            where=str(listing),
            remedy=f"Train with --context {needed} if memory allows, or say --on-long drop or --on-long cut.",
        )
    kept = [each for each in encoded if len(each.ids) <= context]
    if on_long == "cut":
        kept = [_cut(each, context) for each in encoded if each.prompt < context]
    if not kept:
        raise InputError("no sample fits the context", where=str(listing), remedy="Give a larger --context.")
    return kept, long


def _too_long(each: Encoded, context: int, done: str) -> TooLong:
    sample, size = each.sample, len(each.ids)
    if done == "cut" and each.prompt >= context:
        done = "dropped"  # nothing would be left to learn
    return TooLong(sample.id, sample.where, sample.source, sample.genre, size, size - context, done)


def _cut(each: Encoded, context: int) -> Encoded:
    return Encoded(each.sample, each.ids[:context], each.prompt)
