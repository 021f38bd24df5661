"""JSON that says each thing once: a key that stands twice in one object with different values is refused.

Every parser keeps the last of them and drops the first without a word, so the keys are counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import from_json

from coig_writer.corpus import json_stream

_SPACE = b" \t\r\n"
"""May stand between a key and its colon."""


class Doubled(ValueError):
    """A key with two values, and which one."""

    def __init__(self, field: str):
        super().__init__(doubled(field))
        self.field = field


def doubled(field: str) -> str:
    """What is said of a key that stands twice."""
    return f"{field} stands twice in the record, with different values; keep one of them"


class Keys(list[str]):
    """An `object_pairs_hook` that makes dictionaries and lists the keys that would lose a value by it."""

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            self.extend(key for key, value in pairs if made[key] != value)
        return made


def parse(text: bytes | str) -> Any:
    """The value in some JSON; the strict and fast parser first, then one that lets control characters pass.

    Raises:
        Doubled: a key has two values.
        ValueError: it is no JSON, or not in UTF-8.
    """
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    try:
        value = from_json(raw)
        if says_each_once(raw, value):
            return value
    except ValueError:
        pass  # told in full below, or it is only a control character
    keys = Keys()
    try:
        value = json_stream.parse_line(text if isinstance(text, str) else raw.decode(), keys)
    except UnicodeDecodeError as error:
        raise ValueError(f"not in UTF-8 at byte {error.start + 1:,}") from error
    if keys:
        raise Doubled(keys[0])
    return value


def says_each_once(raw: bytes, value: Any) -> bool:
    """Whether no key of `raw`, which was read as `value`, stands twice for certain; quick, and False if in doubt."""
    # A quoted quotation mark before a colon looks like a key's end too, so there are at least as many ends as keys.
    return raw.translate(None, _SPACE).count(b'":') == _keys(value)


def _keys(value: Any) -> int:
    """Keys in a value at any depth; of a model those that were given, as what stands for the others holds none."""
    inside: Iterable[Any]
    if isinstance(value, list):
        keys, inside = 0, value
    elif isinstance(value, dict):
        keys, inside = len(value), value.values()
    elif isinstance(value, BaseModel):
        given, held = value.__pydantic_fields_set__, value.__dict__
        keys, inside = len(given), [held[name] for name in given & _branches(value.__class__)]
    else:
        return 0
    for each in inside:
        if each.__class__ not in _LEAVES:  # most are, and a call takes its time
            keys += _keys(each)
    return keys


_LEAVES = frozenset((str, int, float, bool, type(None), date, datetime))


@cache
def _branches(kind: type[BaseModel]) -> frozenset[str]:
    """The fields of a model that can hold objects."""
    return frozenset(name for name, field in kind.model_fields.items() if not _is_leaf(field.annotation))


def _is_leaf(annotation: Any) -> bool:
    """Whether what is annotated so is never a list or an object, for certain."""
    if get_origin(annotation) is Literal:
        return True
    if get_origin(annotation) in (Union, UnionType):
        return all(map(_is_leaf, get_args(annotation)))
    if get_origin(annotation) is Annotated:
        return _is_leaf(get_args(annotation)[0])
    return annotation in _LEAVES
