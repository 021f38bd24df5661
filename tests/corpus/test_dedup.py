"""Clusters against brute force, whatever the order, the batches or the number of copies."""

from __future__ import annotations

import random

import daft
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coig_writer.corpus import minhash
from coig_writer.corpus.dedup import DedupSettings, clusters, find_clusters, neighbours
from coig_writer.errors import InputError

STRICT = DedupSettings(threshold=0.8)
"""Pairs this much alike miss all 32 bands once in ten million times, so brute force must find the same."""


def found(texts: list[str | None], settings: DedupSettings | None = None, keys: list[str] | None = None) -> dict:
    keys = keys or [f"{i:06d}" for i in range(len(texts))]
    frame = daft.from_arrow(pa.table({"id": pa.array(keys, pa.string()), "body": pa.array(texts, pa.string())}))
    table = find_clusters(frame, key="id", text="body", settings=settings)
    assert table.column_names == ["key", "cluster"]
    assert table["key"].to_pylist() == sorted(table["key"].to_pylist())
    return dict(zip(table["key"].to_pylist(), table["cluster"].to_pylist(), strict=True))


def components(edges: list[tuple[str, str]]) -> dict[str, str]:
    """Slow and obvious: names spread along the edges until nothing changes."""
    name = {node: node for edge in edges for node in edge}
    changed = True
    while changed:
        changed = False
        for one, other in edges:
            least = min(name[one], name[other])
            changed |= name[one] != least or name[other] != least
            name[one] = name[other] = least
    return name


def brute_force(texts: list[str], threshold: float) -> dict[str, str]:
    sets = [{text[i : i + 5] for i in range(max(1, len(text) - 4))} if text else set() for text in texts]
    edges = [
        (f"{i:06d}", f"{j:06d}")
        for j in range(len(texts))
        for i in range(j)
        if sets[i] and sets[j] and len(sets[i] & sets[j]) / len(sets[i] | sets[j]) >= threshold
    ]
    return components(edges)


def family(rng: random.Random, length: int, members: int) -> list[str]:
    """A text and its descendants, each with one character changed in the one before."""
    text = [chr(rng.randrange(0x4E00, 0x9FA0)) for _ in range(length)]
    out = ["".join(text)]
    for _ in range(members - 1):
        text[rng.randrange(length)] = chr(rng.randrange(0x4E00, 0x9FA0))
        out.append("".join(text))
    return out


@pytest.mark.parametrize("seed", range(3))
def test_clusters_are_those_of_brute_force(seed):
    rng = random.Random(seed)
    texts = [text for _ in range(12) for text in family(rng, rng.choice([40, 80, 300]), rng.randrange(1, 6))]
    texts += [*rng.choices(texts, k=10), "", "春", "春", "夏"]
    rng.shuffle(texts)
    assert found(texts, STRICT) == brute_force(texts, STRICT.threshold)


def test_batches_files_and_order_make_no_difference(tmp_path):
    rng = random.Random(7)
    texts = [text for _ in range(1500) for text in family(rng, 40, 2)]
    keys = [f"k{i}" for i in range(len(texts))]
    expected = found(texts, keys=keys)
    assert len(expected) == len(texts)
    rows = list(zip(keys, texts, strict=True))
    rng.shuffle(rows)
    for part in range(3):
        columns = [list(column) for column in zip(*rows[part::3], strict=True)]
        daft.from_pydict(dict(zip(("id", "body"), columns, strict=True))).write_parquet(str(tmp_path))
    table = find_clusters(daft.read_parquet(str(tmp_path)), key="id", text="body")
    assert dict(zip(table["key"].to_pylist(), table["cluster"].to_pylist(), strict=True)) == expected


def test_what_is_alike_and_what_is_not():
    poem = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"
    wrapped = "床前明月光\n疑是地上霜\n举头望明月\n低头思故乡"
    misspelt = "床前看月光，疑是地上霜。举头望明月，低头思故乡。"
    other = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
    assert found([other, poem, wrapped, misspelt]) == {"000001": "000001", "000002": "000001", "000003": "000001"}


@pytest.mark.parametrize(
    "texts", [[], [None], ["春眠不觉晓处处闻啼鸟"], ["", None, "", "。。。", " ", "…！"], ["春", "夏", "春夏"]]
)
def test_texts_that_stand_alone_are_not_listed(texts):
    assert found(texts) == {}


def test_column_without_any_text():
    frame = daft.from_arrow(pa.table({"id": pa.array(["a", "b"]), "body": pa.nulls(2)}))
    assert find_clusters(frame, key="id", text="body").num_rows == 0


def test_ten_thousand_copies_are_one_cluster():
    assert set(found(["同一篇文章，抄了又抄，一字不改。"] * 10_000).values()) == {"000000"}


def test_one_big_family_of_near_copies_is_one_cluster():
    rng = random.Random(3)
    root = family(rng, 60, 1)[0]
    texts = [root[:i] + chr(rng.randrange(0x4E00, 0x9FA0)) + root[i + 1 :] for i in range(60) for _ in range(50)]
    assert set(found(texts).values()) == {"000000"}


def test_copies_with_the_same_key_are_an_error():
    with pytest.raises(InputError, match="same key"):
        found(["春眠不觉晓处处闻啼鸟"] * 3, keys=["a", "b", "a"])


def test_threshold_decides():
    texts = ["甲乙丙丁戊己庚辛壬癸", "甲乙丙丁戊己庚辛壬子"]  # 5 of 7 shingles in common
    assert found(texts, DedupSettings(threshold=5 / 7)) == {"000000": "000000", "000001": "000000"}
    assert found(texts, DedupSettings(threshold=0.72)) == {}


@pytest.mark.parametrize("bad", [{"threshold": 0}, {"threshold": 1.1}, {"reach": 0}, {"slack": -1}, {"treshold": 0.5}])
def test_senseless_settings_are_refused(bad):
    with pytest.raises(ValueError):
        DedupSettings(**bad)


words = st.integers(0, 3).map(lambda i: (0x9E3779B97F4A7C15 * (i + 1)) % (1 << 64))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), words), max_size=60), st.integers(1, 12))
def test_neighbours_pair_everybody_in_small_buckets_and_few_in_large_ones(rows, reach):
    content, band = (np.array([row[side] for row in rows], np.uint64) for side in (0, 1))
    got = set(zip(*(side.tolist() for side in neighbours(content, band, reach)), strict=True))
    everyone = {(a, b) for a, one in rows for b, other in rows if one == other and a < b}
    assert got <= everyone
    if reach >= 11:  # buckets have at most twelve members
        assert got == everyone
    assert len(got) <= reach * len(set(rows))
    linked = components([*got, *((a, a) for a, _ in rows)])
    assert linked == components([*everyone, *((a, a) for a, _ in rows)])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_components_are_those_of_the_slow_way(edges):
    named = [(f"{one:02d}", f"{other:02d}") for one, other in edges]
    columns = {side: pa.array([edge[i] for edge in named], pa.string()) for i, side in enumerate(("left", "right"))}
    table = clusters(pa.table(columns))
    assert dict(zip(table["key"].to_pylist(), table["cluster"].to_pylist(), strict=True)) == components(named)


def test_daft_finds_what_the_plain_functions_find():
    rng = random.Random(11)
    texts = [text for _ in range(300) for text in family(rng, 30, rng.choice([1, 2, 4]))]
    array = pa.array(texts)
    sketch = minhash.sketch(array)
    row = {content: i for i, content in reversed(list(enumerate(sketch.content.tolist())))}
    bands = minhash.bands(sketch.signatures)
    pairs = neighbours(np.repeat(sketch.content, minhash.BANDS), bands.ravel(), DedupSettings().reach)
    left, right = (np.array([row[content] for content in side.tolist()]) for side in pairs)
    exact = minhash.jaccard(array.take(pa.array(left)), array.take(pa.array(right)))
    estimate = minhash.estimates(sketch.signatures[left], sketch.signatures[right])
    kept = (exact >= DedupSettings().threshold) & (estimate >= DedupSettings().threshold - DedupSettings().slack)
    edges = [(f"{i:06d}", f"{j:06d}") for i, j in zip(left[kept], right[kept], strict=True)]
    copies = [(f"{i:06d}", f"{row[content]:06d}") for i, content in enumerate(sketch.content.tolist())]
    expected = components(edges + [edge for edge in copies if edge[0] != edge[1]])
    assert found(texts) == expected
