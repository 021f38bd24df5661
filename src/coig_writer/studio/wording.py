"""Two wordings beside each other: what differs, and how two edits of one text are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

SHORT = 2
"""Characters between two changes that are shown as part of the change: single letters in common mean nothing."""
THEIRS, YOURS, END = "【对方 theirs】", "【你的 yours】", "【完 end】"


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
    """Puts two edits of `base` together, line by line: what only one side changed is taken from it."""
    lines, mine, other = (text.split("\n") for text in (base, yours, theirs))
    ours, their = _kept(lines, mine), _kept(lines, other)
    merged: list[str] = []
    conflicts = at_base = at_mine = at_other = 0
    for stable in [*sorted(ours.keys() & their.keys()), len(lines)]:
        to_mine, to_other = ours.get(stable, len(mine)), their.get(stable, len(other))
        gap = lines[at_base:stable], mine[at_mine:to_mine], other[at_other:to_other]
        found, conflict = _settle(*gap)
        merged += found
        conflicts += conflict
        if stable < len(lines):
            merged.append(lines[stable])
        at_base, at_mine, at_other = stable + 1, to_mine + 1, to_other + 1
    return Merged("\n".join(merged), conflicts)


def _kept(base: Sequence[str], edited: Sequence[str]) -> dict[int, int]:
    """Place of each line of `base` that is still there → its place in `edited`."""
    blocks = SequenceMatcher(None, base, edited, autojunk=False).get_matching_blocks()
    return {block.a + step: block.b + step for block in blocks for step in range(block.size)}


def _settle(base: list[str], mine: list[str], other: list[str]) -> tuple[list[str], bool]:
    if mine in (base, other):
        return other, False
    if other == base:
        return mine, False
    return [THEIRS, *other, YOURS, *mine, END], True
