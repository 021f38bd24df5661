"""What a judge is asked to fill in; the JSON schema that goes with a request is made from these.

Evidence comes first, then what it shows, then the mark, so that a mark follows from something in the answer.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from coig_writer.evaluate.read_table import MARKS

Verdict = Literal["met", "partly", "not"]
"""On one criterion."""
Language = Literal["zh", "en"]
_LENGTH = {"zh": 80, "en": 240}
"""Characters of a quotation or reason; what the template asks for in words, with some room."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


@cache
def rating_answer(language: Language) -> type[BaseModel]:
    """Quotation, reason and mark 0–3 on each of the five dimensions."""
    mark = create_model("Mark", __base__=_Answer, **_grounds(language), mark=(int, Field(ge=0, le=3)))
    dimensions: dict[str, Any] = dict.fromkeys(MARKS, (mark, ...))
    return create_model("RatingAnswer", __base__=_Answer, **dimensions)


@cache
def criteria_answer(language: Language, count: int) -> type[BaseModel]:
    """Quotation, reason and verdict on each of `count` criteria, `c1` and on."""
    verdict: dict[str, Any] = {"verdict": (Verdict, ...)}
    point = create_model("Point", __base__=_Answer, **_grounds(language), **verdict)
    points: dict[str, Any] = {f"c{number}": (point, ...) for number in range(1, count + 1)}
    return create_model("CriteriaAnswer", __base__=_Answer, **points)


@cache
def pair_answer(language: Language) -> type[BaseModel]:
    """The difference that decides, and which of two pieces is better."""
    fields: dict[str, Any] = {
        "reason": (str, Field(min_length=2, max_length=_LENGTH[language])),
        "better": (Literal["first", "second", "tie"], ...),
    }
    return create_model("PairAnswer", __base__=_Answer, **fields)


def _grounds(language: Language) -> dict[str, Any]:
    return {
        "quote": (str, Field(max_length=_LENGTH[language])),
        "reason": (str, Field(min_length=2, max_length=_LENGTH[language])),
    }
