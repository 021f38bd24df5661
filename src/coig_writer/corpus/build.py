"""The whole flow from source files to candidates, on Daft: one machine's cores, or a Ray cluster.

1. Each group of input files becomes Parquet parts of raw rows, read as a stream.
2. Parts are gathered into shards; each shard's rows are inspected (clean, assess, date, mask).
3. Few columns of all shards are compared (engagement, URLs, duplicates).
4. Shard by shard, rows and decisions are joined and written in the order of reading.

No step holds more than a shard of texts. All of it happens in a work folder inside the output folder, which on a
cluster must be shared; the results take their names together at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import daft
import pyarrow as pa
import pyarrow.parquet as pq
from daft import DataFrame, DataType, Expression, Series, col
from daft.functions import coalesce, to_struct
from filelock import FileLock, Timeout

from coig_writer.corpus.candidates import CANDIDATES, REJECTED, SUMMARY, split, unreadable_rows
from coig_writer.corpus.decide import decide
from coig_writer.corpus.inspection import INSPECTED, inspect_batch
from coig_writer.corpus.inventory import File, Inventory, take_inventory
from coig_writer.corpus.raw import RAW, to_table
from coig_writer.corpus.read import read_file
from coig_writer.corpus.rows import Row, key
from coig_writer.corpus.settings import CorpusSettings
from coig_writer.corpus.summary import Summary, file_hash, fingerprint, finished_before, tally
from coig_writer.errors import CoigError, InputError, SettingError, StorageError
from coig_writer.files import storage_errors, write_json

GROUP_FILES, GROUP_BYTES = 64, 32 * 2**20
"""Small files are read together, up to this many or this large."""
PART_ROWS, PART_BYTES = 2_000, 32 * 2**20
"""Rows are written in parts of up to this many, or this large."""
SHARD_ROWS, SHARD_BYTES = 50_000, 256 * 2**20
"""Parts are inspected and written together up to this many rows, or this large."""
PROCESSES_FROM = 5_000
"""Rows from which inspection runs in processes of its own: one Python interpreter keeps only one core busy."""
_BATCH = 256

Report = Callable[[str, int, int | None], None]
"""Told the stage, how many rows or files of it are done, and of how many (None if unknown)."""


@dataclass(frozen=True, slots=True)
class Build:
    """What came out."""

    folder: Path
    summary: Summary
    unchanged: bool
    """Whether inputs and settings were those of the build that was there, so that nothing was done."""
    inventory: Inventory


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file of raw rows, in the order of their keys."""

    path: str
    rows: int
    bytes: int
    last: str
    """Key of the last row."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Inspected rows; the keys of each shard follow those of the one before."""

    path: str
    last: str
    """Greatest key."""


def build(
    sources: Sequence[str | Path],
    out: Path,
    settings: CorpusSettings | None = None,
    *,
    ray: str | None = None,
    force: bool = False,
    report: Report = lambda stage, done, total: None,
) -> Build:
    """Builds `candidates.parquet`, `rejected.parquet` and `summary.json` in `out` from the texts in `sources`.

    Args:
        sources: files and folders.
        out: output folder; what it holds of an earlier build stays whole until the new one is.
        settings: `CorpusSettings()` if left out.
        ray: address of a Ray cluster, or `local` for one on this machine; the output is the same.
        force: build even if nothing has changed.
        report: called as the work goes on.

    Raises:
        InputError: a source is missing, a folder holds no texts, or not one row could be read.
        StorageError: `out` cannot be written, or another build is writing there.
        SettingError: another runner is already in use in this process.
    """
    settings = settings or CorpusSettings()
    inventory = take_inventory(sources, out)
    mark, today = fingerprint(inventory, settings), datetime.now(UTC).date()
    with _output_folder(out):
        if not force and (before := finished_before(out, mark, today)):
            return Build(out, before, True, inventory)
        _use_runner(ray)
        with _work_folder(out) as work:
            parts = _ingest(inventory.files, settings, work, report)
            _refuse_all_unreadable(parts, inventory)
            shards = _inspect(parts, settings, work, report)
            report("comparing texts", 0, None)
            decisions = decide(daft.read_parquet([shard.path for shard in shards]), settings)
            counts = _write(shards, decisions, work, report)
            summary = _summary(parts, counts, inventory, settings, mark, today, work)
            _publish(work, out, summary)
    return Build(out, summary, False, inventory)


def check_readable(build: Build) -> None:
    """Raises an error if some of the input could not be read, although the rest was built.

    Raises:
        InputError: names the first of what could not be read; all of it is in `rejected.parquet`.
    """
    unreadable = build.summary.unreadable
    if unreadable:
        first = next(unreadable_rows(build.folder / REJECTED))
        raise InputError(
            f"{sum(unreadable.values()):,} rows or files could not be read, the first because: {first['detail']}",
            where=build.inventory.path_of(first["source"]),
            remedy=f"Mend the input, or accept it with --no-strict; the rest is built in {build.folder}.",
        )


@contextmanager
def _output_folder(out: Path) -> Iterator[None]:
    """Makes the folder and keeps other builds out of it."""
    with storage_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        lock = FileLock(out / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise StorageError(
                "another build is writing here", where=str(out), remedy="Wait for it, or choose another folder."
            ) from error
    with lock:
        yield


@contextmanager
def _work_folder(out: Path) -> Iterator[Path]:
    """A folder for what is unfinished, removed at the end; refusals of the storage beneath become `StorageError`."""
    with storage_errors(out):
        for left_over in out.glob(".work-*"):  # of a build that was killed: the lock says that none is running
            shutil.rmtree(left_over)
        work = Path(tempfile.mkdtemp(prefix=".work-", dir=out)).absolute()
    try:
        with storage_errors(out):
            yield work
    except CoigError:
        raise
    except Exception as error:
        if refusal := _storage_refusal(error):
            raise StorageError(
                f"cannot write: {refusal}", where=str(out), remedy="Free some space and run the same command again."
            ) from error
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _storage_refusal(error: Exception) -> str | None:
    """What the operating system said, where Daft has wrapped it into its own error."""
    said = str(error).lower()
    return next((text for text in ("no space left on device", "disk quota exceeded") if text in said), None)


def _use_runner(ray: str | None) -> None:
    wanted = "ray" if ray else "native"
    current: Any = daft.runners._get_runner()  # the one that this process has settled on, None before the first query
    if current is not None:
        if current.name != wanted:
            raise SettingError(
                f"this process already works with Daft's {current.name} runner",
                where="--ray",
                remedy="Start a new process; a process has one runner.",
            )
        return
    if not ray:
        daft.set_runner_native()
        return
    try:
        daft.set_runner_ray(ray)
    except ImportError as error:
        raise SettingError(
            "Ray is not installed", where="--ray", remedy="Install it: pip install 'coig-writer[ray]'."
        ) from error
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise SettingError(
            f"no Ray cluster answers: {error}",
            where=ray,
            remedy="Check the address, and RAY_AUTH_TOKEN if the cluster asks for a token; or use `--ray local`.",
        ) from error


# Step 1: files → parts


def _ingest(files: list[File], settings: CorpusSettings, work: Path, report: Report) -> list[Part]:
    groups = list(_groups(files))
    tasks = daft.from_pydict({"task": [json.dumps([asdict(file) for file in group]) for group in groups]})
    parts_of_group = cast(Expression, _read_group(col("task"), str(work), settings))
    read = tasks.into_batches(1).select(parts_of_group.alias("parts"))
    parts: list[Part] = []
    for batch in read.to_arrow_iter():
        for answer in batch.column(0).to_pylist():
            parts += [Part(**part) for part in json.loads(answer)]
        report("reading", sum(part.rows for part in parts), None)
    return sorted(parts, key=lambda part: part.path)


def _groups(files: Iterable[File]) -> Iterator[list[File]]:
    group: list[File] = []
    for file in files:
        if group and (len(group) >= GROUP_FILES or sum(each.size for each in group) + file.size > GROUP_BYTES):
            yield group
            group = []
        group.append(file)
    if group:
        yield group


@daft.func(return_dtype=DataType.string(), use_process=False)
def _read_group(task: str, work: str, settings: CorpusSettings) -> str:
    """Reads the files of a group into parts in the work folder; returns the list of parts as JSON."""
    files = [File(**values) for values in json.loads(task)]
    parts = []
    for number, (rows, size) in enumerate(_bounded(_keyed_rows(files, settings))):
        path = f"{work}/raw-{files[0].number:07d}-{number:07d}.parquet"
        pq.write_table(to_table(rows), path, compression="zstd")
        parts.append({"path": path, "rows": len(rows), "bytes": size, "last": rows[-1][0]})
    return json.dumps(parts)


def _keyed_rows(files: Iterable[File], settings: CorpusSettings) -> Iterator[tuple[str, Row]]:
    for file in files:
        for number, row in enumerate(read_file(file, settings)):
            yield key(file.number, number), row


def _bounded(rows: Iterable[tuple[str, Row]]) -> Iterator[tuple[list[tuple[str, Row]], int]]:
    """Rows in lists of bounded length, each with the size of its texts."""
    held: list[tuple[str, Row]] = []
    size = 0
    for name, row in rows:
        held.append((name, row))
        size += 3 * len(row.text or "")
        if len(held) >= PART_ROWS or size >= PART_BYTES:
            yield held, size
            held, size = [], 0
    if held:
        yield held, size


def _refuse_all_unreadable(parts: list[Part], inventory: Inventory) -> None:
    """Raises an error if no part holds a text, instead of replacing a good build by an empty one."""
    first = None
    for part in parts:
        table = pq.read_table(part.path, columns=["source", "problem", "detail"])
        if table["problem"].null_count:
            return
        first = first or table.slice(0, 1).to_pylist()[0]
    assert first is not None
    rows = sum(part.rows for part in parts)
    raise InputError(
        f"nothing could be read: {first['detail']} ({rows:,} rows or files refused in all)",
        where=inventory.path_of(first["source"]),
        remedy="Mend the input, or name its text column with --map text=COLUMN.",
    )


# Step 2: raw rows → inspected rows


def _inspect(parts: list[Part], settings: CorpusSettings, work: Path, report: Report) -> list[Shard]:
    """Inspects shard by shard."""
    total, done = sum(part.rows for part in parts), 0
    inspected = DataType.from_arrow_type(pa.struct(list(INSPECTED)))
    inspect = daft.func.batch(return_dtype=inspected, batch_size=_BATCH, use_process=total >= PROCESSES_FROM)(
        inspect_series
    )
    shards = []
    report("cleaning and assessing", 0, total)
    for number, members in enumerate(_shards(parts)):
        rows = daft.read_parquet([part.path for part in members])
        row = to_struct(*(col(name) for name in RAW.names))
        shard = f"{work}/inspected-{number:06d}"
        rows.select(inspect(row, settings).alias("row")).select(col("row").unnest()).write_parquet(shard)
        shards.append(Shard(f"{shard}/*.parquet", last=members[-1].last))
        done += sum(part.rows for part in members)
        report("cleaning and assessing", done, total)
        for part in members:
            Path(part.path).unlink()
    return shards


def inspect_series(rows: Series, settings: CorpusSettings) -> pa.Array:
    """`inspect_batch` as Daft calls it."""
    return inspect_batch(rows.to_arrow(), settings)


def _shards(parts: Iterable[Part]) -> Iterator[list[Part]]:
    shard: list[Part] = []
    for part in parts:
        rows, size = sum(each.rows for each in shard), sum(each.bytes for each in shard)
        if shard and (rows + part.rows > SHARD_ROWS or size + part.bytes > SHARD_BYTES):
            yield shard
            shard = []
        shard.append(part)
    if shard:
        yield shard


# Step 4: rows and decisions → tables


def _write(shards: list[Shard], decisions: DataFrame, work: Path, report: Report) -> tuple[int, int, Counter[str]]:
    """Writes both tables into the work folder; returns rows kept, those with personal data, and refusals by reason."""
    kept_rows = masked = 0
    reasons: Counter[str] = Counter()
    writers: list[pq.ParquetWriter] = []
    try:
        for number, (shard, decided) in enumerate(zip(shards, _by_shard(decisions, shards), strict=True)):
            report("writing", number, len(shards))
            tables = split(_decided(daft.read_parquet(shard.path), decided))
            for place, (name, table) in enumerate(zip((CANDIDATES, REJECTED), tables, strict=True)):
                if number == 0:
                    writers.append(pq.ParquetWriter(work / name, table.schema, compression="zstd"))
                writers[place].write_table(table, row_group_size=4096)
            kept, refused = tables
            kept_rows += kept.num_rows
            masked += kept.num_rows - kept["personal_data"].null_count
            reasons.update(refused["reason"].to_pylist())
    finally:
        for writer in writers:
            writer.close()
    return kept_rows, masked, reasons


def _by_shard(decisions: DataFrame, shards: list[Shard]) -> Iterator[pa.Table]:
    """The decisions about each shard's rows; they are sorted once, and those that say nothing are left out."""
    telling = decisions.where(col("cluster").not_null() | col("percentile").not_null() | col("reason").not_null())
    table = telling.select(
        *("key", "cluster", "cluster_size"),
        col("percentile").alias("engagement_percentile"),
        col("reason").alias("late_reason"),
        col("detail").alias("late_detail"),
    )
    table = table.sort("key").to_arrow().combine_chunks()
    start = 0
    for shard in shards:
        end = bisect_right(range(table.num_rows), shard.last, key=lambda row: table["key"][row].as_py())
        yield table.slice(start, end - start)
        start = end


def _decided(inspected: DataFrame, decisions: pa.Table) -> pa.Table:
    """Inspected rows with the decisions about them, in the order of reading."""
    rows = inspected.join(daft.from_arrow(decisions), on="key", how="left").with_columns(
        {"reason": coalesce(col("reason"), col("late_reason")), "detail": coalesce(col("detail"), col("late_detail"))}
    )
    return rows.sort("key").to_arrow()


def _summary(
    parts: list[Part],
    counts: tuple[int, int, Counter[str]],
    inventory: Inventory,
    settings: CorpusSettings,
    mark: str,
    today: date,
    work: Path,
) -> Summary:
    read = sum(part.rows for part in parts)
    kept, masked, reasons = counts
    rejected, stages = tally(read, kept, reasons)
    return Summary(
        read=read,
        kept=kept,
        rejected=rejected,
        stages=stages,
        masked=masked,
        passed_over=inventory.passed_over,
        fingerprint=mark,
        built_on=today,
        settings=settings.model_dump(mode="json"),
        inputs=[{"name": file.name, "size": file.size, "blake2b": file.digest} for file in inventory.files],
        outputs={name: file_hash(work / name) for name in (CANDIDATES, REJECTED)},
    )


def _publish(work: Path, out: Path, summary: Summary) -> None:
    """Gives the results their names. A crash between the renames is noticed by the hashes in the summary."""
    write_json(work / SUMMARY, summary.model_dump(mode="json"))
    for name in (CANDIDATES, REJECTED, SUMMARY):
        with open(work / name, "rb") as file:
            os.fsync(file.fileno())
    for name in (CANDIDATES, REJECTED, SUMMARY):
        os.replace(work / name, out / name)
