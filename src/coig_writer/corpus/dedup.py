"""Clusters of texts that are copies or near copies of one another, found with Daft.

The steps, each a Daft query, so that a Ray cluster runs the same ones:

1. sketch: every text gets a content hash and a signature (`coig_writer.corpus.minhash`). Texts with the same
   content hash are copies; one of them goes on.
2. candidates: texts whose signatures agree in one of 32 bands meet in a bucket.
3. check: candidates whose signatures promise too little are dropped.
4. verify: the exact Jaccard similarity of the candidates' 5-gram sets decides. Only the texts of candidates
   are fetched, in batches.
5. clusters: connected components of what is left; only keys reach the calling process.

A bucket with very many members (a banner that thousands of pages share) would have quadratically many pairs.
So its members stand in a line, ordered by their content hashes, and each is compared with the next `reach` only.
Buckets of up to `reach + 1` members lose nothing. In a larger one, texts that resemble many of the others stay
connected through them; two that resemble only each other may miss each other there, and meet in those bands
that do not fall on what they share with everybody.
"""

from __future__ import annotations

import daft
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from daft import DataType, Series, col, lit
from pydantic import BaseModel, ConfigDict, Field

from coig_writer.corpus import minhash
from coig_writer.errors import InputError


class DedupSettings(BaseModel):
    """What counts as a near-duplicate, and how far the search for them goes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: float = Field(0.45, gt=0, le=1)
    """Least exact Jaccard similarity of two texts' 5-gram sets. With 5 % of its characters edited, a long text
    keeps about .64, and one of 20 characters .52. Below .38 most pairs would not even become candidates."""
    slack: float = Field(0.15, ge=0, le=1)
    """How far below the threshold the estimate from the signatures may lie before a candidate is dropped unread.
    The estimate's standard error is at most .044."""
    reach: int = Field(8, ge=1)
    """How many of the next members each member of a bucket is compared with."""


_PAIR = DataType.struct({"left": DataType.uint64(), "right": DataType.uint64()})
_SKETCH = DataType.struct(
    {
        "content": DataType.uint64(),
        "signature": DataType.fixed_size_list(DataType.uint32(), minhash.PERMUTATIONS),
    }
)
_BATCH = 2048
"""Texts or pairs handled at a time by a thread."""
_SHARD_ROWS = 1 << 20
"""About how many band hashes are sorted into buckets at a time by a thread."""


def find_clusters(texts: daft.DataFrame, *, key: str, text: str, settings: DedupSettings | None = None) -> pa.Table:
    """The texts that have an exact or near duplicate, each with its cluster.

    Args:
        texts: read twice, so it should be cheap to read: a Parquet scan or a collected frame.
        key: name of a string column that is different in every row. A content-derived article id will not do,
            for copies share it.
        text: name of a string column. Null texts and texts of nothing but white space and punctuation are
            in no cluster.
        settings: `DedupSettings()` if left out.

    Returns:
        Columns `key` and `cluster`, both strings, sorted by key, without texts that stand alone. `cluster` is the
        least key of its members. Members of a cluster are linked through pairs above the threshold; two of them
        need not be above it themselves. The same rows give the same table whatever their order, the batches,
        the threads or the runner.

    Raises:
        InputError: two copies have the same key.
    """
    settings = settings or DedupSettings()
    string = DataType.string()
    rows = texts.select(col(key).cast(string).alias("key"), col(text).cast(string).alias("text"))
    sketches = rows.select("key", _sketch(col("text")).unnest()).where(col("content").not_null()).collect()
    originals = sketches.groupby("content").agg(col("key").min(), col("key").count().alias("copies")).collect()
    copies = _copies(sketches, originals).to_arrow()
    if len(pc.unique(copies["left"])) < len(copies):
        raise InputError(
            "two copies of a text have the same key",
            where=f"column {key}",
            remedy="Use a column that is different in every row, such as file and line.",
        )
    near = _near_pairs(sketches, originals, rows, settings).to_arrow()
    return clusters(pa.concat_tables([copies, near]))


def _copies(sketches: daft.DataFrame, originals: daft.DataFrame) -> daft.DataFrame:
    """For each text that exists more than once pairs of keys (`left`, `right`): every copy with the least key."""
    firsts = originals.where(col("copies") > lit(1)).select("content", col("key").alias("right"))
    return sketches.join(firsts, on="content").select(col("key").alias("left"), "right")


def _near_pairs(
    sketches: daft.DataFrame, originals: daft.DataFrame, rows: daft.DataFrame, settings: DedupSettings
) -> daft.DataFrame:
    """Pairs of keys (`left`, `right`) whose texts reach the threshold; the least key stands for all copies."""
    candidates = (
        _both_sides(_candidates(sketches, settings.reach), originals, "content")
        .select(col("left_key").alias("left"), col("right_key").alias("right"))
        .collect()
    )
    promising = (
        _both_sides(candidates, _members(sketches.select("key", "signature"), candidates), "key")
        .where(_estimate(col("left_signature"), col("right_signature")) >= lit(settings.threshold - settings.slack))
        .select("left", "right")
        .collect()
    )
    return (
        _both_sides(promising, _members(rows, promising), "key")
        .where(_jaccard(col("left_text"), col("right_text")) >= lit(settings.threshold))
        .select("left", "right")
    )


def _members(facts: daft.DataFrame, pairs: daft.DataFrame) -> daft.DataFrame:
    """The rows of `facts` whose `key` is in one of the pairs, read once for both sides."""
    keys = pairs.select(col("left").alias("key")).concat(pairs.select(col("right").alias("key")))
    return facts.join(keys.distinct(), on="key", how="semi").collect()


def _both_sides(pairs: daft.DataFrame, facts: daft.DataFrame, on: str) -> daft.DataFrame:
    """`pairs` with the columns of `facts` for either member, as `left_…` and `right_…`.

    The pairs come in small batches: joined with texts they would take a hundred times their room.
    """
    pairs = pairs.into_batches(_BATCH)
    for side in ("left", "right"):
        named = facts.select(*(col(name).alias(f"{side}_{name}") for name in facts.column_names))
        pairs = pairs.join(named, left_on=side, right_on=f"{side}_{on}")
    return pairs


def _candidates(sketches: daft.DataFrame, reach: int) -> daft.DataFrame:
    """Distinct pairs of content hashes (`left` < `right`) that meet in a bucket."""
    shards = 1 + len(sketches) * minhash.BANDS // _SHARD_ROWS
    return (
        sketches.select("content", _bands(col("signature")).alias("band"))
        .explode("band")
        .with_column("shard", col("band") % lit(shards))
        .groupby("shard")
        .map_groups(_neighbours(col("content"), col("band"), reach).alias("pair"))
        .select(col("pair").unnest())
        .distinct()
    )


@daft.func.batch(return_dtype=_SKETCH, batch_size=_BATCH, use_process=False)
def _sketch(text: Series) -> pa.Array:
    sketch = minhash.sketch(text.to_arrow())
    return pa.StructArray.from_arrays(
        [
            pa.array(sketch.content, mask=~sketch.filled),
            pa.FixedSizeListArray.from_arrays(pa.array(sketch.signatures.ravel()), minhash.PERMUTATIONS),
        ],
        ["content", "signature"],
    )


@daft.func.batch(
    return_dtype=DataType.fixed_size_list(DataType.uint64(), minhash.BANDS), batch_size=_BATCH, use_process=False
)
def _bands(signature: Series) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(minhash.bands(_matrix(signature)).ravel()), minhash.BANDS)


@daft.func.batch(return_dtype=DataType.float64(), batch_size=_BATCH, use_process=False)
def _estimate(left: Series, right: Series) -> np.ndarray:
    return minhash.estimates(_matrix(left), _matrix(right))


@daft.func.batch(return_dtype=DataType.float64(), batch_size=_BATCH, use_process=False)
def _jaccard(left: Series, right: Series) -> np.ndarray:
    return minhash.jaccard(left.to_arrow(), right.to_arrow())


@daft.func.batch(return_dtype=_PAIR, use_process=False)
def _neighbours(content: Series, band: Series, reach: int) -> pa.Array:
    pairs = neighbours(content.to_arrow().to_numpy(), band.to_arrow().to_numpy(), reach)
    return pa.StructArray.from_arrays([pa.array(side) for side in pairs], ["left", "right"])


def _matrix(signature: Series) -> np.ndarray:
    return signature.to_arrow().flatten().to_numpy().reshape(-1, minhash.PERMUTATIONS)


def neighbours(content: np.ndarray, band: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of different content hashes (lesser, greater) with the same band hash, at most `reach` apart in line."""
    crowded = _crowded(band, np.zeros(1 << (4 * len(band)).bit_length(), np.uint8))
    content, band = content[crowded], band[crowded]
    order = np.lexsort((content, band))
    content, band = content[order], band[order]
    fresh = np.ones(len(band), np.bool_)  # copies stand beside one another; one of them is enough
    fresh[1:] = (band[1:] != band[:-1]) | (content[1:] != content[:-1])
    content, band = content[fresh], band[fresh]
    ones, others = [content[:0]], [content[:0]]
    for step in range(1, reach + 1):
        near = np.flatnonzero(band[step:] == band[:-step])
        if not len(near):
            break
        ones.append(content[near])
        others.append(content[near + step])
    return np.concatenate(ones), np.concatenate(others)


@minhash.compiled
def _crowded(hashes, counts):
    """Which hashes may occur more than once: no such one is left out, and few others are let in.

    Spares sorting the many that are alone. `counts` is a table of zeros, a power of two long.
    """
    last = np.uint64(len(counts) - 1)
    for value in hashes:
        slot = value & last
        counts[slot] = min(counts[slot] + 1, 2)
    crowded = np.empty(len(hashes), np.bool_)
    for i in range(len(hashes)):
        crowded[i] = counts[hashes[i] & last] > 1
    return crowded


def clusters(pairs: pa.Table) -> pa.Table:
    """Connected components of pairs of keys (`left`, `right`), as `key` and `cluster`, the least key of each."""
    sides = [pairs[side].cast(pa.large_string()) for side in ("left", "right")]
    keys = pc.unique(pa.chunked_array(sides[0].chunks + sides[1].chunks, pa.large_string())).sort()
    left, right = (pc.index_in(side, keys).to_numpy().astype(np.int64) for side in sides)
    return pa.table({"key": keys, "cluster": keys.take(pa.array(_components(left, right, len(keys))))})


@minhash.compiled
def _components(left, right, count):
    """For each node the least one that it is connected with by the edges `left[i]`–`right[i]`."""
    parent = np.arange(count)
    for edge in range(len(left)):
        one, other = left[edge], right[edge]
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        while parent[other] != other:
            parent[other] = parent[parent[other]]
            other = parent[other]
        parent[max(one, other)] = min(one, other)
    for node in range(count):
        parent[node] = parent[parent[node]]  # no parent is greater than its child, so the parent's is final by now
    return parent
