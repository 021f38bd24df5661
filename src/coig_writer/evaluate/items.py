"""What is to be judged: each prediction row with its query, what is known of it, and nothing about who wrote it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coig_writer.annotate.checks import chinese_share
from coig_writer.errors import InputError
from coig_writer.evaluate.read_tool import ToolAnswer
from coig_writer.evaluate.responses import response_rows
from coig_writer.evaluate.rubric import Language
from coig_writer.files import read_jsonl
from coig_writer.infer.queries import read_tasks
from coig_writer.packaged import load
from coig_writer.schema import Query, Response

CHINESE = 0.3
"""Share of Chinese letters from which a query of no stated language counts as Chinese."""


@dataclass(frozen=True, slots=True)
class Item:
    """One answer to be judged."""

    model: str
    """Whose it is, for the results; a judge never sees it."""
    response: Response
    query: str
    language: Language
    context: str | None = None
    criteria: tuple[str, ...] = ()
    genre: str | None = None
    known: bool = True
    """Whether the reference has the query."""

    @property
    def id(self) -> str:
        """Unique within a run."""
        sample = f"#{self.response.sample}" if self.response.sample else ""
        return f"{self.model}/{self.response.id}{sample}"


def read_reference(source: str) -> dict[str, Query]:
    """Queries by id, with contexts and criteria as far as `source` has them.

    Args:
        source: a packaged set such as `benchmark:zh`, JSON Lines of `Query`, or any file that `infer --input` reads.

    Raises:
        InputError, SettingError: two different queries have one id; else as `infer.queries.read_tasks`.
    """
    if source.partition(":")[0] == "benchmark" and not Path(source).exists():
        return {query.id: query for query in load(source) if isinstance(query, Query)}
    if _first_row(Path(source)).keys() >= {"id", "language", "genre", "query"}:
        return _by_id(read_jsonl(Path(source), Query), source)
    return _by_id(
        (
            Query(
                id=task.id, language="zh" if task.language == "zh" else "en", genre=task.genre or "", query=task.query
            )
            for task in read_tasks(source)
        ),
        source,
    )


def _by_id(queries: Iterable[Query], source: str) -> dict[str, Query]:
    found: dict[str, Query] = {}
    for query in queries:
        if found.setdefault(query.id, query) != query:
            raise InputError(
                f"two different queries have the id {query.id}", where=source, remedy="Give each one an id of its own."
            )
    return found


def _first_row(path: Path) -> dict[str, Any]:
    if path.suffix != ".jsonl" or not path.is_file():
        return {}
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        line = next((line for line in file if line.strip()), "")
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def read_items(
    predictions: Sequence[Path], reference: Mapping[str, Query], models: Sequence[str] = ()
) -> dict[Path, list[Item]]:
    """The rows of each prediction file, in its order.

    A model that answers one query in several files goes by the files' names, so that they can be compared.

    Args:
        models: only rows of these; all by default.

    Raises:
        InputError: a file is missing or empty, a row is no response, has no query or another one than the reference,
            or stands twice. All or nothing: half a prediction would pass for the whole.
    """
    rows = {path: _responses(path) for path in predictions}
    answers = Counter((each.model, each.id, each.sample) for responses in rows.values() for each in responses)
    several = {model for (model, _, _), count in answers.items() if count > 1}
    items = {
        path: [
            _item(response, path, reference, path.stem if response.model in several else response.model)
            for response in responses
            if not models or response.model in models
        ]
        for path, responses in rows.items()
    }
    if not any(items.values()):
        raise InputError(
            "no answer of these models" if models else "no answers in it",
            where=", ".join(map(str, predictions)),
            remedy=f"There are: {', '.join(sorted({model for model, _, _ in answers}))}."
            if answers
            else "Run coig-writer infer first.",
        )
    return items


def _responses(path: Path) -> list[Response]:
    found: dict[tuple[str, str, int], Response] = {}
    for row, answer in response_rows(path):
        if isinstance(answer, str):
            raise InputError(f"not a response: {answer}", where=f"{path}:{row}", remedy="Mend or remove this row.")
        response = _of_page(answer) if isinstance(answer, ToolAnswer) else answer
        key = (response.model, response.id, response.sample)
        if key in found:
            raise InputError(
                f"a second answer of {response.model} to {response.id}",
                where=f"{path}:{row}",
                remedy="Remove one of them, or number them in the field `sample`.",
            )
        found[key] = response
    return list(found.values())


def _of_page(answer: ToolAnswer) -> Response:
    return Response(id=answer.query, model=answer.model, query=answer.prompt, response=answer.text)


def _item(response: Response, path: Path, reference: Mapping[str, Query], model: str) -> Item:
    query = reference.get(response.id)
    text = response.query or (query.query if query else "")
    if not text.strip():
        raise InputError(
            f"the query of {response.id} is neither in the row nor in the reference",
            where=str(path),
            remedy="Name the queries with --reference.",
        )
    if query and query.query.strip() != text.strip():
        raise InputError(
            f"{response.id} answers another query than the one of this id in the reference",
            where=str(path),
            remedy="Name the queries that were answered with --reference.",
        )
    if query:
        return Item(model, response, text, query.language, query.context, tuple(query.criteria), query.genre or None)
    language: Language = "zh" if (response.language or _language(text)) == "zh" else "en"
    return Item(model, response, text, language, genre=response.genre, known=False)


def _language(text: str) -> Language:
    return "zh" if chinese_share(text) > CHINESE else "en"
