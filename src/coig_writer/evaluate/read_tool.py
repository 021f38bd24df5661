"""The files of the original ranking page: one file of responses for each model, one of rankings for each session.

Responses are one JSON object, `{question id: {"prompt": …, "my_response": …}}`; the model is the file's name.
Rankings are a JSON array of `{"sequence_number", "question_id", "prompt", "ranked_responses": [{"rank",
"source_file", "my_response"}]}`. The page stored no rater, so the file's name stands for one; it stored no
order of display, so position bias cannot be told.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from coig_writer.schema import Ranking


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """One model's answer as the page stored it."""

    query: str
    model: str
    prompt: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolRanking:
    """One entry of a ranking file."""

    ranking: Ranking
    answers: list[ToolAnswer]
    prompt: str = ""


@dataclass
class Questions:
    """Tells questions apart that the page numbered alike: files of different languages both start at 1."""

    prompts: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Id → the prompts that go by it."""

    def add(self, query: str, prompt: str) -> None:
        if prompt.strip():
            self.prompts[query].add(prompt.strip())

    def name(self, query: str, prompt: str) -> str:
        """The id, with a hash of the prompt where several prompts share it; to be asked once all were added."""
        if len(self.prompts.get(query, ())) < 2 or not prompt.strip():
            return query
        return f"{query}#{hashlib.blake2b(prompt.strip().encode(), digest_size=4).hexdigest()}"


def is_rankings(value: Any) -> bool:
    """Whether parsed JSON looks like the page's rankings."""
    return isinstance(value, list) and any(isinstance(each, dict) and "ranked_responses" in each for each in value)


def is_responses(value: Any) -> bool:
    """Whether parsed JSON looks like the page's responses of one model."""
    return isinstance(value, dict) and any(isinstance(each, dict) and "my_response" in each for each in value.values())


def model_of(source: str) -> str:
    """The model's name in the name of a file, whichever system wrote it: folders and `.json` are dropped."""
    name = PurePosixPath(source.replace("\\", "/")).name
    for ending in (".jsonl", ".json"):
        name = name.removesuffix(ending)
    return name


def tool_rankings(value: list[Any], rater: str) -> Iterator[tuple[int, ToolRanking | str]]:
    """(number of the entry from 1, the ranking or why it cannot be used)."""
    for number, entry in enumerate(value, 1):
        yield number, _ranking(entry, f"human:{rater}")


def raters_of(paths: Sequence[Path]) -> dict[Path, str]:
    """A rater's name for each file: the file's own, with its folder where two files are called alike."""
    alike = Counter(model_of(path.name) for path in set(paths))
    return {
        path: model_of(path.name) if alike[model_of(path.name)] == 1 else f"{path.parent.name}/{model_of(path.name)}"
        for path in paths
    }


def _ranking(entry: Any, rater: str) -> ToolRanking | str:
    if not isinstance(entry, dict) or not isinstance(entry.get("ranked_responses"), list):
        return "no ranked_responses"
    if "question_id" not in entry:
        return "no question_id"
    query, prompt = str(entry["question_id"]), str(entry.get("prompt") or "")
    places: dict[str, int] = {}
    answers: list[ToolAnswer] = []
    for each in entry["ranked_responses"]:
        if not isinstance(each, dict) or not isinstance(each.get("source_file"), str):
            return "a ranked response has no source_file"
        model = model_of(each["source_file"])
        if model in places:
            return f"{model} is ranked twice"
        rank = _whole(each.get("rank"))
        if rank is None:
            return f"the rank of {model} is not a whole number"
        places[model] = rank
        if isinstance(each.get("my_response"), str):
            answers.append(ToolAnswer(query, model, prompt, each["my_response"]))
    try:
        return ToolRanking(Ranking(query_id=query, rater=rater, places=places), answers, prompt)
    except ValidationError as error:
        return error.errors()[0]["msg"]


def _whole(value: Any) -> int | None:
    """The whole number that a value stands for, as 2, 2.0 or "2"; None for anything else."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 10:
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0:
        return int(value)
    return None


def tool_responses(value: dict[str, Any], path: Path) -> Iterator[tuple[str, ToolAnswer | str]]:
    """(question id, the answer or why it cannot be used); one model, named by the file."""
    for query, entry in value.items():
        text = entry.get("my_response") if isinstance(entry, dict) else None
        if isinstance(text, str):
            yield query, ToolAnswer(query, model_of(path.name), str(entry.get("prompt") or ""), text)
        else:
            yield query, "no my_response"
