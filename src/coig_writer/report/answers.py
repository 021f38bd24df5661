"""A page for reading: each query with what it asks for, and the answers of all models side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coig_writer.errors import InputError
from coig_writer.files import read_jsonl, write_text
from coig_writer.packaged import load
from coig_writer.report.labels import CHALLENGES, FLAGS, constraint_labels
from coig_writer.report.page import render_page
from coig_writer.schema import Query, Response
from coig_writer.taxonomy import genres


@dataclass(frozen=True)
class Sheet:
    """A query with its answers."""

    id: str
    text: str
    query: Query | None
    """With constraints and criteria, when they are known."""
    genre: tuple[str, str]
    """Name in Chinese and English; empty when not known."""
    answers: list[Response] = field(default_factory=list)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The constraints in words."""
        return constraint_labels(self.query.constraints) if self.query else []

    @property
    def hard(self) -> list[tuple[str, str]]:
        """The challenges in words."""
        return [CHALLENGES[each.value] for each in self.query.challenges] if self.query else []


def write_page(predictions: Sequence[Path], queries: str, out: Path) -> int:
    """Writes the page to `out`; returns the number of answers on it.

    Args:
        predictions: JSON Lines of `Response`.
        queries: a packaged set or a JSON Lines file of `Query`, for constraints and criteria.

    Raises:
        InputError: a file is missing or is of another kind, or there is no answer at all.
    """
    known: dict[str, Query] = {}
    if queries:
        records = load(queries) if queries.startswith("benchmark") else read_jsonl(Path(queries), Query)
        known = {record.id: record for record in records if isinstance(record, Query)}
    sheets: dict[tuple[str, str], Sheet] = {}
    models: dict[str, int] = {}
    for path in predictions:
        for response in read_jsonl(path, Response):
            key = response.id, response.query
            if key not in sheets:
                sheets[key] = _sheet(response, known)
            sheets[key].answers.append(response)
            models.setdefault(response.model, len(models))
    if not sheets:
        raise InputError("no answers in it", where=", ".join(map(str, predictions)), remedy="Run coig-writer infer.")
    for sheet in sheets.values():
        sheet.answers.sort(key=lambda answer: (models[answer.model], answer.sample))
    page = render_page(
        "answers.html",
        more="answers",
        sheets=list(sheets.values()),
        models=list(models),
        genres=sorted({sheet.genre for sheet in sheets.values() if sheet.genre[0]}),
        flag_labels=FLAGS,
    )
    write_text(out, page)
    return sum(len(sheet.answers) for sheet in sheets.values())


def _sheet(response: Response, known: dict[str, Query]) -> Sheet:
    query = known.get(response.id)
    if query and query.query != response.query:  # another benchmark's query of the same id
        query = None
    genre = genres().get(response.genre or "")
    return Sheet(response.id, response.query, query, (genre.name_zh, genre.name_en) if genre else ("", ""))
