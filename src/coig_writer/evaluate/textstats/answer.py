"""One answer and its figures; many answers on all cores."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from coig_writer.dataset.tokens import Tokenizer, count_tokens
from coig_writer.evaluate.textstats.behaviour import behaviour
from coig_writer.evaluate.textstats.compliance import compliance
from coig_writer.evaluate.textstats.contamination import ForeignSpan, foreign_spans, has_foreign
from coig_writer.evaluate.textstats.density import four_character_in, idioms_in
from coig_writer.evaluate.textstats.diversity import diversity
from coig_writer.evaluate.textstats.flavour import Lexicon, Lexicons, flavour
from coig_writer.evaluate.textstats.paragraphs import paragraphs, unsegmented
from coig_writer.evaluate.textstats.repetition import compression_ratio, repeated_shares
from coig_writer.evaluate.textstats.tokens import TokenizerChoice
from coig_writer.evaluate.textstats.words import Vocabulary, words_of
from coig_writer.schema import Query

CHUNK = 250
"""Answers that a process takes at once."""
WORTH_PROCESSES = 1_500
"""From so many answers on, further processes cost less than they save."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model wrote, or a person: then `model` is `(people)`."""

    model: str
    id: str
    """The query's."""
    language: str
    """The query's."""
    query: str
    text: str
    reasoning: str | None = None
    sample: int = 0
    asked: Query | None = None
    """The benchmark's query of this id, for its constraints."""


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """All that is measured on one answer; None is not applicable, or too short."""

    model: str
    id: str
    language: str
    sample: int
    chars: int
    """Unicode code points, punctuation and line breaks included."""
    tokens: int | None
    words: int
    ttr: float | None
    mattr: float | None
    mtld: float | None
    hdd: float | None
    rep_2: float | None
    rep_3: float | None
    rep_4: float | None
    compression_ratio: float | None
    paragraphs: int
    longest_paragraph: int
    """Characters."""
    unsegmented: bool | None
    foreign: bool
    """Anything in the other script, before exclusions."""
    foreign_spans: list[ForeignSpan]
    """Contamination, after exclusions."""
    behaviour: tuple[float, ...]
    """Shares in the order of `behaviour.CLASSES`."""
    behaviour_along: tuple[tuple[float, ...], ...]
    reasoned: bool
    constraints: dict[str, bool | None]
    idioms: float | None
    four_character: float | None
    """Words per 1,000 words; Chinese only."""
    flavour: float | None
    flavour_hits: dict[str, int]


Folds = tuple[Lexicons, ...]
"""Lexicons by fold of the query: what is scored is never what a lexicon was learnt from. One of them scores all."""


@dataclass
class Tools:
    """What is loaded once a process: the tokenizer, the lexicons, the numbers of the words met."""

    tokenizer: Tokenizer | None = None
    lexicons: Folds = ()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    @classmethod
    def load(cls, tokenizer: TokenizerChoice | None, lexicons: Folds) -> Tools:
        return cls(tokenizer.load() if tokenizer else None, lexicons)

    def lexicon(self, answer: Answer) -> Lexicon | None:
        """The lexicon by which an answer is scored."""
        return self.lexicons[fold_of(answer.id, len(self.lexicons))].of(answer.language) if self.lexicons else None


def fold_of(name: str, folds: int) -> int:
    """In which of so many parts a query falls, by the hash of its id."""
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()[0] % folds


def figures_of(answers: Sequence[Answer], tools: Tools) -> list[AnswerFigures]:
    """The figures of some answers, in their order."""
    counts: Sequence[int | None] = [None] * len(answers)
    if tools.tokenizer is not None:
        counts = count_tokens((answer.text for answer in answers), tools.tokenizer)
    return [_figures(answer, tokens, tools) for answer, tokens in zip(answers, counts, strict=True)]


def _figures(answer: Answer, tokens: int | None, tools: Tools) -> AnswerFigures:
    text, language = answer.text, answer.language
    words = words_of(text, language)
    numbers = tools.vocabulary.numbers(words)
    varied = diversity(numbers)
    rep_2, rep_3, rep_4 = repeated_shares(numbers)
    lines = paragraphs(text)
    thought = behaviour(text, answer.reasoning, language)
    lexicon = tools.lexicon(answer)
    found = flavour(text, words, lexicon) if lexicon else None
    chinese = language == "zh" and bool(words)
    return AnswerFigures(
        model=answer.model,
        id=answer.id,
        language=language,
        sample=answer.sample,
        chars=len(text),
        tokens=tokens,
        words=len(words),
        ttr=varied.ttr,
        mattr=varied.mattr,
        mtld=varied.mtld,
        hdd=varied.hdd,
        rep_2=rep_2,
        rep_3=rep_3,
        rep_4=rep_4,
        compression_ratio=compression_ratio(text),
        paragraphs=len(lines),
        longest_paragraph=max(map(len, lines), default=0),
        unsegmented=unsegmented(text, language),
        foreign=has_foreign(text, language),
        foreign_spans=foreign_spans(text, language, answer.query, _required(answer.asked)),
        behaviour=thought.shares,
        behaviour_along=thought.along,
        reasoned=thought.reasoned,
        constraints=compliance(text, answer.asked) if answer.asked else {},
        idioms=1000 * idioms_in(words) / len(words) if chinese else None,
        four_character=1000 * four_character_in(words) / len(words) if chinese else None,
        flavour=found.score if found else None,
        flavour_hits=found.hits if found else {},
    )


def _required(query: Query | None) -> str:
    """What a query's answer has to hold or respect, besides its text."""
    return "\n".join([*query.constraints.must_include, query.context or ""]) if query else ""


_TOOLS: Tools | None = None
"""Of a worker process."""


def _start(tokenizer: TokenizerChoice | None, lexicons: Folds) -> None:
    global _TOOLS  # noqa: PLW0603 - a pool's initialiser has no other place for it
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    _TOOLS = Tools.load(tokenizer, lexicons)


def _work(answers: Sequence[Answer]) -> list[AnswerFigures]:
    assert _TOOLS is not None
    return figures_of(answers, _TOOLS)


def analyse(
    answers: Sequence[Answer], tokenizer: TokenizerChoice | None, lexicons: Folds, *, processes: int | None = None
) -> Iterator[AnswerFigures]:
    """The figures of answers, in their order.

    Args:
        processes: how many to spread them over; by default as many as there are cores, from 1,500 answers on.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    processes = processes or (cores if len(answers) >= WORTH_PROCESSES else 1)
    chunks = [answers[start : start + CHUNK] for start in range(0, len(answers), CHUNK)]
    if processes == 1:
        tools = Tools.load(tokenizer, lexicons)
        for chunk in chunks:
            yield from figures_of(chunk, tools)
        return
    spawning = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks of libraries in use
    with ProcessPoolExecutor(processes, spawning, _start, (tokenizer, lexicons)) as pool:
        for found in pool.map(_work, chunks):
            yield from found
