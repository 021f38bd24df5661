"""The steps from an article to a gated draft (paper, section 2.2 and 2.3), each `draft → draft`.

A step asks a model through `ask` (resumable, `llm/batch`) or is pure. It returns the draft with what
it found; a draft whose status is no longer open takes no further step.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import BaseModel

from coig_writer.annotate import answers
from coig_writer.annotate.checks import check_parts
from coig_writer.annotate.injection import Instruction, echoed, find_instructions
from coig_writer.annotate.settings import AnnotateSettings
from coig_writer.errors import InputError
from coig_writer.llm.answers import AnswerError
from coig_writer.llm.batch import Answer, Ask
from coig_writer.llm.context import Fitted, fit
from coig_writer.llm.prompts import messages, template_hash
from coig_writer.llm.registry import PENALTIES
from coig_writer.schema import (
    Analysis,
    Coherence,
    Draft,
    DraftStatus,
    Gate,
    MatchAnalysis,
    Scores,
    Screening,
)
from coig_writer.taxonomy import Part, categories, category_range, genres, resolve

JUDGING = {"temperature": 0, **dict.fromkeys(PENALTIES)}
"""Judgements take the likeliest answer, and no digit is less likely for standing in the rubric or in the mark before;
drafts are sampled as the model's settings say."""
_TASK_TOKENS = 1200
"""Room kept for system text, task, fences and the schema where it is sent in words."""
_GENRE_TOKENS = 2000
"""The same for the task that names a genre, which lists all of them."""


@dataclass(frozen=True)
class Job:
    """What all steps of one run have in common."""

    settings: AnnotateSettings
    model: str
    """The model's id, as scores name it."""
    context: int | None = None
    """Tokens that one call may fill; None: not known, nothing is cut."""

    def rater(self, *templates: str) -> str:
        return f"llm:{self.model}@{template_hash(*templates)}"


Step = Callable[[Draft, Ask, Job], Awaitable[Draft]]


async def screen(draft: Draft, ask: Ask, job: Job) -> Draft:
    """Whether the article is worth the work, 0–10 each with a reason; one that instructs its reader is held."""
    instructions = find_instructions(draft.article.text)
    if instructions:
        first = instructions[0]
        why = f"the text seems to instruct the model that reads it ({first.kind}): “{first.sentence[:80]}”"
        return draft.model_copy(update={"status": DraftStatus.HELD, "why": why})
    found = (await _ask(draft, ask, job, "screen", answers.ScreenAnswer)).value
    screening = Screening(
        quality=found.quality,
        creativity=found.creativity,
        usable=found.defect == "无",
        reason=found.reason,
        by=job.rater("screen"),
    )
    settings = job.settings
    short = [
        *([f"quality {found.quality} < {settings.screen_quality}"] if found.quality < settings.screen_quality else []),
        *(
            [f"creativity {found.creativity} < {settings.screen_creativity}"]
            if found.creativity < settings.screen_creativity
            else []
        ),
        *([] if screening.usable else [f"judged unusable ({found.defect})"]),
    ]
    update: dict = {"screening": screening, "templates": _with_hash(draft, "screen")}
    if short:
        update |= {"status": DraftStatus.SCREENED_OUT, "why": "; ".join(short)}
    return draft.model_copy(update=update)


async def analyse(draft: Draft, ask: Ask, job: Job) -> Draft:
    """A reading of the article; names its genre when nobody has."""
    unknown = draft.article.genre is None
    schema = answers.analysis_answer(job.settings.facet_length, unknown)
    names = ("analyse", "genre") if unknown else ("analyse",)
    listed = "、".join(f"{genre.slug}（{genre.name_zh}）" for genre in genres().values())
    found = (await _ask(draft, ask, job, names, schema, genres=listed)).value.model_dump()
    by = job.rater(*names)
    update: dict = {"templates": _with_hash(draft, *names)}
    if unknown:
        update["article"] = draft.article.model_copy(update={"genre": found.pop("genre"), "genre_by": by})
    facets = {name: whole_sentences(text) for name, text in found.items()}
    return draft.model_copy(update={**update, "analysis": Analysis(**facets, by=by)})


async def draft_prompt(draft: Draft, ask: Ask, job: Job) -> Draft:
    """The reverse-inspiration prompt: what could have led to the article; specific, yet free."""
    low, high = _length(draft, "prompt", job.settings.prompt_length)
    schema = answers.prompt_answer(low, high)
    genre = resolve(draft.article.genre).name_zh if draft.article.genre else "文章"
    values = {"genre": genre, "length": _round(len(draft.article.text)), "low": low, "high": high}
    found = (await _ask(draft, ask, job, "draft_prompt", schema, **values)).value
    update: dict = {"prompt": whole_sentences(found.prompt.strip()), "model": job.model}
    update |= dict.fromkeys(("match", "reasoning", "coherence", "scores", "gate"))  # they spoke of another prompt
    return draft.model_copy(update={**update, "templates": _with_hash(draft, "draft_prompt")})


async def match(draft: Draft, ask: Ask, job: Job) -> Draft:
    """A reading of prompt and article together."""
    found = await _ask(draft, ask, job, "match", answers.match_answer(job.settings.facet_length))
    facets = {name: whole_sentences(text) for name, text in found.value.model_dump().items()}
    reading = MatchAnalysis(**facets, by=job.rater("match"))
    return draft.model_copy(update={"match": reading, "templates": _with_hash(draft, "match")})


async def draft_reasoning(draft: Draft, ask: Ask, job: Job) -> Draft:
    """The reasoning process, as if the article were still to be written."""
    low, high = _length(draft, "reasoning", job.settings.reasoning_length)
    found = await _ask(draft, ask, job, "draft_reasoning", answers.reasoning_answer(low, high), low=low, high=high)
    reasoning = "\n\n".join(whole_sentences(paragraph.strip()) for paragraph in found.value.model_dump().values())
    update: dict = {"reasoning": reasoning, "model": job.model}
    update |= dict.fromkeys(("coherence", "scores", "gate"))  # they spoke of another reasoning
    return draft.model_copy(update={**update, "templates": _with_hash(draft, "draft_reasoning")})


async def check(draft: Draft, ask: Ask, job: Job) -> Draft:
    """Coherence of the triplet, by program and by model."""
    findings, figures = check_parts(draft.article, draft.prompt or "", draft.reasoning or "", job.settings)
    found = (await _ask(draft, ask, job, "check", answers.CheckAnswer)).value
    coherence = Coherence(
        findings=findings, figures=figures, holds=found.holds, reason=found.reason, by=job.rater("check")
    )
    return draft.model_copy(update={"coherence": coherence, "templates": _with_hash(draft, "check")})


async def score(draft: Draft, ask: Ask, job: Job) -> Draft:
    """Six scores, 1–10: quality and creativity of reasoning, prompt and article, each part with its own rubric.

    The reasoning comes first because its call shares the longest prefix with the check before it.
    """
    values: dict[str, int] = {}
    names = ("score_reasoning", "score_prompt", "score_article")
    for name in names:
        answer = await _ask(draft, ask, job, name, answers.ScoreAnswer)
        found, at = answer.value, answer.at
        part = name.removeprefix("score_")
        values |= {f"{part}_quality": found.quality, f"{part}_creativity": found.creativity}
    scores = Scores(**values, by=job.rater(*names), at=at)
    return draft.model_copy(update={"scores": scores, "templates": _with_hash(draft, *names)})


async def gate(draft: Draft, ask: Ask, job: Job) -> Draft:
    """Sum and each score against the thresholds, and no error of coherence; what fails needs refinement."""
    return gated(draft, job.settings)


def gated(draft: Draft, settings: AnnotateSettings) -> Draft:
    """A scored and checked draft with the gate's verdict."""
    assert draft.scores is not None  # `demand` has seen to both
    assert draft.coherence is not None
    found = Gate.of(draft.scores, draft.coherence, settings.gate_sum, settings.gate_each)
    status = DraftStatus.PASSED if found.passed else DraftStatus.NEEDS_REFINEMENT
    return draft.model_copy(update={"gate": found, "status": status, "why": "; ".join(found.shortfalls) or None})


STEPS: MappingProxyType[str, Step] = MappingProxyType(
    {
        "screen": screen,
        "analyse": analyse,
        "draft-prompt": draft_prompt,
        "match": match,
        "draft-reasoning": draft_reasoning,
        "check": check,
        "score": score,
        "gate": gate,
    }
)
"""The steps in the order of a whole run."""

_NEEDS = {
    "match": {"prompt": "draft-prompt"},
    "draft-reasoning": {"prompt": "draft-prompt"},
    "check": {"prompt": "draft-prompt", "reasoning": "draft-reasoning"},
    "score": {"prompt": "draft-prompt", "reasoning": "draft-reasoning"},
    "gate": {"coherence": "check", "scores": "score"},
}

_FENCED = {
    "screen": ("article",),
    "analyse": ("article",),
    "draft_prompt": ("article", "analysis"),
    "match": ("article", "prompt"),
    "draft_reasoning": ("article", "prompt"),
    "check": ("article", "prompt", "reasoning"),
    "score_article": ("article",),
    "score_prompt": ("article", "prompt"),
    "score_reasoning": ("article", "prompt", "reasoning"),
}
"""Which material a task gets to see; a part is scored without what comes after it."""


def demand(draft: Draft, step: str) -> None:
    """Raises `InputError` when the draft lacks what `step` builds on; names the step to run first."""
    for field, source in _NEEDS.get(step, {}).items():
        if getattr(draft, field) is None:
            raise InputError(
                f"record {draft.id} has no {field} yet",
                remedy=f"Run `coig-writer annotate {source}` first, or `annotate run` for all steps.",
            )


async def _ask(
    draft: Draft, ask: Ask, job: Job, names: str | tuple[str, ...], schema: type[BaseModel], **values
) -> Answer:
    names = (names,) if isinstance(names, str) else names
    parts = {part: _material(draft, part, job) for part in _FENCED[names[0]] if getattr(draft, part)}
    instructions = find_instructions(draft.article.text)

    def refuse_echo(value: BaseModel) -> None:
        _refuse_echo(value, instructions)

    return await ask(
        names[0],
        messages(*names, parts=parts, **values),
        answer=schema,
        template=template_hash(*names),
        sampling=JUDGING if names[0].startswith(("screen", "check", "score")) else None,
        check=refuse_echo if instructions else None,
    )


def _refuse_echo(value: BaseModel, instructions: list[Instruction]) -> None:
    repeated = echoed(value.model_dump_json(), instructions)
    if repeated:
        message = f"the answer repeats an instruction that stands in the article ({repeated.kind})"
        raise AnswerError(message, repeatable=False)  # shown to the model, it would stand outside the fence


def _material(draft: Draft, part: str, job: Job) -> str:
    if part == "article":
        return _fitted(draft, job).text if job.context else draft.article.text
    if part == "analysis":
        assert draft.analysis is not None
        return "\n".join(draft.analysis.model_dump(exclude={"by"}).values())
    return getattr(draft, part)


def with_cut(draft: Draft, job: Job) -> Draft:
    """The draft with a visible note when the model will see only the article's beginning.

    Raises:
        InputError: the context is too small for any of it.
    """
    return draft.model_copy(update={"cut": _fitted(draft, job).note}) if job.context else draft


def _fitted(draft: Draft, job: Job) -> Fitted:
    room = _room(job)
    try:
        return fit(draft.article.text, room)
    except ValueError as error:
        raise InputError(
            f"a context of {job.context:,} tokens is too small for these lengths: {error}",
            remedy="Name a model with a larger context, or ask for a shorter reasoning.",
        ) from error


def _room(job: Job) -> int:
    """Tokens left for the article in the longest call: the same for all, so that all share its prefix.

    An unusable answer is shown to the model when it is asked again, hence twice.
    """
    settings = job.settings
    prompt = max(_within(category, "prompt", settings.prompt_length)[1] for category in categories())
    reasoning = max(_within(category, "reasoning", settings.reasoning_length)[1] for category in categories())
    facets = 5 * settings.facet_length
    longest = max(_GENRE_TOKENS + 2 * facets, _TASK_TOKENS + facets + 2 * prompt, _TASK_TOKENS + prompt + 2 * reasoning)
    return (job.context or 0) - longest


def _with_hash(draft: Draft, *names: str) -> dict[str, str]:
    return {**draft.templates, **{name: template_hash(name) for name in names}}


def _length(draft: Draft, part: Part, asked: tuple[int, int]) -> tuple[int, int]:
    """The length to ask for: as asked, moved into the published range of the genre's category if that is known."""
    return _within(resolve(draft.article.genre).category, part, asked) if draft.article.genre else asked


def _within(category: str, part: Part, asked: tuple[int, int]) -> tuple[int, int]:
    """A little is added to the published minimum, since an unfinished last sentence may be dropped later."""
    low, high = asked
    published = category_range(category, part)
    low = min(max(low, published.min * 11 // 10), published.max)
    return low, min(max(high, low * 6 // 5), published.max)


def _round(length: int) -> int:
    """A length as a person would ask for it: to the nearest ten below 200, fifty below 1,000, else hundred."""
    unit = 10 if length < 200 else 50 if length < 1000 else 100
    return max(unit, round(length / unit) * unit)


def whole_sentences(text: str) -> str:
    """`text` without an unfinished last sentence, if at least half of it is finished."""
    ends = [found.end() for found in re.finditer(r"[。！？…!?][”’」』）)]*", text)]
    return text[: ends[-1]] if ends and ends[-1] * 2 >= len(text) else text
