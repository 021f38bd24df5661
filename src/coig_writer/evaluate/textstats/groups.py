"""The figures of one group of answers: those of one model in one language."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from coig_writer.evaluate.textstats.answer import Answer, AnswerFigures
from coig_writer.evaluate.textstats.behaviour import CLASSES
from coig_writer.evaluate.textstats.compliance import KINDS
from coig_writer.evaluate.textstats.repetition import across, self_bleu
from coig_writer.evaluate.textstats.spread import histogram, rate, spread
from coig_writer.evaluate.textstats.words import words_of

LENGTHS = ("chars", "tokens", "words")
MEASURES = ("ttr", "rep_2", "rep_3", "rep_4", "compression_ratio", "paragraphs")
MEASURES_LATER = ("longest_paragraph", "idioms", "four_character", "flavour")
STEADY = ("mattr", "mtld", "hdd")
"""Measures that do not fall with length: their means stand by themselves, their spreads under `spread`."""
SAMPLE = 200
"""Most answers among which distinct-n and self-BLEU are counted; both change with the number of answers."""
EXAMPLES = 5
TOP_UNITS = 15


@dataclass(frozen=True)
class Group:
    """Answers of one model in one language, with their figures in the same order."""

    model: str
    language: str
    answers: list[Answer]
    figures: list[AnswerFigures]

    def values(self, name: str) -> list[Any]:
        """One figure of every answer."""
        return [getattr(each, name) for each in self.figures]


def grouped(answers: Sequence[Answer], figures: Iterable[AnswerFigures]) -> list[Group]:
    """The groups, models and languages in the order in which they first occur."""
    groups: dict[tuple[str, str], Group] = {}
    for answer, found in zip(answers, figures, strict=True):
        group = groups.setdefault((answer.model, answer.language), Group(answer.model, answer.language, [], []))
        group.answers.append(answer)
        group.figures.append(found)
    return list(groups.values())


def summary(group: Group, sample: Sequence[Answer]) -> dict[str, Any]:
    """All figures of a group, as JSON values.

    Args:
        sample: the answers among which distinct-n and self-BLEU are counted.
    """
    figures = group.figures
    value: dict[str, Any] = {"n": len(figures)}
    value |= {name: _spread(group.values(name)) for name in (*LENGTHS, *MEASURES, *MEASURES_LATER)}
    spreads = {name: _spread(group.values(name)) for name in STEADY}
    value |= {name: each["mean"] if each else None for name, each in spreads.items()}
    value["spread"] = spreads
    if value["ttr"]:
        value["ttr"]["histogram"] = histogram(group.values("ttr"))
    checked = [each for each in group.values("unsegmented") if each is not None]
    value["unsegmented"] = asdict(rate(sum(checked), len(checked)))
    value["contamination"] = _contamination(group)
    value["behaviour"] = _behaviour(figures)
    value["constraints"] = _constraints(figures)
    value["flavour_units"] = _top_units(figures)
    value |= _across(group, sample)
    return value


def _spread(values: Iterable[float | None]) -> dict[str, Any] | None:
    found = spread(values)
    return asdict(found) if found else None


def _contamination(group: Group) -> dict[str, Any]:
    hit = [each for each in group.figures if each.foreign_spans]
    foreign = sum(len(span.text) for each in hit for span in each.foreign_spans)
    return asdict(rate(len(hit), len(group.figures))) | {
        "unfiltered": sum(group.values("foreign")),
        "spans": sum(len(each.foreign_spans) for each in hit),
        "characters_share": foreign / max(sum(group.values("chars")), 1),
        "examples": [
            {"id": each.id, "start": each.foreign_spans[0].start, "text": each.foreign_spans[0].text[:80]}
            for each in hit[:EXAMPLES]
        ],
    }


def _behaviour(figures: Sequence[AnswerFigures]) -> dict[str, Any]:
    shares = np.mean([each.behaviour for each in figures], axis=0)
    along = np.mean([each.behaviour_along for each in figures], axis=0)
    return {
        "shares": _by_class(shares),
        "along": [_by_class(tenth) for tenth in along],
        "with_reasoning": sum(each.reasoned for each in figures),
    }


def _by_class(values: Iterable[float]) -> dict[str, float]:
    return {name: float(value) for name, value in zip(CLASSES, values, strict=True)}


def _constraints(figures: Sequence[AnswerFigures]) -> dict[str, Any]:
    """Kind → how many of the answers that it could be checked on meet it; `all` is every check together."""
    checks = [(kind, met) for each in figures for kind, met in each.constraints.items()]
    found: dict[str, Any] = {}
    for kind in KINDS:
        told = [met for name, met in checks if name == kind and met is not None]
        untold = sum(name == kind and met is None for name, met in checks)
        if told or untold:
            found[kind] = asdict(rate(sum(told), len(told))) | {"not_checkable": untold}
    told = [met for _, met in checks if met is not None]
    if told:
        found["all"] = asdict(rate(sum(told), len(told))) | {"not_checkable": len(checks) - len(told)}
    return found


def _top_units(figures: Sequence[AnswerFigures]) -> list[dict[str, Any]]:
    """The lexicon's units that stand in most answers."""
    texts = Counter(unit for each in figures for unit in each.flavour_hits)
    counts: Counter[str] = Counter()
    for each in figures:
        counts.update(each.flavour_hits)
    ranked = sorted(texts, key=lambda unit: (-texts[unit], -counts[unit], unit))[:TOP_UNITS]
    return [{"unit": unit, "answers": texts[unit], "count": counts[unit]} for unit in ranked]


def samples(groups: Sequence[Group]) -> dict[tuple[str, str], list[Answer]]:
    """(model, language) → at most 200 answers, one a query, as many for every model of a language.

    They answer the same queries where the models have enough in common. Chosen by the hash of the query's id.
    """
    found = {}
    for language in dict.fromkeys(group.language for group in groups):
        firsts = {
            group.model: {answer.id: answer for answer in reversed(group.answers)}
            for group in groups
            if group.language == language
        }
        common = set.intersection(*(set(each) for each in firsts.values()))
        least = min(SAMPLE, *(len(each) for each in firsts.values()))
        for model, answers in firsts.items():
            ids = sorted(common if len(common) >= least else answers, key=_hash)
            found[model, language] = [answers[each] for each in ids[:least]]
    return found


def _hash(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _across(group: Group, sample: Sequence[Answer]) -> dict[str, Any]:
    words = [words_of(answer.text, answer.language) for answer in sample]
    found = across([answer.text for answer in sample], words)
    return {
        "distinct": {str(order): value for order, value in enumerate(found.distinct, 1)},
        "self_bleu": {"other_queries": found.self_bleu, "same_query": _same_query(group, sample)},
        "compression_ratio_across": found.compression_ratio,
        "across_answers": found.answers,
    }


def _same_query(group: Group, sample: Sequence[Answer]) -> float | None:
    """Mean self-BLEU among several answers to one query, over the sampled queries that have several."""
    wanted: Mapping[str, list[list[str]]] = {answer.id: [] for answer in sample}
    repeated = Counter(answer.id for answer in group.answers if answer.id in wanted)
    for answer in group.answers:
        if repeated[answer.id] > 1:
            wanted[answer.id].append(words_of(answer.text, answer.language))
    values = [value for each in wanted.values() if (value := self_bleu(each)) is not None]
    return float(np.mean(values)) if values else None
