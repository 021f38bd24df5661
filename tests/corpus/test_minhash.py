"""Signatures against a slow, obvious implementation of the same hash, and against exact Jaccard similarity."""

from __future__ import annotations

import random
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coig_writer.corpus import minhash

WORD = 1 << 64
PINNED = ([959947525959107254], [545900243, 454181708, 68094140])


def slow_points(text: str | None) -> list[int]:
    normal = unicodedata.normalize("NFC", text or "")
    dropped = ("P", "Z", "Cc", "Cf")
    return [ord(c) for c in normal if not unicodedata.category(c).startswith(dropped)]


def slow_mix(value: int) -> int:
    value = (value ^ value >> 32) * int(minhash.MIX) % WORD
    return value ^ value >> 32


def slow_shingles(text: str | None) -> list[int]:
    points = slow_points(text)
    keys = [int(key) for key in minhash.POINT_KEYS]
    if not points:
        return []
    if len(points) < 5:
        return [slow_mix((len(points) * keys[5] + sum(p * k for p, k in zip(points, keys, strict=False))) % WORD)]
    runs = [points[i : i + 5] for i in range(len(points) - 4)]
    return [slow_mix(sum(p * k for p, k in zip(run, keys, strict=False)) % WORD) for run in runs]


def slow_signature(shingles: list[int]) -> list[int]:
    halves = [shingle >> 32 for shingle in shingles]
    pairs = zip(minhash.SCALES.tolist(), minhash.SHIFTS.tolist(), strict=True)
    return [min(((a * x + b) % (1 << 32) for x in halves), default=0xFFFFFFFF) for a, b in pairs]


def edited(text: str, share: float, rng: random.Random) -> str:
    out = list(text)
    for place in rng.sample(range(len(out)), max(1, int(share * len(out)))):
        out[place] = rng.choice(("", chr(rng.randrange(0x4E00, 0x9FA0)), out[place] * 2))
    return "".join(out)


def chinese(length: int, rng: random.Random) -> str:
    return "".join(chr(rng.randrange(0x4E00, 0x9FA0)) for _ in range(length))


unsettled = st.sampled_from(["é", "e\u0301", "각", "\u1100\u1161\u11a8", "\uf900", "\u037e", "\u0958", "𝅗𝅥", "が"])
texts = st.none() | st.lists(st.characters(exclude_categories=["Cs"]) | unsettled, max_size=30).map("".join)


@settings(deadline=None)
@given(st.lists(texts, max_size=8))
@example(["", None, " 。\u200b", "春", "春\0", "春眠不", "春眠不觉晓", "春眠不觉晓处", "𠮷野家𠮷野家", "a" * 40])
def test_sketch_equals_the_slow_one(batch):
    sketch = minhash.sketch(pa.array(batch, pa.string()))
    shingles = [slow_shingles(text) for text in batch]
    assert sketch.filled.tolist() == [bool(found) for found in shingles]
    assert sketch.content.tolist() == [sum(found) % WORD for found in shingles]
    assert sketch.signatures.tolist() == [slow_signature(found) for found in shingles]


def test_texts_of_more_than_one_block():
    """Around the lengths at which a further block of shingles begins."""
    rng = random.Random(0)
    block = minhash._BLOCK
    batch = [chinese(block * blocks + extra, rng) for blocks in (1, 2) for extra in range(-1, 7)]
    sketch = minhash.sketch(pa.array(batch))
    shingles = [slow_shingles(text) for text in batch]
    assert sketch.content.tolist() == [sum(found) % WORD for found in shingles]
    assert sketch.signatures.tolist() == [slow_signature(found) for found in shingles]


@given(st.lists(st.tuples(texts, texts), max_size=6))
@settings(deadline=None)
@example([("春眠不觉晓处处闻啼鸟", "春眠不觉晓处处闻啼鸟"), ("春眠不觉晓", "夏眠不觉晓"), ("", ""), ("", "春")])
def test_jaccard_equals_that_of_python_sets(pairs):
    left, right = ([pair[side] for pair in pairs] for side in (0, 1))
    shingles = [(set(slow_shingles(one)), set(slow_shingles(other))) for one, other in pairs]
    expected = [len(one & other) / max(1, len(one | other)) for one, other in shingles]
    assert minhash.jaccard(pa.array(left, pa.string()), pa.array(right, pa.string())).tolist() == expected


@pytest.mark.parametrize("dtype", [pa.string(), pa.large_string(), pa.string_view()])
def test_any_arrow_string_array_will_do_sliced_or_not(dtype):
    batch = ["甲乙丙丁戊己", None, "e\u0301tude numéro un", "", "子丑寅卯辰巳"]
    whole = minhash.sketch(pa.array(batch).cast(dtype))
    part = minhash.sketch(pa.array(["zzzzzzzz", *batch, "end"]).cast(dtype).slice(1, len(batch)))
    for one, other in zip(whole, part, strict=True):
        assert np.array_equal(one, other)


def test_composed_and_decomposed_texts_are_copies_and_punctuation_does_not_count():
    sketch = minhash.sketch(pa.array(["Ré, mi — fa sol la", "Re\u0301mi\tfa sol\u3000la。", "Re mi fa sol la"]))
    assert sketch.content[0] == sketch.content[1] != sketch.content[2]


def test_traits_find_every_character_that_normalisation_touches():
    traits = minhash._traits()
    changed = [
        i for i in range(0x110000) if not 0xD800 <= i < 0xE000 and unicodedata.normalize("NFC", chr(i)) != chr(i)
    ]
    assert len(changed) > 1000
    assert all(traits[i] & minhash._UNSETTLED for i in changed)


def test_a_signature_never_changes():
    """The values may be stored in files: a change of the hash must be meant."""
    sketch = minhash.sketch(pa.array(["床前明月光，疑是地上霜。举头望明月，低头思故乡。"]))
    assert (sketch.content.tolist(), sketch.signatures[0, :3].tolist()) == PINNED


@pytest.mark.parametrize("length", [30, 200, 2000])
def test_estimates_are_unbiased_with_the_error_of_128_permutations(length):
    rng = random.Random(length)
    left = [chinese(length, rng) for _ in range(400)]
    right = [edited(text, 0.06, rng) for text in left]
    exact = minhash.jaccard(pa.array(left), pa.array(right))
    sketches = [minhash.sketch(pa.array(side)).signatures for side in (left, right)]
    error = (minhash.estimates(*sketches) - exact) / np.sqrt(np.maximum(exact * (1 - exact), 1e-9) / 128)
    assert abs(error.mean()) < 4 / np.sqrt(len(left))
    assert 0.7 < (error**2).mean() < 1.3


def test_bands_collide_as_often_as_the_formula_says():
    rng = random.Random(5)
    left = [chinese(60, rng) for _ in range(2000)]
    right = [edited(text, 0.08, rng) for text in left]
    exact = minhash.jaccard(pa.array(left), pa.array(right))
    met = [minhash.bands(minhash.sketch(pa.array(side)).signatures) for side in (left, right)]
    share = (met[0] == met[1]).any(axis=1).mean()
    expected = 1 - (1 - exact**4) ** 32
    assert share == pytest.approx(expected.mean(), abs=4 * np.sqrt((expected * (1 - expected)).sum()) / len(left))


def test_estimates_agree_with_datasketch():
    datasketch = pytest.importorskip("datasketch")
    rng = random.Random(1)
    left = [chinese(120, rng) for _ in range(150)]
    right = [edited(text, 0.05, rng) for text in left]

    def theirs(text: str):
        made = datasketch.MinHash(num_perm=128)
        made.update_batch([text[i : i + 5].encode() for i in range(len(text) - 4)])
        return made

    exact = minhash.jaccard(pa.array(left), pa.array(right))
    oracle = np.array([theirs(one).jaccard(theirs(other)) for one, other in zip(left, right, strict=True)])
    ours = minhash.estimates(*(minhash.sketch(pa.array(side)).signatures for side in (left, right)))
    assert abs(ours.mean() - oracle.mean()) < 0.015
    assert np.abs(ours - exact).mean() < 1.25 * np.abs(oracle - exact).mean()


def test_functions_compile_where_no_cache_can_be_written():
    scope: dict = {}
    exec("def double(x): return x + x", scope)  # a function without a file has no place for a cache
    assert minhash.compiled(scope["double"])(4) == 8
