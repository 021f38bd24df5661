"""What comes with the package to work with: benchmark queries, starter triplets, exemplars for five-shot prompts.

All of it was written for this project (CC BY 4.0); `docs/benchmark.md` says how.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Literal, TypeVar

from coig_writer.errors import SettingError
from coig_writer.files import read_jsonl
from coig_writer.schema import Query, Record, Triplet
from coig_writer.taxonomy import resolve_category

_DATA = files("coig_writer") / "data"
T = TypeVar("T", bound=Record)


@dataclass(frozen=True, slots=True)
class DataSet:
    """One packaged set."""

    name: str
    holds: str


DATA_SETS = (
    DataSet("benchmark:zh", "Chinese queries, four for each genre, with constraints and criteria"),
    DataSet("benchmark:en", "English queries, two for each genre"),
    DataSet("benchmark:all", "both"),
    DataSet("starter", "triplets of prompt, reasoning and article, one or two for each genre"),
    DataSet("exemplars", "five of the starter triplets for each category, for five-shot prompts"),
)


def load(name: str) -> list[Query] | list[Triplet]:
    """The records of a packaged set, by one of the names of `DATA_SETS`; `benchmark` is `benchmark:all`.

    Raises:
        SettingError: there is no such set.
    """
    if name in ("benchmark", "benchmark:all"):
        return load_benchmark()
    if name == "benchmark:zh":
        return load_benchmark("zh")
    if name == "benchmark:en":
        return load_benchmark("en")
    if name == "starter":
        return load_starter()
    if name == "exemplars":
        return [triplet for chosen in load_exemplars().values() for triplet in chosen]
    names = ", ".join(each.name for each in DATA_SETS)
    raise SettingError(f"no packaged data of the name {name}", remedy=f"There are: {names}.")


def load_benchmark(language: Literal["zh", "en"] | None = None) -> list[Query]:
    """The benchmark's queries: 204 Chinese and 102 English, in the order of the taxonomy.

    Args:
        language: only these; all by default.
    """
    languages = [language] if language else ["zh", "en"]
    return [query for each in languages for query in _read(f"benchmark/{each}.jsonl", Query)]


def load_starter() -> list[Triplet]:
    """The starter triplets, in the order of the taxonomy. Nobody has scored or reviewed them."""
    return list(_read("starter/triplets.jsonl", Triplet))


def load_exemplars() -> dict[str, list[Triplet]]:
    """Five starter triplets for each category (by slug), chosen for five-shot prompts."""
    chosen = tomllib.loads((_DATA / "starter" / "exemplars.toml").read_text(encoding="utf-8"))
    by_id = {triplet.id: triplet for triplet in load_starter()}
    return {resolve_category(category).slug: [by_id[each] for each in ids] for category, ids in chosen.items()}


@cache
def _read(name: str, model: type[T]) -> tuple[T, ...]:
    with as_file(_DATA / name) as path:
        return tuple(read_jsonl(path, model))
