"""A triplet in the shapes in which others read it.

`published` follows the record that the COIG-Writer repository documents, `earlier` the one that the
hub carried before; both hold the article's text unchanged, character by character.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coig_writer.files import whole_file
from coig_writer.schema import DIMENSIONS, Triplet
from coig_writer.taxonomy import genres

if TYPE_CHECKING:
    import pyarrow as pa

_PARTS = (("article", "答案 answer"), ("prompt", "提示 query"), ("reasoning", "思路 thought"))


def quality_score(triplet: Triplet) -> int | None:
    """Sum of the six deciding scores, 6–60: the published `quality_score` counts to 60."""
    scores = triplet.deciding_scores
    return scores.total if scores else None


def creativity_score(triplet: Triplet) -> int | None:
    """Mean of the three deciding creativity scores, rounded, 1–10.

    The published example shows 9 beside a sum of 55 and does not say how it came about; this reading fits it.
    """
    scores = triplet.deciding_scores
    if scores is None:
        return None
    return round((scores.article_creativity + scores.prompt_creativity + scores.reasoning_creativity) / 3)


def published(triplet: Triplet) -> dict[str, Any]:
    """The published record; `metadata` also says where the article is from and who scored and reviewed it.

    Every key is always there, null where nothing is known, so that a column has one type throughout.
    """
    article, scores = triplet.article, triplet.deciding_scores
    return {
        "reverse_inspiration_prompt": triplet.prompt,
        "reasoning_process": triplet.reasoning,
        "article": article.text,
        "metadata": {
            "genre": triplet.genre,
            "quality_score": quality_score(triplet),
            "creativity_score": creativity_score(triplet),
            "id": triplet.id,
            "category": genres()[triplet.genre].category,
            "title": article.title,
            "author": article.author,
            "url": article.url,
            "platform": article.platform,
            "published": article.published.isoformat() if article.published else None,
            "language": article.language,
            "licence": article.licence,
            "reviewed": triplet.reviewed,
            "scored_by": scores.by if scores else None,
            "drafted_by": triplet.provenance.drafted_by,
            "scores": scores.values if scores else None,
        },
    }


def earlier(triplet: Triplet) -> dict[str, Any]:
    """The record of the earlier hub release; `link` is empty where no address is known."""
    return {
        "id": triplet.id,
        "query_type": genres()[triplet.genre].name_zh,
        "query": triplet.prompt,
        "thought": triplet.reasoning,
        "answer": triplet.article.text,
        "link": triplet.article.url or "",
        "score": score_lines(triplet),
    }


def score_lines(triplet: Triplet) -> str:
    """Free text: the total of 60, answer, query and thought with their sums of 20, who scored, who reviewed.

    The earlier record has no field for it, so this is where it says that no person has accepted a triplet.
    """
    lines = [f"审阅：{'已经' if triplet.reviewed else '未经'}人工审阅"]
    if scores := triplet.deciding_scores:
        parts = [
            (label, scores.values[f"{part}_quality"], scores.values[f"{part}_creativity"]) for part, label in _PARTS
        ]
        lines = [
            f"总分：{scores.total}/60",
            *(
                f"{label}：{quality + creativity}/20（质量 {quality}，创意 {creativity}）"
                for label, quality, creativity in parts
            ),
            f"打分者：{scores.by}",
            *lines,
        ]
    return "\n".join(lines)


def parquet_schema() -> pa.Schema:
    """Arrow schema of `published` records."""
    import pyarrow as pa

    text, number = pa.string(), pa.int8()
    metadata = {
        **dict.fromkeys(("genre",), text),
        **dict.fromkeys(("quality_score", "creativity_score"), number),
        **dict.fromkeys(("id", "category", "title", "author", "url", "platform"), text),
        "published": pa.date32(),
        **dict.fromkeys(("language", "licence"), text),
        "reviewed": pa.bool_(),
        **dict.fromkeys(("scored_by", "drafted_by"), text),
        "scores": pa.struct(dict.fromkeys(DIMENSIONS, number)),
    }
    parts = dict.fromkeys(("reverse_inspiration_prompt", "reasoning_process", "article"), text)
    return pa.schema({**parts, "metadata": pa.struct(metadata)})


def write_parquet(path: Path, triplets: Sequence[Triplet]) -> None:
    """Writes the published records as one Parquet file, whole or not at all; the same bytes for the same triplets.

    Raises:
        StorageError: the place cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [published(triplet) for triplet in triplets]
    for row, triplet in zip(rows, triplets, strict=True):
        row["metadata"]["published"] = triplet.article.published
    with whole_file(path) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=parquet_schema()), temporary, compression="zstd")
