"""JSON that says each thing once: a key that stands twice in one object with different values is refused.

Every parser keeps the last of them and drops the first without a word, so the keys are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json

from coig_writer.corpus import json_stream

_KEY = re.compile(rb'"[ \t\r\n]*:')
"""The end of a key. A text that begins with a colon looks like one too, so there are at least as many as keys."""
_SPACED = (b" :", b"\t:", b"\r:", b"\n:")


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
    keys = _keys(value)
    if raw.count(b":") == keys:
        return True
    if raw.count(b'":') == keys and not any(spaced in raw for spaced in _SPACED):
        return True
    return len(_KEY.findall(raw)) == keys


def _keys(value: Any) -> int:
    """Keys in a value at any depth; of a model those that were given, as what stands for the others holds none."""
    inside: Iterable[Any]
    if isinstance(value, dict):
        keys, inside = len(value), value.values()
    elif isinstance(value, list):
        keys, inside = 0, value
    elif isinstance(value, BaseModel):
        keys, inside = len(value.__pydantic_fields_set__), value.__dict__.values()
    else:
        return 0
    for each in inside:
        if each.__class__ not in _LEAVES:  # most are, and a call takes its time
            keys += _keys(each)
    return keys


_LEAVES = frozenset((str, int, float, bool, type(None), date))
