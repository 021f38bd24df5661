"""Model answers become records, or an error that says what is wrong with them; nothing is made up.

Models wrap JSON in fences and prose, forget closing brackets, quote numbers. What was certainly
meant is accepted; what is missing, out of range or ambiguous stays an error, and the question is
asked again.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from coig_writer.errors import ModelError

Value = TypeVar("Value", bound=BaseModel)

_NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*分?\s*")
_OBJECT = re.compile(r"\{(?=\s*[\"'“}])")
"""Where an object may start; braces in prose do not look like this."""
_CUT_NUMBER = re.compile(r"[,:\[]\s*(?:[\"“'][+-]?[\d.]*|[+-]?[\d.]+(?:[eE][+-]?\d*)?)[\s`…]*$")
"""The number, bare or quoted, at which a broken answer ends, perhaps before a closing fence."""


class AnswerError(ModelError):
    """An answer that cannot be used; the message says why, in words that also help the model.

    Args:
        repeatable: whether the model may be shown its answer, and this message, when it is asked again.
    """

    def __init__(self, message: str, *, repeatable: bool = True):
        super().__init__(message)
        self.repeatable = repeatable


@cache
def answer_schema(model: type[BaseModel]) -> dict:
    """The JSON Schema that a server is asked to follow; fields keep their order."""
    return model.model_json_schema()


def parse_answer(text: str, model: type[Value]) -> Value:
    """The record in a model's answer.

    Strict JSON is tried first; then the one JSON object in fences or prose; then a repaired one
    (`json_repair`). Types are checked strictly but for numbers and truth values that were written
    as text (`"8"`, `"8分"`, `"true"`) or as `8.0`. A number at the very end of a broken answer is
    dropped, since `1` may have been going to be `10`.

    Raises:
        AnswerError: no object, several different ones, one that names a field twice with different
            values, or one that breaks the model's rules.
    """
    try:
        value = model.model_validate_json(text, strict=True)
    except ValidationError:
        return _validate(_find_object(text, model), model)
    json.loads(text, object_pairs_hook=_distinct)
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict:
    """A JSON object of `pairs`; JSON itself would let the last of two values win."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for name, value in pairs:
            if json.dumps(found[name]) != json.dumps(value):
                raise AnswerError(f"{name}: named twice, with different values")
    return found


def _find_object(text: str, model: type[BaseModel]) -> dict:
    whole = _whole_objects(text)
    if len(whole) > 1:
        raise AnswerError(f"{len(whole)} different JSON objects where one was asked for")
    if whole:
        return whole[0]
    start = _OBJECT.search(text)
    if start is None:
        raise AnswerError("no JSON object in the answer")
    broken = _CUT_NUMBER.sub(_keep_bracket, text[start.start() :])
    for name in model.model_fields:  # the repair, too, would let the last one win
        if len(re.findall(rf"[{{,，]\s*[\"“”']?{re.escape(name)}[\"“”']?\s*[:：]", broken)) > 1:
            raise AnswerError(f"{name}: named twice in broken JSON")
    import json_repair  # slow to load, and seldom needed

    try:
        found = json_repair.loads(broken, skip_json_loads=True)
    except (ValueError, RecursionError):  # nested too deep
        found = None
    if not isinstance(found, dict) or not found:
        raise AnswerError("the JSON in the answer is broken beyond repair")
    return found


def _keep_bracket(match: re.Match[str]) -> str:
    return match[0][0]


def _whole_objects(text: str) -> list[dict]:
    """The distinct outermost JSON objects in `text`, in their order."""
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_distinct)
    found: list[dict] = []
    start = _OBJECT.search(text)
    while start:
        try:
            value, end = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            # An object that never closes: whatever stands inside it is not an answer of its own.
            return found
        if value not in found:
            found.append(value)
        start = _OBJECT.search(text, end)
    return found


def _validate(found: dict, model: type[Value]) -> Value:
    for _ in range(2):
        try:
            return model.model_validate_json(json.dumps(found), strict=True)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False)
            mended = [_mend(found, problem["loc"], problem["type"]) for problem in problems]
            if not any(mended):
                break
    raise AnswerError("; ".join(_describe(problem) for problem in problems[:3]))


def _mend(found: Any, location: tuple[int | str, ...], kind: str) -> bool:
    """Replaces in place a value that was certainly meant as a number or truth value; whether it did."""
    parent = found
    try:
        for step in location[:-1]:
            parent = parent[step]
        meant = _meant(parent[location[-1]], kind)
    except (LookupError, TypeError):  # the location names a union's branch, not a place in the answer
        return False
    if meant is None:
        return False
    parent[location[-1]] = meant
    return True


def _meant(value: Any, kind: str) -> int | float | bool | None:
    if kind == "bool_type" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    if kind not in ("int_type", "float_type") or isinstance(value, bool):
        return None
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value)
        value = float(match[1]) if match else None
    if kind == "int_type" and isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int | float) else None


def _describe(problem: Any) -> str:
    place = ".".join(map(str, problem["loc"])) or "answer"
    return f"{place}: {problem['msg']}"
