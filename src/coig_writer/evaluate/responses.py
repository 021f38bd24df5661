"""Models' answers, from our own JSON Lines or from the files of the original ranking page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coig_writer.errors import InputError
from coig_writer.evaluate.read_tool import is_responses, model_of, tool_responses
from coig_writer.evaluate.votes import Unread
from coig_writer.schema import Response


@dataclass(frozen=True)
class Responses:
    """Answers with the rows that were not usable."""

    answers: list[Response] = field(default_factory=list)
    """Each with a text; `id` names the query."""
    failed: list[Response] = field(default_factory=list)
    """Rows of ours that hold an error in place of an answer."""
    unread: list[Unread] = field(default_factory=list)


def read_responses(paths: Sequence[Path]) -> Responses:
    """All answers in these files; the last of two rows of one model on one query counts, sample by sample.

    Args:
        paths: JSON Lines of `Response`, or the page's JSON objects, whose file name is the model.

    Raises:
        InputError: a file is missing or is neither.
    """
    latest: dict[tuple[str, str, int], Response] = {}
    unread: list[Unread] = []
    for path in paths:
        for row, found in _read(path):
            if isinstance(found, str):
                unread.append(Unread(str(path), row, found))
                continue
            if (found.model, found.id, found.sample) in latest:
                unread.append(
                    Unread(str(path), row, f"a second answer of {found.model} to {found.id}; it replaces the first")
                )
            latest[found.model, found.id, found.sample] = found
    usable = [each for each in latest.values() if each.response]
    return Responses(usable, [each for each in latest.values() if not each.response], unread)


def _read(path: Path) -> Iterator[tuple[int, Response | str]]:
    whole = read_json(path)
    if is_responses(whole):
        for row, (_, found) in enumerate(tool_responses(whole, path), 1):
            if isinstance(found, str):
                yield row, found
            else:
                yield row, Response(id=found.query, model=found.model, query=found.prompt, response=found.text)
        return
    for row, value in (
        json_lines(path) if whole is None else enumerate(whole if isinstance(whole, list) else [whole], 1)
    ):
        yield row, _response(value, path)


def _response(value: Any, path: Path) -> Response | str:
    if not isinstance(value, dict):
        return "not an object"
    fields = {name: value[name] for name in Response.model_fields if name in value}
    fields.setdefault("model", model_of(path.name))
    fields.setdefault("query", value.get("prompt", ""))
    try:
        return Response.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def read_json(path: Path) -> Any:
    """The value of a file that is one JSON document; None when it is not, as JSON Lines are not.

    Raises:
        InputError: the file cannot be read or is not UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", where=str(path), remedy="Check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8", where=str(path), remedy="Save the file as UTF-8.") from error
    try:
        return json.loads(text, strict=False)
    except ValueError:
        return None


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """(line number, value) of JSON Lines; a line that is not JSON yields None."""
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield number, json.loads(line, strict=False)
                except ValueError:
                    yield number, None
