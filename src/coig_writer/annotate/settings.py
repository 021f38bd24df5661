"""The annotation room's thresholds and lengths, each with the paper's value as its default."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from coig_writer.schema import GATE_EACH, GATE_SUM, SCREEN_PASS


class AnnotateSettings(BaseModel):
    """Every number that decides what happens to a draft."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    screen_quality: int = Field(SCREEN_PASS, ge=0, le=10)
    """Least screening score for quality, 0–10."""
    screen_creativity: int = Field(SCREEN_PASS, ge=0, le=10)
    """Least screening score for creativity, 0–10."""
    gate_sum: int = Field(GATE_SUM, ge=6, le=60)
    """Least sum of the six scores, 6–60."""
    gate_each: int = Field(GATE_EACH, ge=1, le=10)
    """Least single score, 1–10."""

    prompt_length: tuple[int, int] = (80, 400)
    """Characters asked of a drafted prompt."""
    reasoning_length: tuple[int, int] = (500, 1200)
    """Characters asked of a drafted reasoning."""
    facet_length: int = Field(120, ge=10)
    """Most characters of one facet of an analysis."""

    longest_quote: int = Field(12, ge=4)
    """Characters that prompt or reasoning may share with the article in one run."""
    most_overlap: float = Field(0.15, ge=0, le=1)
    """Share of a part's 8-grams that may occur in the article."""
    most_repetition: float = Field(0.25, ge=0, le=1)
    """Share of a part's 4-grams (8-grams unless it is Chinese) that may repeat earlier ones of the same part."""
    least_response: float = Field(0.2, ge=0, le=1)
    """Share of the prompt's content words that the reasoning should take up."""
    least_chinese: float = Field(0.8, ge=0, le=1)
    """Share of Chinese characters among the letters of a part that goes with a Chinese article."""
