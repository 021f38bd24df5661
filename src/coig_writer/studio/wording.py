"""Two wordings beside each other: what differs, and how two edits of one text are put together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

SHORT = 2
"""Characters between two changes that are shown as part of the change: single letters in common mean nothing."""
MARKS = THEIRS, YOURS, END = "【对方 theirs】", "【你的 yours】", "【完 end】"
"""Lines around the two wordings of a place that both changed."""


@dataclass(frozen=True)
class Piece:
    """A run of characters that is in both wordings, or in one of them."""

    kind: Literal["same", "old", "new"]
    text: str


def difference(old: str, new: str) -> list[Piece]:
    """The pieces that turn `old` into `new`, in order; what was taken away comes before what replaced it."""
    from rapidfuzz.distance import Levenshtein

    pieces: list[Piece] = []
    gone = added = ""
    codes = Levenshtein.opcodes(old, new)
    for at, code in enumerate(codes):
        left, right = old[code.src_start : code.src_end], new[code.dest_start : code.dest_end]
        inner = 0 < at < len(codes) - 1
        if code.tag != "equal" or (inner and len(left) <= SHORT and "\n" not in left):
            gone, added = gone + left, added + right
            continue
        pieces += _changed(gone, added)
        gone = added = ""
        pieces.append(Piece("same", left))
    return pieces + _changed(gone, added)


def _changed(gone: str, added: str) -> list[Piece]:
    return [*([Piece("old", gone)] if gone else []), *([Piece("new", added)] if added else [])]


@dataclass(frozen=True)
class Merged:
    """Two edits of one text in one."""

    text: str
    conflicts: int
    """Places that both changed, each in its own way; the text holds both there, between marks."""


def merge(base: str, yours: str, theirs: str) -> Merged:
    """Puts two edits of `base` together, line by line: what only one side changed is taken from it.

    Where both changed a line, it is looked at clause by clause, and left with both wordings only if that does not help.
    """
    merged, conflicts = _put_together(base.split("\n"), yours.split("\n"), theirs.split("\n"), _settle)
    return Merged("\n".join(merged), conflicts)


_Settle = Callable[[list[str], list[str], list[str]], tuple[list[str], bool]]


def _put_together(base: list[str], mine: list[str], other: list[str], settle: _Settle) -> tuple[list[str], int]:
    """The pieces of both edits, and how many places `settle` could not settle."""
    ours, their = _kept(base, mine), _kept(base, other)
    merged: list[str] = []
    conflicts = at_base = at_mine = at_other = 0
    for stable in [*sorted(ours.keys() & their.keys()), len(base)]:
        to_mine, to_other = ours.get(stable, len(mine)), their.get(stable, len(other))
        found, conflict = settle(base[at_base:stable], mine[at_mine:to_mine], other[at_other:to_other])
        merged += found
        conflicts += conflict
        if stable < len(base):
            merged.append(base[stable])
        at_base, at_mine, at_other = stable + 1, to_mine + 1, to_other + 1
    return merged, conflicts


def _kept(base: Sequence[str], edited: Sequence[str]) -> dict[int, int]:
    """Place of each line of `base` that is still there → its place in `edited`."""
    blocks = SequenceMatcher(None, base, edited, autojunk=False).get_matching_blocks()
    return {block.a + step: block.b + step for block in blocks for step in range(block.size)}


def _settle(base: list[str], mine: list[str], other: list[str]) -> tuple[list[str], bool]:
    if mine in (base, other):
        return other, False
    if other == base:
        return mine, False
    finer, conflicts = _put_together(_clauses(base), _clauses(mine), _clauses(other), _one_side)
    if not conflicts:
        return "".join(finer).split("\n"), False
    return [THEIRS, *other, YOURS, *mine, END], True


_CLAUSE = re.compile(r"[^。！？；，、…\n]*[。！？；，、…\n]+|[^。！？；，、…\n]+")


def _clauses(lines: list[str]) -> list[str]:
    return _CLAUSE.findall("\n".join(lines))


def _one_side(base: list[str], mine: list[str], other: list[str]) -> tuple[list[str], bool]:
    if mine in (base, other):
        return other, False
    return mine, other != base
