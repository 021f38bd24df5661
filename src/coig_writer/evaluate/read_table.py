"""Tables of comparisons and ratings as people keep them: CSV (or TSV) and XLSX, columns found by their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from coig_writer.dataset.containers import records_of
from coig_writer.schema import Ranking, Rating

COLUMNS = {
    "query": ("query_id", "question_id", "prompt_id", "prompt", "query", "question", "题号", "题目", "提示"),
    "rater": ("rater", "worker", "annotator", "evaluator", "user", "评审", "评审员", "标注员"),
    "left": ("left", "model_a", "a", "左"),
    "right": ("right", "model_b", "b", "右"),
    "winner": ("winner", "label", "choice", "preference", "result", "胜者", "结果"),
    "seconds": ("seconds", "duration", "time_s", "用时"),
    "model": ("model", "model_name", "system", "source_file", "模型"),
    "content_quality": ("content_quality", "content quality", "内容质量"),
    "creative_merit": ("creative_merit", "creative merit", "creativity", "创意", "创意价值"),
    "cultural_appropriateness": ("cultural_appropriateness", "cultural appropriateness", "文化适切", "文化适宜"),
    "task_fulfilment": ("task_fulfilment", "task_fulfillment", "task fulfillment", "task fulfilment", "任务完成"),
    "overall_preference": ("overall_preference", "overall preference", "overall", "总体偏好", "整体偏好"),
}
"""Column → names that are accepted for it, in order of preference, whatever their case."""
MARKS = (
    "content_quality",
    "creative_merit",
    "cultural_appropriateness",
    "task_fulfilment",
    "overall_preference",
)
"""The five rated dimensions, 0–3 each, in the order in which tables show them."""
_LEFT = {"left", "a", "model_a", "1", "左", "<"}
_RIGHT = {"right", "b", "model_b", "2", "右", ">"}
_TIE = {"tie", "draw", "equal", "both", "neither", "0", "0.5", "=", "平", "平局"}


def table_rows(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """(row number in the file, cells by column name in lower case, or why it cannot be used); empty rows are skipped.

    Raises:
        InputError: the file cannot be read as a table.
    """
    for found in records_of(path):
        row = int(found.where.rpartition(":")[2])
        if found.error:
            yield row, found.error
        else:
            yield row, {name.lower(): cell for name, cell in found.value.items()}


def _cell(row: dict[str, Any], column: str) -> str | None:
    for name in COLUMNS[column]:
        value = row.get(name)
        if value is not None and str(value).strip():
            return str(value).strip()
    return None


def kind_of(row: dict[str, Any]) -> str | None:
    """`pairs` or `ratings`, by the names of the columns; None when they are neither."""

    def has(column: str) -> bool:
        return any(name in row for name in COLUMNS[column])

    if has("left") and has("right") and has("winner"):
        return "pairs"
    if has("model") and has("overall_preference"):
        return "ratings"
    return None


def rater_name(name: str) -> str:
    """`name` as a rater: a person unless it says otherwise."""
    return name if name.startswith(("human:", "llm:")) else f"human:{name}"


def pair_of(row: dict[str, Any], unnamed: str) -> Ranking | str:
    """The pair in a row, left shown first, or why it cannot be used.

    Args:
        unnamed: the rater of rows that name none.
    """
    query, left, right, winner = (_cell(row, name) for name in ("query", "left", "right", "winner"))
    if not query or not left or not right:
        return "no prompt, left or right"
    if left == right:
        return "left and right are the same model"
    if not winner:
        return "no winner"
    places = _places(left, right, winner)
    if places is None:
        return f"the winner {winner!r} is neither of the two nor a tie"
    return _record(
        Ranking,
        query_id=query,
        rater=rater_name(_cell(row, "rater") or unnamed),
        places=places,
        shown=[left, right],
        seconds=_cell(row, "seconds"),
    )


def _places(left: str, right: str, winner: str) -> dict[str, int] | None:
    if winner in (left, right):  # a model may be called A, or tie
        return {left: 1 + (winner == right), right: 1 + (winner == left)}
    word = winner.lower()
    if word in _TIE:
        return {left: 1, right: 1}
    if word in _LEFT | _RIGHT:
        return {left: 1 + (word in _RIGHT), right: 1 + (word in _LEFT)}
    return None


def rating_of(row: dict[str, Any], unnamed: str) -> Rating | str:
    """The five marks in a row, or why they cannot be used; a missing mark is not guessed."""
    query, model = _cell(row, "query"), _cell(row, "model")
    if not query or not model:
        return "no query or model"
    marks: dict[str, Any] = {}
    for name in MARKS:
        cell = _cell(row, name)
        if cell is None:
            return f"{name} is missing"
        try:
            marks[name] = float(cell)
        except ValueError:
            return f"{name} is not a number: {cell!r}"
    return _record(Rating, query_id=query, model=model, rater=rater_name(_cell(row, "rater") or unnamed), **marks)


def _record(kind: type[BaseModel], **fields: Any) -> Any:
    try:
        return kind(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'row'}: {first['msg']}"
