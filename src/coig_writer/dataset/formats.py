"""A triplet in the shapes in which others read it.

`published` follows the record that the COIG-Writer repository documents, `earlier` the one that the
hub carried before; both hold the article's text unchanged, character by character.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from coig_writer.dataset.conversation import answer_with_thoughts
from coig_writer.errors import SettingError
from coig_writer.schema import DIMENSIONS, Triplet
from coig_writer.taxonomy import genres

if TYPE_CHECKING:
    import pyarrow as pa

_PARTS = (("article", "答案 answer"), ("prompt", "提示 query"), ("reasoning", "思路 thought"))


def quality_score(triplet: Triplet) -> int | None:
    """Sum of the six deciding scores, 6–60: the published `quality_score` counts to 60."""
    if scores := triplet.deciding_scores:
        return scores.total
    return triplet.stated_scores.total if triplet.stated_scores else None


def creativity_score(triplet: Triplet) -> int | None:
    """Mean of the three deciding creativity scores, rounded, 1–10.

    The published example shows 9 beside a sum of 55 and does not say how it came about; this reading fits it.
    """
    scores = triplet.deciding_scores
    if scores is None:
        return triplet.stated_scores.creativity if triplet.stated_scores else None
    return round((scores.article_creativity + scores.prompt_creativity + scores.reasoning_creativity) / 3)


def about(triplet: Triplet) -> dict[str, Any]:
    """The `metadata` of a record: where the article is from and who scored and reviewed it.

    Every key is always there, null where nothing is known, so that a column has one type throughout.
    """
    article, scores = triplet.article, triplet.deciding_scores
    genre = genres().get(triplet.genre)
    return {
        "genre": triplet.genre,
        "quality_score": quality_score(triplet),
        "creativity_score": creativity_score(triplet),
        "id": triplet.id,
        "category": genre.category if genre else None,
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
    }


def published(triplet: Triplet) -> dict[str, Any]:
    """The published record, with more in its `metadata`."""
    return {
        "reverse_inspiration_prompt": triplet.prompt,
        "reasoning_process": triplet.reasoning,
        "article": triplet.article.text,
        "metadata": about(triplet),
    }


def plain(triplet: Triplet) -> dict[str, Any]:
    """The three parts under the loose names that other loaders know."""
    texts = {"prompt": triplet.prompt, "thought": triplet.reasoning, "output": triplet.article.text}
    return {**texts, "metadata": about(triplet)}


def messages(triplet: Triplet) -> dict[str, Any]:
    """OpenAI messages; the assistant thinks aloud in `<think>` and then writes."""
    return {"messages": [_said("user", triplet.prompt), _said("assistant", _answer(triplet))], **_tail(triplet)}


def sharegpt(triplet: Triplet) -> dict[str, Any]:
    """ShareGPT's conversations."""
    turns = [{"from": "human", "value": triplet.prompt}, {"from": "gpt", "value": _answer(triplet)}]
    return {"conversations": turns, **_tail(triplet)}


def alpaca(triplet: Triplet) -> dict[str, Any]:
    """Alpaca's instruction and output; `input` stays empty."""
    return {"instruction": triplet.prompt, "input": "", "output": _answer(triplet), **_tail(triplet)}


def trl(triplet: Triplet) -> dict[str, Any]:
    """TRL's conversational prompt-completion: a trainer takes the loss on the completion alone."""
    completion = [_said("assistant", _answer(triplet))]
    return {"prompt": [_said("user", triplet.prompt)], "completion": completion, **_tail(triplet)}


def _said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _answer(triplet: Triplet) -> str:
    return answer_with_thoughts(triplet.reasoning, triplet.article.text)


def _tail(triplet: Triplet) -> dict[str, Any]:
    """`metadata` with the length of the reasoning, since a text may itself hold `</think>`."""
    return {"metadata": {**about(triplet), "reasoning_characters": len(triplet.reasoning)}}


def earlier(triplet: Triplet) -> dict[str, Any]:
    """The record of the earlier hub release; `link` is empty where no address is known."""
    return {
        "id": triplet.id,
        "query_type": genres()[triplet.genre].name_zh if triplet.genre in genres() else triplet.genre,
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
    elif stated := triplet.stated_scores:
        sums = [(label, getattr(stated, part)) for part, label in _PARTS]
        lines = [
            *([f"总分：{stated.total}/60"] if stated.total is not None else []),
            *(f"{label}：{value}/20" for label, value in sums if value is not None),
            *lines,
        ]
    return "\n".join(lines)


FORMATS: dict[str, Callable[[Triplet], dict[str, Any]]] = {
    "triplet": lambda triplet: triplet.model_dump(mode="json", exclude_none=True),
    "published": published,
    "earlier": earlier,
    "plain": plain,
    "messages": messages,
    "sharegpt": sharegpt,
    "alpaca": alpaca,
    "trl": trl,
}
"""Name → what makes a record of that form from a triplet. `triplet` alone keeps everything; see docs/formats.md."""


def arrow_schema(form: str) -> pa.Schema:
    """Arrow schema of the records of a form.

    Raises:
        SettingError: it is `triplet`, whose lists have no fixed columns.
    """
    import pyarrow as pa

    if form == "triplet":
        raise SettingError(
            "triplets in full are no table", remedy="Write them as .jsonl or .json, or choose another form with --to."
        )
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
        **({"reasoning_characters": pa.int32()} if form in _TOLD_ALOUD else {}),
    }
    columns = {name: _turns(*keys) if keys else text for name, keys in _COLUMNS[form].items()}
    return pa.schema(columns if form == "earlier" else {**columns, "metadata": pa.struct(metadata)})


def _turns(*keys: str) -> pa.DataType:
    import pyarrow as pa

    return pa.list_(pa.struct(dict.fromkeys(keys, pa.string())))


_TOLD_ALOUD = ("messages", "sharegpt", "alpaca", "trl")
"""Forms that hold the reasoning in `<think>`."""
_OPENAI = ("role", "content")
_COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "published": dict.fromkeys(("reverse_inspiration_prompt", "reasoning_process", "article"), ()),
    "earlier": dict.fromkeys(("id", "query_type", "query", "thought", "answer", "link", "score"), ()),
    "plain": dict.fromkeys(("prompt", "thought", "output"), ()),
    "messages": {"messages": _OPENAI},
    "sharegpt": {"conversations": ("from", "value")},
    "alpaca": dict.fromkeys(("instruction", "input", "output"), ()),
    "trl": {"prompt": _OPENAI, "completion": _OPENAI},
}
"""Form → its columns; a column of turns names their keys."""
