"""A model as judge: five marks, criteria one by one, or which of two answers is better.

A judge is shown query, context and answer in fences, and never who wrote the answer. What it is asked for is in
`rubric`, the words are templates (`llm/prompts/judge_*.md`) in the query's language, and the hash of the templates of
both languages signs its marks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from coig_writer.errors import InputError
from coig_writer.evaluate.items import Item
from coig_writer.evaluate.judgement import Evidence, Mark, Verdict
from coig_writer.evaluate.read_table import MARKS
from coig_writer.evaluate.rubric import Language, criteria_answer, pair_answer, rating_answer
from coig_writer.llm.batch import Ask
from coig_writer.llm.context import Fitted, estimate_tokens, fit
from coig_writer.llm.prompts import Frame, messages, template_hash
from coig_writer.llm.registry import PENALTIES

FIRST = {"temperature": 0, **dict.fromkeys(PENALTIES)}
"""The reading that counts takes the likeliest answer, and no digit is less likely for having been used."""
AGAIN_TEMPERATURE = 0.7
"""Of further readings, which show how much the marks depend on chance."""
ANSWER_TOKENS = 1600
"""Room kept for the judge's own answer; twice that for a question that is asked again with the answer before."""
FRAMES = {
    "zh": Frame(
        "judge_system_zh",
        {"query": "写作要求", "context": "写作背景", "answer": "待评作品", "first": "第一篇", "second": "第二篇"},
    ),
    "en": Frame(
        "judge_system_en",
        {"query": "request", "context": "context", "answer": "piece", "first": "first piece", "second": "second piece"},
        "begins",
        "ends",
    ),
}
"""What stands around every task of a judge, by the query's language."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Who judges, and how much it can read."""

    model: str
    """The model's id, as marks name it."""
    context: int | None = None
    """Tokens that one call may fill; None: not known, nothing is cut."""

    def rater(self, task: str) -> str:
        """The signature of this judge's work on `task` (`rate`, `criteria` or `pair`)."""
        return f"llm:{self.model}@{judge_hash(task)}"

    def seen(self, item: Item, answer: str, share: int = 1) -> Fitted:
        """What of an answer this judge gets to see, when `share` answers have to fit in.

        Raises:
            InputError: the context is too small for any of it.
        """
        if self.context is None:
            return Fitted(answer, None)
        around = "".join(message["content"] for message in rate_messages(item, "")) + "".join(item.criteria)
        room = (self.context - estimate_tokens(around) - 2 * ANSWER_TOKENS) // share
        try:
            return fit(answer, room)
        except ValueError as error:
            raise InputError(
                f"a context of {self.context:,} tokens is too small to judge {item.response.id}: {error}",
                remedy="Name a judge with a larger context.",
            ) from error


def judge_hash(task: str) -> str:
    """Twelve hex digits that change with any template of `task`: those of Chinese first, then those of English."""
    return "".join(template_hash(f"judge_{task}_{each}", frame=FRAMES[each])[:6] for each in FRAMES)


def rate_messages(item: Item, answer: str) -> list[dict[str, str]]:
    return _messages("rate", item, {"answer": answer})


def criteria_messages(item: Item, answer: str) -> list[dict[str, str]]:
    return _messages("criteria", item, {"answer": answer}, criteria=item.criteria)


def pair_messages(item: Item, first: str, second: str) -> list[dict[str, str]]:
    return _messages("pair", item, {"first": first, "second": second})


def _messages(task: str, item: Item, answers: dict[str, str], **values: Any) -> list[dict[str, str]]:
    parts = {"query": item.query, **({"context": item.context} if item.context else {}), **answers}
    return messages(f"judge_{task}_{item.language}", parts=parts, frame=FRAMES[item.language], **values)


def _template(task: str, language: Language) -> str:
    return template_hash(f"judge_{task}_{language}", frame=FRAMES[language])


async def rate(item: Item, answer: str, ask: Ask, reading: int = 0) -> dict[str, Mark]:
    """Five marks with their evidence.

    Args:
        answer: as much of it as the judge can read.
        reading: from 1 on, a further reading, with chance and a seed of its own.
    """
    sampling = {**FIRST, "temperature": AGAIN_TEMPERATURE, "seed": reading} if reading else FIRST
    found = await ask(
        f"rate#{reading}" if reading else "rate",
        rate_messages(item, answer),
        answer=rating_answer(item.language),
        template=_template("rate", item.language),
        sampling=sampling,
    )
    marks = {name: getattr(found.value, name) for name in MARKS}
    return {
        name: Mark(mark=each.mark, reason=each.reason.strip(), evidence=Evidence.of(each.quote, answer))
        for name, each in marks.items()
    }


async def weigh(item: Item, answer: str, ask: Ask) -> list[Verdict]:
    """A verdict on each criterion of the query, with its evidence; none when the query has no criteria."""
    if not item.criteria:
        return []
    found = await ask(
        "criteria",
        criteria_messages(item, answer),
        answer=criteria_answer(item.language, len(item.criteria)),
        template=_template("criteria", item.language),
        sampling=FIRST,
    )
    points = [getattr(found.value, f"c{number}") for number in range(1, len(item.criteria) + 1)]
    return [
        Verdict(
            criterion=criterion,
            verdict=each.verdict,
            reason=each.reason.strip(),
            evidence=Evidence.of(each.quote, answer),
        )
        for criterion, each in zip(item.criteria, points, strict=True)
    ]


async def prefer(item: Item, first: str, second: str, ask: Ask, step: str) -> tuple[str, str]:
    """Which of two answers is better (`first`, `second`, `tie`), and the difference that decides."""
    found = await ask(
        step,
        pair_messages(item, first, second),
        answer=pair_answer(item.language),
        template=_template("pair", item.language),
        sampling=FIRST,
    )
    return found.value.better, found.value.reason.strip()
