"""Nothing that belongs together straddles two parts, and genres are spread as well as that allows."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.corpus.dedup import DedupSettings
from coig_writer.dataset.sets import TripletSet
from coig_writer.dataset.split import PARTS, checked_shares, groups_of, split, write_split
from coig_writer.errors import InputError, SettingError
from coig_writer.files import read_jsonl, write_jsonl
from coig_writer.schema import Triplet
from support.published_set import published_set


def with_article(triplet: Triplet, **changed) -> Triplet:
    return triplet.model_copy(update={"article": triplet.article.model_copy(update=changed)})


BASE = published_set()[481:541]
"""Sixty triplets that have nothing in common."""
MADE = st.lists(
    st.tuples(st.sampled_from(("essay", "wuxia", "slogan")), st.sampled_from((None, "林", "吴", "陈", "周"))),
    min_size=2,
    max_size=40,
)


@settings(deadline=None, max_examples=20)
@given(MADE, st.integers(0, 99))
def test_no_group_straddles(made, seed):
    triplets = [
        with_article(base, author=author).model_copy(update={"genre": genre})
        for base, (genre, author) in zip(BASE, made, strict=False)
    ]
    groups = groups_of(triplets, DedupSettings())
    placed = split(triplets, groups, checked_shares(PARTS), seed)
    for keys in (groups, [each.article.author or each.id for each in triplets]):
        assert all(len({part for part, other in zip(placed, keys, strict=True) if other == key}) == 1 for key in keys)


def test_what_belongs_together_is_one_group():
    text = BASE[0].article.text
    triplets = [
        BASE[0],
        with_article(BASE[1], text=text + "终"),  # a near copy of the first
        with_article(BASE[2], author="林"),
        with_article(BASE[3], author="林", url="https://example.com/1?utm_source=x"),
        with_article(BASE[4], url="http://www.example.com/1/"),  # the same page as the one before
        with_article(BASE[5], author="佚名"),
        with_article(BASE[6], author="佚名"),  # nameless people are not one person
        BASE[7].model_copy(update={"prompt": BASE[8].prompt + "！"}),
        BASE[8],
    ]
    assert groups_of(triplets, DedupSettings()) == [0, 0, 2, 2, 2, 5, 6, 7, 7]


def test_without_groups_every_genre_is_split_by_the_shares(tmp_path):
    path = tmp_path / "all.jsonl"
    write_jsonl(path, published_set())
    summary = write_split(TripletSet([path]), tmp_path / "out", {"train": 8, "validation": 1, "test": 1})
    sizes = Counter(triplet.genre for triplet in published_set())
    assert summary.groups == 1665
    for genre, counts in summary.genres.items():
        for part, share in PARTS.items():
            assert abs(counts[part] - share * sizes[genre]) < 1, (genre, counts)
    for part, share in PARTS.items():
        assert abs(summary.counts[part] - share * 1665) < 2
    read = [each.id for part in PARTS for each in read_jsonl(tmp_path / "out" / f"{part}.jsonl", Triplet)]
    assert sorted(read) == sorted(triplet.id for triplet in published_set())


@pytest.mark.parametrize("size", [1, 2])
def test_shares_are_met_where_every_genre_is_small(size):
    triplets = [base.model_copy(update={"genre": f"genre {at // 2}"}) for at, base in enumerate(BASE)]
    groups = [at // size * size for at in range(len(BASE))]
    placed = Counter(split(triplets, groups, checked_shares(PARTS), seed=1))
    for part, share in PARTS.items():
        assert abs(placed[part] - share * len(BASE)) <= size


def test_split_twice_is_the_same_bytes_and_another_seed_another_split(tmp_path):
    write_jsonl(tmp_path / "some.jsonl", BASE)
    for name, seed in (("one", 1), ("two", 1), ("three", 3)):
        write_split(TripletSet([tmp_path / "some.jsonl"]), tmp_path / name, seed=seed)
    texts = {name: (tmp_path / name / "test.jsonl").read_text() for name in ("one", "two", "three")}
    assert texts["one"] == texts["two"] != texts["three"]
    assert (tmp_path / "one" / "manifest.json").read_bytes() == (tmp_path / "two" / "manifest.json").read_bytes()


@pytest.mark.parametrize(
    "parts", [{"train": 0}, {"a/b": 1}, {"": 1}, {"train": 1, "test": -1}, {"train": float("nan")}]
)
def test_wrong_parts_are_refused(parts):
    with pytest.raises(SettingError):
        checked_shares(parts)


def test_the_command(tmp_path):
    write_jsonl(tmp_path / "some.jsonl", BASE)
    arguments = ["dataset", "split", str(tmp_path / "some.jsonl"), "--out", str(tmp_path / "out")]
    shown = CliRunner().invoke(app, [*arguments, "--part", "train=3", "--part", "held-out=1", "--json"])
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["counts"] == {"train": 45, "held-out": 15}
    wrong = CliRunner().invoke(app, [*arguments, "--part", "train"])
    assert isinstance(wrong.exception, SettingError)
    twice = CliRunner().invoke(app, [*arguments, "--part", "a=1", "--part", "a=2"])
    assert isinstance(twice.exception, SettingError)
    (tmp_path / "none.jsonl").write_text("")
    with pytest.raises(InputError):
        write_split(TripletSet([tmp_path / "none.jsonl"]), tmp_path / "out")
