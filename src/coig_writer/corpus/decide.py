"""The stages that compare texts with each other (engagement, URLs, duplicates): Daft queries on few columns."""

from __future__ import annotations

import daft
from daft import DataFrame, DataType, Window, col, lit
from daft.functions import coalesce, format, rank, row_number, when

from coig_writer.corpus.dedup import DedupSettings, find_clusters
from coig_writer.corpus.settings import CorpusSettings

FIGURES = ("likes", "shares", "comments")
_INT = DataType.int64()
_BEST_FIRST = ("length", "percentile", "published", "key")


def decide(inspected: DataFrame, settings: CorpusSettings) -> DataFrame:
    """What the comparison says about each row that inspection has not refused.

    Args:
        inspected: rows of schema `inspection.INSPECTED`, cheap to read more than once (Parquet).
        settings: what to do with low engagement, shared URLs and near-duplicates.

    Returns:
        Columns `key`, `percentile` (of engagement within the platform, null without figures), `cluster` (the id of
        the member that is kept) and `cluster_size` (both null for a text that stands alone), `reason` and `detail`
        (null for a row that is kept).
    """
    standing = inspected.where(col("reason").is_null())
    rows = standing.select(
        *("key", "source", "id", "platform", "url_key", "published", *FIGURES), col("text").length().alias("length")
    )
    rows = _with_percentile(rows.collect())
    rows = _refuse_low(rows, settings.min_engagement_percentile)
    if settings.same_url == "reject":
        rows = _refuse_shared_urls(rows).collect()
    left = rows.where(col("refusal").is_null()).select("key")
    texts = standing.select("key", "text").join(left, on="key", how="semi")
    clusters = find_clusters(
        texts, key="key", text="text", settings=DedupSettings(threshold=settings.near_duplicate_similarity)
    )
    rows = _refuse_copies(rows, daft.from_arrow(clusters))
    return rows.select(
        "key", "percentile", "cluster", "cluster_size", col("refusal").alias("reason"), "detail"
    ).collect()


def _with_percentile(rows: DataFrame) -> DataFrame:
    """Adds `percentile`: the mean, over the figures a text has, of its mid-rank among the platform's texts, 0–1."""
    for figure in FIGURES:
        known = rows.where(col("platform").not_null() & col(figure).not_null())
        platform = Window().partition_by("platform")
        placed = known.select(
            "key",
            rank().over(platform.order_by(figure)).alias("rank"),
            col("key").count().over(platform).alias("all"),
            col("key").count().over(Window().partition_by(["platform", figure])).alias("equal"),
        ).select("key", ((col("rank") - 1.0 + col("equal") * 0.5) / col("all")).alias(f"{figure}_place"))
        rows = rows.join(placed, on="key", how="left")
    places = [col(f"{figure}_place") for figure in FIGURES]
    total = sum((coalesce(place, lit(0.0)) for place in places), lit(0.0))
    known_places = sum((place.not_null().cast(_INT) for place in places), lit(0))
    return rows.with_column("percentile", when(known_places > lit(0), total / known_places))


def _refuse_low(rows: DataFrame, least: float | None) -> DataFrame:
    """Adds `refusal` and `detail`; a text without figures is not judged by them."""
    nothing = lit(None).cast(DataType.string())
    if least is None:
        return rows.with_columns({"refusal": nothing, "detail": nothing})
    low = coalesce(col("percentile") < lit(least), lit(False))
    detail = format(
        "percentile {} within {}; at least {} is asked", col("percentile").round(3), col("platform"), lit(least)
    )
    return rows.with_columns({"refusal": when(low, lit("low-engagement")), "detail": when(low, detail)})


def _refuse_shared_urls(rows: DataFrame) -> DataFrame:
    """Of the texts that share a URL, refuses all but the best."""
    sharing = _placed(rows.where(col("refusal").is_null() & col("url_key").not_null()), "url_key")
    detail = format("{} is also the URL of {}", col("url_key"), col("best_source"))
    return _refuse(rows, sharing.where(col("place") > lit(1)), lit("duplicate-url"), detail)


def _refuse_copies(rows: DataFrame, clusters: DataFrame) -> DataFrame:
    """Of each cluster, refuses all but the best; adds `cluster`, which is the best member's id, and `cluster_size`."""
    placed = _placed(rows.join(clusters.select("key", col("cluster").alias("group")), on="key"), "group")
    membership = placed.select("key", col("best_id").alias("cluster"), col("members").cast(_INT).alias("cluster_size"))
    reason = when(col("id") == col("best_id"), lit("duplicate")).otherwise(lit("near-duplicate"))
    detail = format("the best of {} like it is {}", col("members"), col("best_source"))
    return _refuse(rows.join(membership, on="key", how="left"), placed.where(col("place") > lit(1)), reason, detail)


def _placed(rows: DataFrame, group: str) -> DataFrame:
    """The rows of groups with several `members`: each one's `place`, best first (longest, most engaged, earliest, first
    read), and the best one's `best_id` and `best_source`."""
    groups = rows.groupby(group).agg(col("key").count().alias("members")).where(col("members") > lit(1))
    order = (
        Window().partition_by(group).order_by(*_BEST_FIRST, desc=[True, True, False, False], nulls_first=[False] * 4)
    )
    # Windows of one row each are slow and take much memory in Daft 0.7, so groups are counted before.
    placed = rows.join(groups, on=group).with_column("place", row_number().over(order))
    first = placed.where(col("place") == lit(1))
    named = first.select(group, col("id").alias("best_id"), col("source").alias("best_source"))
    return placed.select("key", "id", group, "place", "members").join(named, on=group)


def _refuse(rows: DataFrame, refused: DataFrame, reason: daft.Expression, detail: daft.Expression) -> DataFrame:
    """Fills `refusal` and `detail` of the rows whose keys are in `refused`, over whose columns both are computed."""
    said = refused.select("key", reason.alias("said"), detail.alias("said_detail"))
    rows = rows.join(said, on="key", how="left").with_columns(
        {"refusal": coalesce(col("refusal"), col("said")), "detail": coalesce(col("detail"), col("said_detail"))}
    )
    return rows.exclude("said", "said_detail")
