"""Reading what a release is made of: drafts or triplets, the model calls behind them, the corpus before them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coig_writer.corpus.reasons import REASONS
from coig_writer.corpus.summary import Summary
from coig_writer.dataset.counts import slug_of
from coig_writer.dataset.strict_json import Doubled, parse
from coig_writer.errors import InputError
from coig_writer.files import read_journal
from coig_writer.schema import Article, Draft, Triplet


@dataclass(frozen=True)
class Item:
    """One record as it was read."""

    record: Draft | Triplet
    where: str
    """`FILE:LINE`, the file by its name alone so that a release tells nothing about the machine it was made on.

    Files of the same name in different folders are told apart by a number: `drafts.jsonl (2):1`.
    """


@dataclass(frozen=True)
class Source:
    """One input file, for the manifest."""

    name: str
    """As in `Item.where`."""
    sha256: str
    records: int


@dataclass(frozen=True)
class Call:
    """What a model call took, or the calls of one step together, from the ledger beside the batch engine's output."""

    step: str
    calls: int = 1
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt tokens, those that the server had in its cache."""
    completion_tokens: int = 0
    seconds: float = 0.0
    failed: int = 0
    """Calls without an answer, or with none that could be used."""


def read_items(paths: Sequence[Path]) -> tuple[list[Item], list[Source]]:
    """Every draft and triplet of some JSON Lines files, in order, with a line about each file.

    Raises:
        InputError: a file is missing, unreadable or without records, or a line is neither a draft nor a
            triplet; names file, line and field.
    """
    items: list[Item] = []
    sources: list[Source] = []
    for path, name in zip(paths, distinct([path.name for path in paths]), strict=True):
        data = _bytes(path)
        found = list(_parse(path, name, data))
        if not found:
            raise InputError(
                "the file holds no records",
                where=str(path),
                remedy="Give the output of `coig-writer annotate run`, or reviewed triplets, as JSON Lines.",
            )
        items += found
        sources.append(Source(name, hashlib.sha256(data).hexdigest(), len(found)))
    return items, sources


def distinct(names: Sequence[str]) -> list[str]:
    """The names in order, one that has occurred before with the next free number: `a`, `a (2)`, `a (3)`."""
    found: list[str] = []
    for name in names:
        numbered = (f"{name} ({number})" for number in count(2))
        found.append(name if name not in found else next(each for each in numbered if each not in {*found, *names}))
    return found


def as_released(record: Draft | Triplet) -> Draft | Triplet:
    """The record as the files and the page of a release know it.

    Known genres, however they are spelt, become slugs of the taxonomy, and of a local path in the article's
    `source` only the file's name is left.
    """
    article = record.article
    genre = slug_of(article.genre) if article.genre else None
    article = article.model_copy(update={"genre": genre, "source": _without_folders(article)})
    update = {"article": article} if isinstance(record, Draft) else {"article": article, "genre": slug_of(record.genre)}
    return record.model_copy(update=update)


def _without_folders(article: Article) -> str | None:
    """Web addresses stay; folders of the machine on which a text was read are nobody's business."""
    source = article.source
    if source is None or (re.match(r"[a-z][a-z0-9+.-]+://", source, re.IGNORECASE) and source[:5].lower() != "file:"):
        return source
    return re.split(r"[/\\]", source.rstrip("/\\"))[-1]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", where=str(path), remedy="Check the path.") from error


def _parse(path: Path, name: str, data: bytes) -> Iterator[Item]:
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield Item(_record(line, f"{path}:{number}"), f"{name}:{number}")


def _record(line: bytes, where: str) -> Draft | Triplet:
    """A draft says its status, a triplet does not; that tells them apart before either is validated."""
    try:
        value = parse(line)
    except ValueError as error:
        said = str(error) if isinstance(error, Doubled) else f"not JSON: {str(error).removeprefix('not valid JSON: ')}"
        raise InputError(said, where=where, remedy="Mend or remove this line.") from error
    kind: type[Draft] | type[Triplet] = Draft if isinstance(value, dict) and "status" in value else Triplet
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        raise InputError(
            f"not a {kind.__name__.lower()}: {_first(error)}",
            where=where,
            remedy="Give drafts from `coig-writer annotate run` or triplets in the schema of docs/dataset.md.",
        ) from error


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'record'}: {first['msg']}"


def read_summary(folder: Path) -> Summary:
    """What `corpus build` wrote about itself: `summary.json` of its folder.

    Raises:
        InputError: there is no such file, or it is not a summary of this version; names the field.
    """
    path = folder / "summary.json"
    remedy = "Give the folder that `coig-writer corpus build` wrote."
    try:
        summary = Summary.model_validate_json(_bytes(path))
    except ValidationError as error:
        raise InputError(f"not a corpus summary: {_first(error)}", where=str(path), remedy=remedy) from error
    if unknown := sorted(summary.rejected.keys() - REASONS.keys()):
        raise InputError(f"unknown reasons: {', '.join(unknown)}", where=str(path), remedy="Build the corpus again.")
    return summary


def read_calls(path: Path) -> list[Call]:
    """The model calls behind `X.jsonl`, from `X.calls.jsonl` beside it; empty where there is none.

    Raises:
        InputError: the ledger is damaged in its middle or is something else; names file and line.
    """
    ledger = path.with_suffix(".calls.jsonl")
    if not ledger.is_file():
        return []
    return [_call(row, f"{ledger}:{number}") for number, (row, _) in enumerate(read_journal(ledger), 1)]


def _call(row: Any, where: str) -> Call:
    try:
        return Call(
            step=str(row["step"]),
            failed=int("failed" in row or "unusable" in row),
            **{name: row.get(name, 0) for name in ("prompt_tokens", "cached_tokens", "completion_tokens", "seconds")},
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise InputError(
            "not a line of a call ledger", where=where, remedy="Move this file away; the release is built without it."
        ) from error
