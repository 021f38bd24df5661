"""What each task asks a model to fill in; the JSON schema that goes with the request is made from these.

Reasons come before marks, so that a mark follows from something. Length limits are part of the
schema: servers with constrained decoding keep them, others are asked again.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from coig_writer.taxonomy import genres


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ScreenAnswer(_Answer):
    reason: str = Field(min_length=2, max_length=30)
    quality: int = Field(ge=0, le=10)
    creativity: int = Field(ge=0, le=10)
    defect: Literal["无", "广告", "残篇", "套话"]


class CheckAnswer(_Answer):
    reason: str = Field(min_length=2, max_length=30)
    holds: bool


class ScoreAnswer(_Answer):
    reason: str = Field(min_length=2, max_length=20)
    quality: int = Field(ge=1, le=10)
    creativity: int = Field(ge=1, le=10)


@cache
def analysis_answer(facet_length: int, with_genre: bool) -> type[BaseModel]:
    """Five facets of the article, and its genre's slug when nobody has named it."""
    facets: dict[str, Any] = dict.fromkeys(
        ("structure", "style", "rhetoric", "effectiveness", "insight"), _text(4, facet_length)
    )
    genre: dict[str, Any] = {"genre": (Literal[tuple(genres())], ...)} if with_genre else {}
    return create_model("AnalysisAnswer", __base__=_Answer, **facets, **genre)


@cache
def match_answer(facet_length: int) -> type[BaseModel]:
    """Five facets of prompt and article together."""
    facets: dict[str, Any] = dict.fromkeys(
        ("needs", "architecture", "expression", "value", "effect"), _text(4, facet_length)
    )
    return create_model("MatchAnswer", __base__=_Answer, **facets)


@cache
def prompt_answer(low: int, high: int) -> type[BaseModel]:
    """The article's key elements, named first so that the prompt builds on them, and `low` to `high` characters."""
    element = _text(1, 12)[0]
    return create_model(
        "PromptAnswer",
        __base__=_Answer,
        elements=(list[element], Field(min_length=3, max_length=5)),  # type: ignore[valid-type]
        prompt=_text(low, high),
    )


REASONING_FACETS = ("interpretation", "structure", "culture", "strategy", "refinement")
"""What the reasoning covers (paper, section 2.2, step 2), in the order of its paragraphs."""


@cache
def reasoning_answer(low: int, high: int) -> type[BaseModel]:
    """A drafted reasoning of about `low` to `high` characters, one paragraph a facet.

    The bounds are shared out among the paragraphs, since a schema cannot bound their sum.
    """
    share = len(REASONING_FACETS)
    facets: dict[str, Any] = dict.fromkeys(REASONING_FACETS, _text(-(-low // share), high // share))
    return create_model("ReasoningAnswer", __base__=_Answer, **facets)


def _text(low: int, high: int) -> tuple:
    return (Annotated[str, Field(min_length=low, max_length=high)], ...)
