"""The language every room speaks: the records that lie in files between them.

All records refuse unknown fields, so that a misspelt column is an error and not a silent loss.
Dates are ISO 8601; lengths are counted in characters (Unicode code points) unless said otherwise.
"""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

GATE_SUM = 50
"""A triplet's six scores must add up to at least this much (of 60); paper, section 2.3."""
GATE_EACH = 8
"""Each of a triplet's six scores must be at least this much (of 10); paper, section 2.3."""
SCREEN_PASS = 8
"""The screen's quality and creativity must each be at least this much (of 10); paper, section 2.1."""

DIMENSIONS = (
    "article_quality",
    "article_creativity",
    "prompt_quality",
    "prompt_creativity",
    "reasoning_quality",
    "reasoning_creativity",
)
"""The six scored dimensions, in the order in which tables show them."""


class Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, ser_json_inf_nan="constants")


def article_id(text: str) -> str:
    """A stable id from an article's content: 16 hex digits of BLAKE2b over the text in NFC without white space.

    White space is left out so that the same article keeps its id when it is wrapped or indented anew; it goes
    before NFC, because a letter and its accent may have been torn apart by it.
    """
    bare = "".join(text.split())
    if not unicodedata.is_normalized("NFC", bare):
        bare = unicodedata.normalize("NFC", bare)
    return hashlib.blake2b(bare.encode(), digest_size=8).hexdigest()


class Engagement(Record):
    """What readers did with a text where it was published; None where the platform does not say."""

    likes: int | None = Field(None, ge=0)
    shares: int | None = Field(None, ge=0)
    comments: int | None = Field(None, ge=0)
    percentile: float | None = Field(None, ge=0, le=1)
    """Rank among the texts of the same platform, 0–1."""


_NO_ENGAGEMENT = Engagement()  # one for all articles without: a frozen record can be shared, and making it takes time


class Article(Record):
    """A text that somebody wrote, with where it comes from."""

    id: str
    text: str = Field(min_length=1)
    title: str | None = None
    author: str | None = None
    url: str | None = None
    platform: str | None = None
    published: date | None = None
    language: str | None = None
    """ISO 639-1 code (`zh`, `en`)."""
    script: Literal["hans", "hant"] | None = None
    """Simplified or traditional characters, for Chinese."""
    genre: str | None = None
    """A slug of `coig_writer.taxonomy`."""
    genre_by: str | None = None
    """Who named the genre: `source` (the data said so), `human:…` or `llm:…`."""
    licence: str | None = None
    engagement: Engagement = Field(default_factory=lambda: _NO_ENGAGEMENT)
    source: str | None = None
    """File and row or line that the text was read from."""

    @classmethod
    def from_text(cls, text: str, **fields) -> Article:
        """An article whose id is derived from `text`."""
        return cls(id=article_id(text), text=text, **fields)


Rater = Annotated[str, Field(pattern=r"^(human:.+|llm:.+@[0-9a-f]{8,})$")]
"""`human:<handle>` or `llm:<model>@<template hash>`: a score without a scorer does not exist."""


class Scores(Record):
    """Six scores from 1 to 10 by one rater (paper, section 2.3)."""

    article_quality: int = Field(ge=1, le=10)
    article_creativity: int = Field(ge=1, le=10)
    prompt_quality: int = Field(ge=1, le=10)
    prompt_creativity: int = Field(ge=1, le=10)
    reasoning_quality: int = Field(ge=1, le=10)
    reasoning_creativity: int = Field(ge=1, le=10)
    by: Rater
    at: datetime | None = None

    @property
    def values(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in DIMENSIONS}

    @property
    def total(self) -> int:
        """Sum of the six scores, 6–60."""
        return sum(self.values.values())

    def shortfalls(self, gate_sum: int = GATE_SUM, gate_each: int = GATE_EACH) -> list[str]:
        """What keeps these scores from passing the gate; empty when they pass."""
        found = [f"{name} {value} < {gate_each}" for name, value in self.values.items() if value < gate_each]
        if self.total < gate_sum:
            found.append(f"sum {self.total} < {gate_sum}")
        return found


class StatedScores(Record):
    """Sums that a file states without the six scores behind them, as the published and the earlier record do.

    They tell whether the sum reaches the gate, not whether each score does.
    """

    total: int | None = Field(None, ge=0, le=60)
    article: int | None = Field(None, ge=0, le=20)
    """Quality and creativity together, as the next two."""
    prompt: int | None = Field(None, ge=0, le=20)
    reasoning: int | None = Field(None, ge=0, le=20)
    creativity: int | None = Field(None, ge=0, le=10)
    """The published `creativity_score`."""


class Screening(Record):
    """The LLM screen of an article before anybody spends time on it (paper, section 2.1)."""

    quality: int = Field(ge=0, le=10)
    creativity: int = Field(ge=0, le=10)
    usable: bool
    reason: str
    by: Rater


class Verdict(StrEnum):
    ACCEPT = "accept"
    SEND_BACK = "send_back"
    REMOVE = "remove"


class Review(Record):
    """One reviewer's decision on one round of a triplet (paper, section 2.3)."""

    by: Rater
    verdict: Verdict
    round: int = Field(1, ge=1)
    semantic_consistency: int | None = Field(None, ge=1, le=5)
    authenticity: int | None = Field(None, ge=1, le=5)
    coherence: int | None = Field(None, ge=1, le=5)
    diversity: int | None = Field(None, ge=1, le=5)
    comment: str = ""
    at: datetime | None = None


class Provenance(Record):
    """How a triplet came to be; the LLM drafts stay beside the human text so that its share can be measured."""

    drafted_by: str | None = None
    """Model that drafted prompt and reasoning, or `human:…`."""
    draft_prompt: str | None = None
    draft_reasoning: str | None = None
    templates: dict[str, str] = {}
    """Prompt template name → hash."""
    note: str | None = None
    """Such as `written for this project`."""


_UNKNOWN = Provenance()


class Triplet(Record):
    """The unit of a release: a prompt, the reasoning behind the writing, the article."""

    id: str
    prompt: str = Field(min_length=1)
    reasoning: str = Field(min_length=1)
    article: Article
    genre: str
    scores: list[Scores] = Field(default_factory=list)
    stated_scores: StatedScores | None = None
    """What is known where the six scores are not."""
    reviews: list[Review] = Field(default_factory=list)
    provenance: Provenance = Field(default_factory=lambda: _UNKNOWN)

    @property
    def reviewed(self) -> bool:
        """Whether at least one person's latest verdict accepts it and none of the latest refuses it."""
        latest = {review.by: review for review in self.reviews if review.by.startswith("human:")}
        return bool(latest) and all(review.verdict is Verdict.ACCEPT for review in latest.values())

    @property
    def deciding_scores(self) -> Scores | None:
        """The scores that count for the gate: the latest by a person, else the latest by a model."""
        people = [scores for scores in self.scores if scores.by.startswith("human:")]
        candidates = people or self.scores
        return candidates[-1] if candidates else None


class Span(Record):
    """A length that is asked for: from, to, or both."""

    unit: Literal["characters", "words"]
    min: int | None = Field(None, ge=1)
    max: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.min is None and self.max is None:
            raise ValueError("a length needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class Form(Record):
    """The shape that is asked for; numbers are exact."""

    name: str
    sections: int | None = Field(None, ge=1)
    lines: int | None = Field(None, ge=1)
    line_length: int | None = Field(None, ge=1)
    """Characters, or words in English, of each line."""
    rhyme: bool = False
    tones: bool = False
    """Whether a tonal pattern (平仄) is asked for."""


class Constraints(Record):
    """What a query asks for as data, so that a program can check it; the query's text says all of it too."""

    length: Span | None = None
    style: str | None = None
    theme: str | None = None
    form: Form | None = None
    must_include: list[str] = []
    """Strings that the answer has to contain."""
    must_avoid: list[str] = []
    """Strings that it must not contain."""


class Challenge(StrEnum):
    """A demand in which models differ visibly."""

    META_COMMENTARY = "meta_commentary"
    """A commentary on a well-known story is part of the task."""
    RHYME = "rhyme"
    TONAL_PATTERN = "tonal_pattern"
    FIXED_NARRATOR = "fixed_narrator"
    """A voice that limits what can be told: a dog, a child, a log book, an unreliable person."""
    FORBIDDEN_WORD = "forbidden_word"
    PREPARED_TWIST = "prepared_twist"
    """A turn that earlier details must prepare."""
    WORDPLAY = "wordplay"
    """Homophones and puns."""
    CRAZY_LITERATURE = "crazy_literature"
    """发疯文学: a rant that gets out of hand on purpose."""
    DIALECT = "dialect"
    EXACT_SECTIONS = "exact_sections"
    MIXED_REGISTERS = "mixed_registers"


class Query(Record):
    """A benchmark query: what a model is asked to write, and by what its answer can be judged."""

    id: str
    language: Literal["zh", "en"]
    genre: str
    query: str = Field(min_length=1)
    """All that the model sees."""
    constraints: Constraints = Constraints()
    context: str | None = None
    """Who reads it, where, under which custom: what an answer has to respect."""
    difficulty: int | None = Field(None, ge=1, le=3)
    challenges: list[Challenge] = []
    criteria: list[str] = []
    """Statements about an answer, each met, partly met or not."""


class Response(Record):
    """One model's answer to one query, with what it took."""

    id: str
    """The query's."""
    query: str
    model: str
    sample: int = Field(0, ge=0)
    """Which of several answers of one model to the query; from 0."""
    genre: str | None = None
    language: str | None = None
    mode: str = "zero-shot"
    """Such as `five-shot`, `zero-shot+plan`."""
    response: str | None = None
    reasoning: str | None = None
    """What the model thought aloud before it, apart from the response."""
    flags: list[str] = []
    """What is odd about the answer: `empty`, `refusal`, `cut-off`, `repetition`."""
    finish_reason: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    seconds: float | None = None
    first_token_seconds: float | None = None
    """Known for streamed answers."""
    seed: int | None = None
    sampling: dict[str, Any] = {}
    prompt_hash: str | None = None
    """Of the messages that were sent."""
    error: str | None = None


class Ranking(Record):
    """One rater's order of several models' answers to one query, best first; equal places are ties."""

    query_id: str
    rater: Rater
    places: dict[str, int]
    """Model → place, 1 is best."""
    shown: list[str] = []
    """Models in the order of display, for position bias."""
    seconds: float | None = None

    @model_validator(mode="after")
    def _some_places(self) -> Ranking:
        if len(self.places) < 2 or min(self.places.values()) != 1:
            raise ValueError("a ranking needs at least two models and a place 1")
        return self


class Rating(Record):
    """One rater's 0–3 marks for one answer (paper, section 2.4)."""

    query_id: str
    model: str
    rater: Rater
    content_quality: int = Field(ge=0, le=3)
    creative_merit: int = Field(ge=0, le=3)
    cultural_appropriateness: int = Field(ge=0, le=3)
    task_fulfilment: int = Field(ge=0, le=3)
    overall_preference: int = Field(ge=0, le=3)


class Analysis(Record):
    """A reading of the article that helps to work backwards from it; one short passage a facet."""

    structure: str
    style: str
    rhetoric: str
    effectiveness: str
    insight: str
    by: Rater


class MatchAnalysis(Record):
    """A reading of prompt and article together: how the one leads to the other."""

    needs: str
    architecture: str
    expression: str
    value: str
    effect: str
    by: Rater


class Finding(Record):
    """Something a check by program noticed in a draft."""

    rule: str
    """Such as `quoted-span`, `not-in-article`, `length`, `language`, `past-tense`."""
    part: Literal["prompt", "reasoning", "triplet"]
    severity: Literal["error", "warning"]
    message: str
    span: str | None = None
    """The characters in question, to be highlighted."""


class Coherence(Record):
    """Whether prompt, reasoning and article belong together: by program, and what a model thinks of it."""

    findings: list[Finding] = []
    figures: dict[str, float] = {}
    """Such as `prompt_longest_quote` (characters), `reasoning_overlap_8gram` (share 0–1)."""
    holds: bool | None = None
    """The model's answer; None when it was not asked."""
    reason: str | None = None
    by: Rater | None = None

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "error"]


class Gate(Record):
    """Whether a draft may go on to review, and if not, what is short."""

    passed: bool
    shortfalls: list[str] = []

    @classmethod
    def of(cls, scores: Scores, coherence: Coherence, gate_sum: int = GATE_SUM, gate_each: int = GATE_EACH) -> Gate:
        """The verdict on these scores: sum, each score, and no error of coherence (paper, section 2.3)."""
        short = scores.shortfalls(gate_sum, gate_each)
        short += [f"{finding.part}: {finding.message}" for finding in coherence.errors]
        if coherence.holds is False:
            short.append(f"the model finds that the triplet does not hold together: {coherence.reason}")
        return cls(passed=not short, shortfalls=short)


class DraftStatus(StrEnum):
    OPEN = "open"
    """Steps are still to be done."""
    SCREENED_OUT = "screened_out"
    HELD = "held"
    """Kept from the model or from release for a person to look at, such as a suspected prompt injection."""
    NEEDS_REFINEMENT = "needs_refinement"
    PASSED = "passed"
    ERROR = "error"


class Failure(Record):
    """A model call that did not lead to a usable answer; it is asked again by the next run."""

    step: str
    kind: str
    message: str


class Draft(Record):
    """An article on its way to becoming a triplet: what each annotation step has added so far."""

    id: str
    article: Article
    status: DraftStatus = DraftStatus.OPEN
    why: str | None = None
    """The reason for the status, for people."""
    cut: str | None = None
    """Set when the model saw only the article's beginning: how much, and why."""
    screening: Screening | None = None
    analysis: Analysis | None = None
    prompt: str | None = None
    match: MatchAnalysis | None = None
    reasoning: str | None = None
    coherence: Coherence | None = None
    scores: Scores | None = None
    gate: Gate | None = None
    model: str | None = None
    templates: dict[str, str] = {}
    failure: Failure | None = None

    def to_triplet(self) -> Triplet:
        """The triplet that this draft amounts to, unreviewed, with the model's wording kept as provenance.

        Raises:
            ValueError: a part is still missing; names it.
        """
        parts = {"prompt": self.prompt, "reasoning": self.reasoning, "genre": self.article.genre}
        missing = [name for name, value in parts.items() if not value]
        if missing:
            raise ValueError(f"the draft has no {' and no '.join(missing)}")
        return Triplet(
            id=self.id,
            article=self.article,
            scores=[self.scores] if self.scores else [],
            provenance=Provenance(
                drafted_by=f"llm:{self.model}" if self.model else None,
                draft_prompt=self.prompt,
                draft_reasoning=self.reasoning,
                templates=self.templates,
                note=self.cut,
            ),
            **parts,
        )
