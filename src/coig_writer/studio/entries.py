"""Answers of several models, from files to what a contest can be made of; what cannot be used is counted, with why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coig_writer.evaluate.responses import read_responses
from coig_writer.report.labels import Label
from coig_writer.schema import Response

LONGEST_NAME = 200
"""Characters that the id of a query and the name of a model may have."""
SHORTEST_TELL = 3
"""Characters from which on a model's name is looked for in texts: shorter ones stand in many a word."""

EMPTY = Label("没有答案（出错或为空）", "no answer: an error, or empty")
UNREADABLE = Label("读不出的行，或被后面一行代替", "rows that cannot be read, or that a later row replaces")
FURTHER = Label("同一模型的第二份及以后的采样", "further samples of a model; the first is judged")
UNFIT = Label("题号或模型名超过 200 字，或文中有空字符", "an id or name above 200 characters, or a NUL in a text")
ALONE = Label("只有一个模型答了这道题", "queries that one model alone has answered")
DIFFERENT = Label("同一题号下，各模型拿到的题目不同", "models were asked different things under one id")


@dataclass(frozen=True)
class Entry:
    """One model's answer to one query."""

    query: str
    prompt: str
    model: str
    text: str

    @property
    def tells(self) -> bool:
        """Whether the answer itself says the name of its model, so that it cannot be judged blindly."""
        return says_name(self.text, self.model)


@dataclass(frozen=True)
class Entries:
    """What is judged, by query and then as the files have it: at least two answers to each query."""

    entries: list[Entry]
    left_out: Counter[Label] = field(default_factory=Counter)
    """Why an answer is not among them → how many."""

    @property
    def models(self) -> list[str]:
        return sorted({each.model for each in self.entries})


def take(files: Sequence[Path]) -> Entries:
    """The answers in files of responses, as `coig-writer infer` writes them.

    Raises:
        InputError: a file cannot be read.
    """
    read = read_responses(files)
    left_out = Counter({EMPTY: len(read.failed), UNREADABLE: len(read.unread)})
    first: dict[tuple[str, str], Response] = {}
    for each in sorted(read.answers, key=lambda answer: answer.sample):
        if not _fits(each):
            left_out[UNFIT] += 1
        elif (each.id, each.model) in first:
            left_out[FURTHER] += 1
        else:
            first[each.id, each.model] = each
    by_query: dict[str, list[Response]] = defaultdict(list)
    for each in first.values():
        by_query[each.id].append(each)
    entries = []
    for query, answers in sorted(by_query.items()):
        asked = {each.query.strip() for each in answers} - {""}
        if len(answers) < 2 or len(asked) > 1:
            left_out[ALONE if len(answers) < 2 else DIFFERENT] += len(answers)
            continue
        prompt = next((each.query for each in answers if each.query.strip()), "")
        entries += [Entry(query, prompt, each.model, each.response or "") for each in answers]
    return Entries(entries, +left_out)


def _fits(answer: Response) -> bool:
    texts = (answer.id, answer.model, answer.query, answer.response or "")
    return max(map(len, texts[:2])) <= LONGEST_NAME and not any("\0" in text for text in texts)


def says_name(text: str, model: str) -> bool:
    """Whether a text has the name of a model in it, or the last part of a name such as `maker/model`."""
    names = {model.casefold(), model.rpartition("/")[2].casefold()}
    return any(len(name) >= SHORTEST_TELL and name in text.casefold() for name in names)
