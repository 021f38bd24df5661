"""All statistics of some files of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from coig_writer import __version__
from coig_writer.corpus.language import identify
from coig_writer.errors import InputError, SettingError
from coig_writer.evaluate.responses import Responses
from coig_writer.evaluate.textstats import diversity, repetition
from coig_writer.evaluate.textstats.answer import Answer, Folds, analyse, fold_of
from coig_writer.evaluate.textstats.behaviour import without_thoughts
from coig_writer.evaluate.textstats.differences import Note, notes, tests_between
from coig_writer.evaluate.textstats.flavour import Lexicon, Lexicons, learn, read_lexicons
from coig_writer.evaluate.textstats.groups import Group, grouped, samples, summary
from coig_writer.evaluate.textstats.tokens import TokenizerChoice
from coig_writer.evaluate.textstats.words import segmenter
from coig_writer.packaged import load_benchmark
from coig_writer.schema import Response

HUMAN = "(people)"
"""Stands for the model of texts given with `--human`; a model may well be called `human`."""
MOST_LEARNT = 1000
"""Texts on each side that a lexicon is learnt from, in the order given."""
FOLDS = 2
EMPTY = "empty"
"""Why an answer without any text, or with nothing but thoughts, is not counted."""


@dataclass(frozen=True)
class TextStatistics:
    """What was found, by group, between groups, and as the JSON of it all."""

    groups: list[Group]
    human: list[Group]
    """Texts that people wrote, by language; empty when none were given."""
    notes: list[Note]
    lexicons: Folds
    value: dict[str, Any]
    """As written to JSON."""


def text_statistics(
    found: Responses,
    *,
    human: Sequence[str] = (),
    reference: str | None = None,
    tokenizer: TokenizerChoice | None = None,
    lexicon: Lexicons | None = None,
    processes: int | None = None,
) -> TextStatistics:
    """Everything that answers say about their models as texts.

    Args:
        human: texts of people, a reference group for diversity and what the AI flavour is learnt against.
        reference: the model whose TTR the others are held against.
        tokenizer: None leaves tokens out.
        lexicon: for the AI flavour; without it, learnt against `human`, else the packaged one.

    Raises:
        InputError: no answer is usable.
        SettingError: `reference` is none of the models.
    """
    answers = answers_of(found)
    without = [_uncounted(each) for each in found.failed]
    without += [_uncounted(each) for each in found.answers if not _text_of(each)[0].strip()]
    if not answers:
        first = [each["reason"] for each in without] + [each.reason for each in found.unread]
        raise InputError(
            f"no usable answer in these files{f' (first row: {first[0]})' if first else ''}",
            remedy="Give the JSON Lines that coig-writer infer writes.",
        )
    if reference and reference not in {answer.model for answer in answers}:
        names = ", ".join(dict.fromkeys(answer.model for answer in answers))
        raise SettingError(f"no answers of the reference model {reference}", remedy=f"There are answers of: {names}.")
    texts = [Answer(HUMAN, f"human-{at}", language_of(text), "", text) for at, text in enumerate(human)]
    lexicons = (lexicon,) if lexicon else cross_fitted(answers, texts) if texts else (packaged_lexicons(),)
    groups = grouped(answers, analyse(answers, tokenizer, lexicons, processes=processes))
    people = grouped(texts, analyse(texts, tokenizer, lexicons, processes=processes)) if texts else []
    said = notes(groups, people, reference)
    value = {
        "tokenizer": tokenizer.name if tokenizer else None,
        "segmenter": {language: segmenter(language) for language in dict.fromkeys(each.language for each in groups)},
        "settings": _settings(),
        "models": _by_model(groups),
        "human": {each.language: _of_people(each) for each in people} or None,
        "tests": tests_between(groups),
        "notes": [asdict(note) for note in said],
        "flavour": [_about(each) for fold in lexicons for each in fold.lexicons],
        "failed": sum(each["reason"] != EMPTY for each in without),
        "empty": sum(each["reason"] == EMPTY for each in without),
        "not_counted": without,
        "unread": [asdict(each) for each in found.unread],
    }
    return TextStatistics(groups, people, said, lexicons, value)


def _by_model(groups: Sequence[Group]) -> dict[str, dict[str, Any]]:
    chosen = samples(groups)
    models: dict[str, dict[str, Any]] = {}
    for group in groups:
        models.setdefault(group.model, {})[group.language] = summary(group, chosen[group.model, group.language])
    return models


def _of_people(group: Group) -> dict[str, Any]:
    """A summary without what can only be said of an answer to a query."""
    value = summary(group, samples([group])[group.model, group.language])
    return value | {"contamination": None, "constraints": {}}


def answers_of(found: Responses) -> list[Answer]:
    """The answers with a text, each with its query's language and, if it is the benchmark's, its constraints."""
    queries = {query.id: query for query in load_benchmark()}
    answers = []
    for each in found.answers:
        asked = queries.get(each.id)
        if asked and each.query and each.query != asked.query:
            asked = None  # another benchmark's query of the same id
        query = each.query or (asked.query if asked else "")
        language = each.language or (asked.language if asked else language_of(query or each.response or ""))
        text, thought = _text_of(each)
        if not text.strip():
            continue
        answers.append(
            Answer(each.model, each.id, language, query, text, each.reasoning or thought, each.sample, asked)
        )
    return answers


def _text_of(answer: Response) -> tuple[str, str | None]:
    """What an answer says, and what it marks as thinking."""
    return without_thoughts(answer.response or "")


def _uncounted(answer: Response) -> dict[str, Any]:
    """Which answer is in no figure, and why."""
    return {"model": answer.model, "id": answer.id, "sample": answer.sample, "reason": answer.error or EMPTY}


def language_of(text: str) -> str:
    """`zh` or `en`: the language of a query that does not say it, as the paper has these two."""
    return "zh" if identify(text) == "zh" else "en"


def packaged_lexicons() -> Lexicons:
    """What comes with the package; the lexicon itself says what it was learnt from."""
    with as_file(files("coig_writer") / "data" / "flavour.json") as path:
        return read_lexicons(Path(path))


def learnt(answers: Sequence[Answer], human: Sequence[Answer]) -> Lexicons:
    """A lexicon for each language in which there are at least five texts of models and five of people."""
    made = []
    for language in dict.fromkeys(answer.language for answer in answers):
        mine, theirs = (
            [answer for answer in each if answer.language == language][:MOST_LEARNT] for each in (answers, human)
        )
        if min(len(mine), len(theirs)) >= 5:
            made.append(
                learn(
                    [answer.text for answer in mine],
                    [answer.text for answer in theirs],
                    language,
                    models=sorted({answer.model for answer in mine}),
                    human=f"{len(theirs)} texts given with --human",
                )
            )
    return Lexicons(lexicons=made)


def cross_fitted(answers: Sequence[Answer], human: Sequence[Answer]) -> Folds:
    """Two lexicons, each learnt from the texts of the other fold, so that no text is scored by what it taught."""

    def others(texts: Sequence[Answer], fold: int) -> list[Answer]:
        return [text for text in texts if fold_of(text.id, FOLDS) != fold]

    return tuple(learnt(others(answers, fold), others(human, fold)) for fold in range(FOLDS))


def _about(lexicon: Lexicon) -> dict[str, Any]:
    return lexicon.model_dump(exclude={"units"}) | {"units": len(lexicon.units), "fingerprint": lexicon.fingerprint}


def _settings() -> dict[str, Any]:
    return {
        "version": __version__,
        "mattr_window": diversity.WINDOW,
        "mtld_threshold": diversity.MTLD_THRESHOLD,
        "hdd_sample": diversity.HDD_SAMPLE,
        "compression": f"zlib level {repetition.COMPRESSION_LEVEL}, UTF-8 bytes over compressed bytes",
    }
