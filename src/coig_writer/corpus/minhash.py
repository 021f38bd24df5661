"""MinHash signatures of texts over character 5-grams: Arrow arrays in, numpy arrays out.

A text is brought to Unicode NFC, then white space, punctuation and control characters are left out; what
remains are its points (Unicode code points). Its shingles are all runs of five points; a text of one to four
points is one shingle. A text without points has no shingles and no signature, so that two empty texts are
never alike.

Each shingle gets a 64-bit hash (a sum of products with fixed odd numbers, then mixed); its upper half x goes
through 128 permutations `a·x + b mod 2³²`, and the signature holds the least value of each. Nothing is random at
run time: signatures are the same on every machine, for as long as the Python version's Unicode tables
agree on the text's characters.

The loops are compiled by numba to vector instructions, hold no lock and use one thread: whoever
calls spreads the batches.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NGRAM = 5
"""Code points in a shingle."""
PERMUTATIONS = 128
"""Values in a signature."""
BANDS = 32
"""Bands of a signature; texts that agree in all four values of one band are candidates."""
ROWS = PERMUTATIONS // BANDS

EMPTY = np.uint32(0xFFFFFFFF)
"""What a signature of no shingles is filled with."""
_TILE = 8
"""Shingles that are put through the permutations together, while part of the signature stays in registers."""
_BLOCK = 512
"""Shingles of a text that are hashed before they are put through the permutations."""

_DROP, _UNSETTLED = np.uint8(1), np.uint8(2)
ZERO, ONE, TWO, THREE, FOUR = (np.uint64(number) for number in range(5))


def _odd_numbers(count: int, seed: int) -> np.ndarray:
    """Fixed odd 64-bit numbers by splitmix64, which unlike numpy's generators will never change."""
    state = (seed + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)).astype(np.uint64)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (state ^ (state >> np.uint64(31))) | np.uint64(1)


POINT_KEYS = _odd_numbers(NGRAM + 1, seed=1)
"""Multipliers of a shingle's points, and of the length of one that is too short."""
SCALES = (_odd_numbers(PERMUTATIONS, seed=2) >> np.uint64(31)).astype(np.uint32) | np.uint32(1)
SHIFTS = (_odd_numbers(PERMUTATIONS, seed=3) >> np.uint64(32)).astype(np.uint32)
"""The permutations: `SCALES[i] * x + SHIFTS[i]`; an odd scale makes each a permutation of the 32-bit numbers."""
BAND_KEYS = _odd_numbers(ROWS, seed=4)
"""Multipliers of a band's values."""
MIX = np.uint64(0xD6E8FEB86659FD93)


class Sketch(NamedTuple):
    """What near-duplicate search needs to know of many texts."""

    content: np.ndarray
    """uint64, a hash of each text's shingles with their multiplicity; equal for copies. 0 where there are none."""
    signatures: np.ndarray
    """uint32, texts × 128."""
    filled: np.ndarray
    """bool, false for null texts and those without points."""


def compiled(function: Callable) -> Callable:
    """`function` as machine code, kept on disk where a place for it can be written."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # neither this folder nor the user's cache folder can be written
        return numba.njit(nogil=True)(function)


@cache
def _traits() -> np.ndarray:
    """For each code point: `_DROP` if it is not part of the points, `_UNSETTLED` if NFC may change it or its neighbour.

    A text without unsettled code points is in NFC already (Unicode Standard Annex 15, quick check).
    """
    traits = np.zeros(sys.maxunicode + 1, np.uint8)
    for point in range(sys.maxunicode + 1):
        character = chr(point)
        category = unicodedata.category(character)
        if category[0] in "PZ" or category in ("Cc", "Cf"):
            traits[point] |= _DROP
        if unicodedata.combining(character):
            traits[point] |= _UNSETTLED
        parts = unicodedata.decomposition(character)
        if parts and parts[0] != "<":
            if not unicodedata.is_normalized("NFC", character):
                traits[point] |= _UNSETTLED
            traits[[int(part, 16) for part in parts.split()[1:]]] |= _UNSETTLED
    traits[0x1161:0x1176] |= _UNSETTLED  # Hangul vowels and finals join their predecessor by rule, not by table
    traits[0x11A8:0x11C3] |= _UNSETTLED
    return traits


def _buffers(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """UTF-8 bytes, and where in them each text starts and the last ends; nulls get no bytes."""
    texts = texts.cast(pa.large_string())
    if texts.null_count:
        texts = pc.fill_null(texts, "")
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.uint64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data or b"", np.uint8), bounds


def _normalised(texts: pa.Array, rows: np.ndarray) -> pa.Array:
    """The texts in the given rows (a mask) in NFC; nulls become empty."""
    chosen = texts.cast(pa.large_string()).filter(pa.array(rows)).to_pylist()
    return pa.array([unicodedata.normalize("NFC", text or "") for text in chosen], pa.large_string())


@compiled
def _points(data, start, end, traits, values):
    """Writes the points of one text to the front of `values`; returns their number and all traits it met.

    Numba keeps unsigned numbers unsigned only among themselves, hence the constants.
    """
    at, size, seen = start, ZERO, np.uint8(0)
    while at < end:
        lead = np.uint32(data[at])
        if lead & 0xF0 == 0xE0:  # most Chinese characters
            point = (lead & 0x0F) << 12 | (data[at + ONE] & 0x3F) << 6 | data[at + TWO] & 0x3F
            at += THREE
        elif lead < 0x80:
            point = lead
            at += ONE
        elif lead < 0xE0:
            point = (lead & 0x1F) << 6 | data[at + ONE] & 0x3F
            at += TWO
        else:
            point = (lead & 0x07) << 18 | (data[at + ONE] & 0x3F) << 12
            point |= (data[at + TWO] & 0x3F) << 6 | data[at + THREE] & 0x3F
            at += FOUR
        trait = traits[np.uint32(point)]
        seen |= trait
        values[size] = point
        size += ONE - (trait & ONE)  # a dropped point is overwritten by the next
    return size, seen


@compiled
def _mixed(value):
    """Spreads a hash's upper bits over its lower ones and back; no two values become one."""
    value = (value ^ (value >> np.uint64(32))) * MIX
    return value ^ (value >> np.uint64(32))


@compiled
def _shingles(values, hashes):
    """Writes the shingle hashes of one text's points to the front of `hashes` and returns their number."""
    size = len(values)
    if size == 0:
        return 0
    if size < NGRAM:
        total = np.uint64(size) * POINT_KEYS[NGRAM]
        for i in range(size):
            total += np.uint64(values[i]) * POINT_KEYS[i]
        hashes[0] = _mixed(total)
        return 1
    count = size - NGRAM + 1
    k0, k1, k2, k3, k4 = POINT_KEYS[:NGRAM]
    for i in range(count):
        total = np.uint64(values[i]) * k0 + np.uint64(values[i + 1]) * k1 + np.uint64(values[i + 2]) * k2
        total += np.uint64(values[i + 3]) * k3 + np.uint64(values[i + 4]) * k4
        hashes[i] = _mixed(total)
    return count


@compiled
def _fold(values, signature):
    """Lowers the signature to the least permuted value of each permutation; `values` come in whole tiles."""
    for start in range(0, len(values), _TILE):
        for i in range(PERMUTATIONS):
            least = signature[i]
            for j in range(_TILE):
                least = min(least, np.uint32(SCALES[i] * values[start + j] + SHIFTS[i]))
            signature[i] = least


@compiled
def _longest(bounds):
    longest = ZERO
    for text in range(len(bounds) - 1):
        longest = max(longest, bounds[text + 1] - bounds[text])
    return longest


@compiled
def _sketch(data, bounds, traits, unwanted):
    """The fields of a `Sketch`, and which texts were left out because they have an unwanted trait."""
    count = len(bounds) - 1
    content = np.zeros(count, np.uint64)
    signatures = np.full((count, PERMUTATIONS), EMPTY, np.uint32)
    filled, left_out = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    values = np.empty(_longest(bounds), np.uint32)
    hashes, halves = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.uint32)
    for text in range(count):
        size, seen = _points(data, bounds[text], bounds[text + 1], traits, values)
        left_out[text] = seen & unwanted != 0
        filled[text] = size > 0
        if left_out[text] or not filled[text]:
            continue
        length = int(size)
        for start in range(0, max(1, length - NGRAM + 1), _BLOCK):
            found = _shingles(values[start : min(length, start + _BLOCK + NGRAM - 1)], hashes)
            for i in range(found):
                content[text] += hashes[i]
                halves[i] = hashes[i] >> np.uint64(32)
            whole = (found + _TILE - 1) // _TILE * _TILE
            halves[found:whole] = halves[0]  # repeating a shingle does not change a least value
            _fold(halves[:whole], signatures[text])
    return content, signatures, filled, left_out


def sketch(texts: pa.Array) -> Sketch:
    """Content hash and signature of each text.

    Args:
        texts: Arrow strings of any width, as they come from Daft or a Parquet file.
    """
    *fields, unsettled = _sketch(*_buffers(texts), _traits(), _UNSETTLED)
    if unsettled.any():
        *settled, _ = _sketch(*_buffers(_normalised(texts, unsettled)), _traits(), np.uint8(0))
        for field, values in zip(fields, settled, strict=True):
            field[unsettled] = values
    return Sketch(*fields)


@compiled
def bands(signatures):
    """A 64-bit hash of each band (texts × 32); signatures that agree in a band agree in its hash."""
    count = len(signatures)
    hashes = np.empty((count, BANDS), np.uint64)
    for text in range(count):
        for band in range(BANDS):
            total = np.uint64(band) * MIX
            for row in range(ROWS):
                total += np.uint64(signatures[text, band * ROWS + row]) * BAND_KEYS[row]
            hashes[text, band] = _mixed(total)
    return hashes


def estimates(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Estimated Jaccard similarity, 0–1, of signatures row by row: the share of equal values."""
    return (left == right).mean(axis=1)


@compiled
def _overlap(mine, other, slots, owners):
    """How many hashes two lists have in common, and in all, each counted once.

    `slots` is a hash table with room for both, a power of two long; `owners` says who has put something there.
    """
    owners[:] = 0
    last = np.uint64(len(slots) - 1)
    common = union = 0
    for owner, hashes in ((np.uint8(1), mine), (np.uint8(2), other)):
        for value in hashes:
            slot = value & last
            while owners[slot] and slots[slot] != value:
                slot = (slot + np.uint64(1)) & last
            union += owners[slot] == 0
            common += owners[slot] | owner == 3 and owners[slot] != 3
            owners[slot] |= owner
            slots[slot] = value
    return common, union


@compiled
def _jaccard(left, left_bounds, right, right_bounds, traits, unwanted):
    """Similarities, and which pairs were left out because a text has an unwanted trait."""
    count = len(left_bounds) - 1
    shares, left_out = np.zeros(count), np.zeros(count, np.bool_)
    longest = max(ONE, _longest(left_bounds), _longest(right_bounds))
    values, mine, other = np.empty(longest, np.uint32), np.empty(longest, np.uint64), np.empty(longest, np.uint64)
    slots, owners = np.empty(4, np.uint64), np.empty(4, np.uint8)
    for pair in range(count):
        size, seen = _points(left, left_bounds[pair], left_bounds[pair + 1], traits, values)
        mine_size = _shingles(values[:size], mine)
        size, others_seen = _points(right, right_bounds[pair], right_bounds[pair + 1], traits, values)
        other_size = _shingles(values[:size], other)
        left_out[pair] = (seen | others_seen) & unwanted != 0
        if left_out[pair] or mine_size == 0 or other_size == 0:
            continue
        room = 4
        while room < 2 * (mine_size + other_size):
            room *= 2
        if room > len(slots):
            slots, owners = np.empty(room, np.uint64), np.empty(room, np.uint8)
        common, union = _overlap(mine[:mine_size], other[:other_size], slots[:room], owners[:room])
        shares[pair] = common / union
    return shares, left_out


def jaccard(left: pa.Array, right: pa.Array) -> np.ndarray:
    """Jaccard similarity, 0–1, of the shingle sets of texts row by row; 0 where one has no shingles.

    Shingles are told apart by their 64-bit hashes.
    """
    shares, unsettled = _jaccard(*_buffers(left), *_buffers(right), _traits(), _UNSETTLED)
    if unsettled.any():
        both = (*_buffers(_normalised(left, unsettled)), *_buffers(_normalised(right, unsettled)))
        shares[unsettled], _ = _jaccard(*both, _traits(), np.uint8(0))
    return shares
