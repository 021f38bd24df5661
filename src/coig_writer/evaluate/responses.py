"""Models' answers, from our own JSON Lines or from the files of the original ranking page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coig_writer.errors import InputError
from coig_writer.evaluate.read_tool import Questions, ToolAnswer, is_responses, model_of, tool_responses
from coig_writer.evaluate.votes import Unread, natural
from coig_writer.schema import Response

_SURROGATE_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Responses:
    """Answers with the rows that were not usable."""

    answers: list[Response] = field(default_factory=list)
    """Each with a text; `id` names the query."""
    failed: list[Response] = field(default_factory=list)
    """Rows of ours that hold an error in place of an answer."""
    unread: list[Unread] = field(default_factory=list)


def read_responses(paths: Sequence[Path], questions: Questions | None = None) -> Responses:
    """All answers in these files; the last of two rows of one model on one query counts, sample by sample.

    Args:
        paths: JSON Lines of `Response`, or the page's JSON objects, whose file name is the model.
        questions: what rankings of the page have said of its questions; those of the answers are added.

    Raises:
        InputError: a file is missing or is neither.
    """
    questions = questions or Questions()
    read = [(path, row, found) for path in paths for row, found in response_rows(path)]
    for _, _, found in read:
        if isinstance(found, ToolAnswer):
            questions.add(found.query, found.prompt)
    latest: dict[tuple[str, str, int], Response] = {}
    unread: list[Unread] = []
    for path, row, found in read:
        if isinstance(found, str):
            unread.append(Unread(str(path), row, found))
            continue
        answer = _named(found, questions) if isinstance(found, ToolAnswer) else found
        if (answer.model, answer.id, answer.sample) in latest:
            said = f"a second answer of {answer.model} to {answer.id}; it replaces the first"
            unread.append(Unread(str(path), row, said))
        latest[answer.model, answer.id, answer.sample] = answer
    usable = [each for each in latest.values() if each.response]
    return Responses(usable, [each for each in latest.values() if not each.response], unread)


def in_order_of_models(found: Responses) -> Responses:
    """The answers model by model in natural order (`CW+5k` before `CW+10k`), as comparisons list models."""

    def order(each: Response) -> list[tuple[int, str]]:
        return natural(each.model)

    return replace(found, answers=sorted(found.answers, key=order), failed=sorted(found.failed, key=order))


def _named(found: ToolAnswer, questions: Questions) -> Response:
    query = questions.name(found.query, found.prompt)
    return Response(id=query, model=found.model, query=found.prompt, response=found.text)


def response_rows(path: Path) -> Iterator[tuple[int, Response | ToolAnswer | str]]:
    """(row number, the answer or why it is none) of one file."""
    whole = read_json(path)
    if is_responses(whole):
        for row, (_, found) in enumerate(tool_responses(whole, path), 1):
            yield row, found
        return
    for row, value in (
        json_lines(path) if whole is None else enumerate(whole if isinstance(whole, list) else [whole], 1)
    ):
        yield row, _response(value, path)


def _response(value: Any, path: Path) -> Response | str:
    if not isinstance(value, dict):
        return "not JSON" if value is None else "not an object"
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
        return _parsed(text)
    except (ValueError, RecursionError):
        return None


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """(line number, value) of JSON Lines; a line that is not JSON yields None."""
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield number, _parsed(line)
                except (ValueError, RecursionError):
                    yield number, None


def _parsed(text: str) -> Any:
    """The value of JSON; half a surrogate pair, which is no character and fits in no file, becomes U+FFFD."""
    value = json.loads(text, strict=False)
    return _whole(value) if _SURROGATE_ESCAPED.search(text) else value


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(each) for name, each in value.items()}
    return value
