"""Rankings, pairs and ratings from any of the files that people have, as one collection of votes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coig_writer.errors import InputError
from coig_writer.evaluate.read_table import kind_of, pair_of, rating_of, table_rows
from coig_writer.evaluate.read_tool import Questions, ToolRanking, is_rankings, model_of, raters_of, tool_rankings
from coig_writer.evaluate.responses import Responses, json_lines, read_json, read_responses
from coig_writer.evaluate.votes import UNNAMED, Topic, Unread, Votes, ranked_by_preference, without_repeats
from coig_writer.schema import Query, Ranking, Rating

REPLACED = "replaced by a later ranking of the same query, models and rater"
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_WORD = re.compile("[A-Za-z]+")


def read_votes(
    rankings: Sequence[Path], responses: Sequence[Path] = (), queries: Sequence[Query] | None = None
) -> Votes:
    """All votes in these files, with what the files and the queries say about their topics and lengths.

    Args:
        rankings: JSON Lines of `Ranking` or `Rating` (also mixed), the original page's ranking JSON, and tables
            (CSV, TSV, XLSX) of pairs or of ratings.
        responses: see `read_responses`; gives lengths, and languages by the prompts.
        queries: language and genre of queries by id; the packaged benchmark by default.

    Raises:
        InputError: a file is missing or of no known kind, or there is not one usable vote.
    """
    found = _Found()
    for path, rater in raters_of(rankings).items():
        found.take(path, rater)
    answers = read_responses(responses, found.questions)
    found.settle()
    kept, replaced = without_repeats(found.rankings, _subject)
    ratings, rated_twice = without_repeats(found.ratings, lambda each: (each.query_id, each.model))
    ranked = {(each.query_id, each.rater) for each in kept}
    kept += found.unnamed
    kept += [each for each in ranked_by_preference(ratings) if (each.query_id, each.rater) not in ranked]
    if not kept and not ratings:
        raise InputError(
            "no usable ranking, pair or rating",
            where=", ".join(map(str, rankings)),
            remedy=found.unread[0].reason if found.unread else "docs/evaluate.md shows the files that can be read.",
        )
    judged = {each.query_id for each in kept} | {each.query_id for each in ratings}
    return Votes(
        rankings=kept,
        ratings=ratings,
        topics=_topics(judged, found.prompts | _prompts(answers), queries),
        lengths=found.lengths | {(each.id, each.model): len(each.response or "") for each in answers.answers},
        unread=[*found.unread, *replaced, *rated_twice, *answers.unread],
    )


@dataclass
class _Found:
    """What the files have yielded so far."""

    rankings: list[tuple[Ranking, Unread]] = field(default_factory=list)
    unnamed: list[Ranking] = field(default_factory=list)
    ratings: list[tuple[Rating, Unread]] = field(default_factory=list)
    of_the_page: list[tuple[ToolRanking, Unread]] = field(default_factory=list)
    questions: Questions = field(default_factory=Questions)
    prompts: dict[str, str] = field(default_factory=dict)
    lengths: dict[tuple[str, str], int] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)

    def take(self, path: Path, rater: str) -> None:
        for row, vote in _votes_in(path, rater):
            match vote:
                case str():
                    self.unread.append(Unread(str(path), row, vote))
                case Rating():
                    said = "replaced by a later rating of the same query, model and rater"
                    self.ratings.append((vote, Unread(str(path), row, said)))
                case Ranking() if vote.rater == f"human:{UNNAMED}":
                    self.unnamed.append(vote)
                case Ranking():
                    self.rankings.append((vote, Unread(str(path), row, REPLACED)))
                case ToolRanking():
                    self.questions.add(vote.ranking.query_id, vote.prompt)
                    self.of_the_page.append((vote, Unread(str(path), row, REPLACED)))

    def settle(self) -> None:
        """Gives the page's questions their names, now that all prompts are known."""
        for vote, place in self.of_the_page:
            query = self.questions.name(vote.ranking.query_id, vote.prompt)
            self.rankings.append((vote.ranking.model_copy(update={"query_id": query}), place))
            self.prompts[query] = vote.prompt
            self.lengths |= {(query, answer.model): len(answer.text) for answer in vote.answers}


def _votes_in(path: Path, rater: str) -> Iterator[tuple[int, Ranking | Rating | ToolRanking | str]]:
    if path.suffix.lower() in (".csv", ".tsv", ".xlsx", ".xlsm"):
        yield from _in_table(path)
        return
    whole = read_json(path)
    if is_rankings(whole):
        yield from tool_rankings(whole, rater)
        return
    rows = json_lines(path) if whole is None else enumerate(whole if isinstance(whole, list) else [whole], 1)
    for row, value in rows:
        yield row, _record(value)


def _in_table(path: Path) -> Iterator[tuple[int, Ranking | Rating | str]]:
    if not path.is_file():
        raise InputError("no such file", where=str(path), remedy="Check the path.")
    kind = None
    for row, cells in table_rows(path):
        if isinstance(cells, str):
            yield row, cells
            continue
        kind = kind or kind_of(cells)
        if kind is None:
            raise InputError(
                f"the columns are neither pairs nor ratings: {', '.join(cells)}",
                where=str(path),
                remedy="Pairs need prompt, left, right, winner; ratings need query_id, model and the five marks.",
            )
        yield row, pair_of(cells, UNNAMED) if kind == "pairs" else rating_of(cells, model_of(path.stem))


def _record(value: Any) -> Ranking | Rating | str:
    """A line of ours; what it holds beside the record, as a studio's export does, is left aside."""
    if not isinstance(value, dict):
        return "not a JSON object"
    kind: type[Ranking] | type[Rating]
    if "places" in value:
        kind = Ranking
    elif "overall_preference" in value:
        kind = Rating
    else:
        return "neither places (a ranking) nor overall_preference (a rating)"
    try:
        return kind.model_validate({name: value[name] for name in kind.model_fields if name in value})
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'record'}: {first['msg']}"


def _subject(ranking: Ranking) -> tuple[str, frozenset[str], tuple[str, ...]]:
    """What a rater has one opinion of; a judge model that is asked in both orders has one for each."""
    judged_in_order = ranking.rater.startswith("llm:") and len(ranking.places) == 2
    return ranking.query_id, frozenset(ranking.places), tuple(ranking.shown) if judged_in_order else ()


def _prompts(responses: Responses) -> dict[str, str]:
    return {each.id: each.query for each in (*responses.answers, *responses.failed) if each.query}


def _topics(judged: set[str], prompts: dict[str, str], queries: Sequence[Query] | None) -> dict[str, Topic]:
    if queries is None:
        from coig_writer.packaged import load_benchmark

        queries = load_benchmark()
    named = {query.id: Topic(query.language, query.genre) for query in queries}
    return {query: named.get(query) or Topic(_language(query, prompts)) for query in judged}


def _language(query: str, prompts: dict[str, str]) -> str | None:
    """By the characters of the prompt, which is the id in many tables of pairs; else by `zh-` or `en-` in the id."""
    prefix = re.match(r"(zh|en)[-_]", query)
    text = prompts.get(query) or ("" if prefix else query)
    han, words = len(_HAN.findall(text)), len(_WORD.findall(text))
    if han or words > 2:
        return "zh" if han >= words else "en"
    return prefix[1] if prefix else None
