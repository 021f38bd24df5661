"""The two tables that a build writes, and reading candidates back as articles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from coig_writer.corpus.assess import DIMENSIONS
from coig_writer.corpus.reasons import UNREADABLE, stage_of
from coig_writer.errors import InputError
from coig_writer.files import read_jsonl
from coig_writer.schema import Article, Engagement

if TYPE_CHECKING:
    import pyarrow as pa

CANDIDATES = "candidates.parquet"
REJECTED = "rejected.parquet"
SUMMARY = "summary.json"

CANDIDATE_COLUMNS = (
    *("id", "text", "title", "author", "url", "platform", "published", "language", "script", "genre"),
    *("likes", "shares", "comments", "engagement_percentile", "licence", "source"),
    *DIMENSIONS,
    *("evidence", "personal_data", "cluster", "cluster_size"),
)
"""Columns of `candidates.parquet`; docs/corpus.md explains them."""
REJECTED_COLUMNS = (
    *("stage", "reason", "detail", "source", "text", "title", "url", "published", "language"),
    *DIMENSIONS,
    *("evidence", "engagement_percentile", "cluster"),
)
"""Columns of `rejected.parquet`; `text` is what was read, before cleaning, or a preview of what could not be read."""


def read_candidates(path: Path | str) -> Iterator[Article]:
    """The articles of a build, one by one.

    Args:
        path: the folder that `corpus build` wrote, its `candidates.parquet`, or a JSON Lines file of articles.

    Raises:
        InputError: there is no such thing, or it is not what it should be.
    """
    path = Path(path)
    if path.is_dir():
        path = path / CANDIDATES
    if path.suffix == ".parquet":
        yield from _from_parquet(path)
    else:
        yield from read_jsonl(path, Article)


def _from_parquet(path: Path) -> Iterator[Article]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        remedy = "Name the folder that `coig-writer corpus build` wrote, or a JSON Lines file of articles."
        raise InputError(f"no candidates here: {error}", where=str(path), remedy=remedy) from error
    with file:
        missing = [name for name in CANDIDATE_COLUMNS if name not in file.schema_arrow.names]
        if missing:
            raise InputError(
                f"not a table of candidates: no column {', '.join(missing[:3])}",
                where=str(path),
                remedy="Build it with `coig-writer corpus build`.",
            )
        number = 0
        try:
            for batch in file.iter_batches(batch_size=256):
                for row in batch.to_pylist():
                    number += 1
                    yield article(row)
        except (OSError, pa.ArrowException) as error:
            remedy = "Fetch it, or build it, again."
            raise InputError(f"damaged after record {number:,}: {error}", where=str(path), remedy=remedy) from error
        except ValidationError as error:
            first = error.errors()[0]
            wrong = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            remedy = "Build it with `coig-writer corpus build`."
            raise InputError(f"record {number:,} is no candidate: {wrong}", where=str(path), remedy=remedy) from error


def is_candidates(path: Path) -> bool:
    """Whether a Parquet file holds texts with an id rather than triplets; False too for one that is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return {"id", "text"} <= set(pq.read_schema(path).names)
    except (OSError, pa.ArrowException):
        return False


def unreadable_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a `rejected.parquet` that stand for what could not be read, in the order of reading."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1024, columns=["reason", "detail", "source"]):
            yield from (row for row in batch.to_pylist() if row["reason"] in UNREADABLE)


def article(row: dict[str, Any]) -> Article:
    """The article in one row of `candidates.parquet`."""
    figures = {name: row[name] for name in ("likes", "shares", "comments")}
    plain = ("id", "text", "title", "author", "url", "platform", "published", "language", "script", "genre", "licence")
    return Article(
        **{name: row[name] for name in plain},
        genre_by="source" if row["genre"] else None,
        engagement=Engagement(**figures, percentile=row["engagement_percentile"]),
        source=row["source"],
    )


def split(rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Inspected rows with their decisions, as the rows kept and the rows rejected."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kept = rows.filter(pc.is_null(rows["reason"])).select(CANDIDATE_COLUMNS)
    refused = rows.filter(pc.is_valid(rows["reason"]))
    stages = pa.array([stage_of(reason) for reason in refused["reason"].to_pylist()], pa.large_string())
    refused = refused.drop_columns("text").rename_columns({"original": "text"}).append_column("stage", stages)
    return kept, refused.select(REJECTED_COLUMNS)
