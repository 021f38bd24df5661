"""The 51 genres in 7 categories that triplets belong to, the optional `role_play`, and their published lengths.

Names and one-line demands lie in `data/taxonomy.toml`, the published figures in `data/published/`
(appendix B of arXiv 2510.14763).
"""

from __future__ import annotations

import csv
import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from coig_writer.errors import SettingError

Part = Literal["article", "prompt", "reasoning"]
PARTS: tuple[Part, ...] = ("article", "prompt", "reasoning")

_DATA = files("coig_writer") / "data"


@dataclass(frozen=True, slots=True)
class Category:
    """A group of genres."""

    slug: str
    name_zh: str
    name_en: str
    aliases: tuple[str, ...] = ()
    """Other spellings that `resolve_category` accepts."""


@dataclass(frozen=True, slots=True)
class Genre:
    """A kind of text, and what it asks of who writes and who reviews it."""

    slug: str
    category: str
    """Slug of its `Category`."""
    name_zh: str
    name_en: str
    asks_zh: str
    """What the genre asks of a writer, one line in Chinese."""
    asks_en: str
    specialist: bool = False
    """Whether reviewing needs special cultural or stylistic knowledge, and so more reviewers."""
    aliases: tuple[str, ...] = ()
    """Other spellings that `resolve` accepts."""


@dataclass(frozen=True, slots=True)
class Range:
    """Published lengths in characters."""

    min: int
    mean: float
    max: int
    of: str
    """Whose lengths: slug of a genre or category, or `overall`."""


@dataclass(frozen=True, slots=True)
class Published:
    """One row of the published tables (appendix B of arXiv 2510.14763)."""

    of: str
    """Slug of a genre or category, or `overall`."""
    count: int
    share: float | None
    """Of all samples in per cent, as printed to one decimal; None for genres, for which none is printed."""
    lengths: Mapping[Part, Range]


@cache
def categories() -> Mapping[str, Category]:
    """Slug → category, in the order of the published overview; `role_play` comes last."""
    return MappingProxyType({row["slug"]: _category(row) for row in _taxonomy()})


@cache
def genres() -> Mapping[str, Genre]:
    """Slug → genre, category by category in the order of the published tables; `role_play` comes last."""
    found = [_genre(row, category["slug"]) for category in _taxonomy() for row in category["genre"]]
    return MappingProxyType({genre.slug: genre for genre in found})


def resolve(name: str) -> Genre:
    """The genre that `name` means: a slug, an English or Chinese name, a published spelling or a common variant.

    Case, spaces, punctuation, full-width forms, a final English plural and traditional characters do not matter.
    A broad name leads to the plainest genre of its kind: 小说 to `fiction_story`, 诗歌 to `modern_poetry`,
    剧本 to `drama_script`.

    Raises:
        SettingError: no genre is called so; names the nearest ones.
    """
    return genres()[_lookup(name, _genre_keys(), "genre")]


def resolve_category(name: str) -> Category:
    """The category that `name` means, as forgiving as `resolve`.

    Raises:
        SettingError: no category is called so; names the nearest ones.
    """
    return categories()[_lookup(name, _category_keys(), "category")]


def published_range(genre: str, part: Part) -> Range:
    """Lengths of the published dataset that a text of this genre is measured against.

    Args:
        genre: a genre's slug or any name that `resolve` knows.
        part: `article`, `prompt` or `reasoning`.

    Returns:
        The genre's own figures; where none are published (poetry, scripts) its category's; for `role_play`,
        which has neither, those of the whole dataset.

    Raises:
        SettingError: there is no such genre.
    """
    found = resolve(genre)
    own = published().get(found.slug)
    return own.lengths[part] if own else category_range(found.category, part)


def category_range(category: str, part: Part) -> Range:
    """Published lengths of a whole category; for `role_play`, which has none, those of the whole dataset.

    Raises:
        SettingError: there is no such category.
    """
    table = published()
    return table.get(resolve_category(category).slug, table["overall"]).lengths[part]


@cache
def published() -> Mapping[str, Published]:
    """Slug of a genre, of a category or `overall` → its published row; genres without figures are absent."""
    return MappingProxyType(
        {
            row[column]: _published(row, row[column])
            for file, column in (("categories.csv", "category"), ("genres.csv", "genre"))
            for row in _rows(file)
            if row["count"]
        }
    )


def _category(row: dict) -> Category:
    return Category(row["slug"], row["name_zh"], row["name_en"], tuple(row.get("aliases", ())))


def _genre(row: dict, category: str) -> Genre:
    return Genre(**{**row, "category": category, "aliases": tuple(row["aliases"])})


@cache
def _taxonomy() -> list[dict]:
    return tomllib.loads((_DATA / "taxonomy.toml").read_text(encoding="utf-8"))["category"]


def _rows(file: str) -> Iterator[dict[str, str]]:
    text = (_DATA / "published" / file).read_text(encoding="utf-8-sig")
    return csv.DictReader(text.splitlines())


def _published(row: Mapping[str, str], of: str) -> Published:
    share = float(row["share_pct"]) if row.get("share_pct") else None
    return Published(of, int(row["count"]), share, MappingProxyType({part: _range(row, part, of) for part in PARTS}))


def _range(row: Mapping[str, str], part: Part, of: str) -> Range:
    return Range(int(row[f"{part}_min"]), float(row[f"{part}_mean"]), int(row[f"{part}_max"]), of)


def _key(name: str) -> str:
    """What of a name counts when it is looked up: letters, digits and ideographs, without a final English plural."""
    bare = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())
    return re.sub(r"(?<=[a-z])s$", "", re.sub(r"(?<=[a-z])ies$", "y", bare))


@cache
def _genre_keys() -> dict[str, str]:
    return _keys(genres().values())


@cache
def _category_keys() -> dict[str, str]:
    return _keys(categories().values())


def _keys(entries: Iterable[Genre | Category]) -> dict[str, str]:
    """Key of every spelling → slug."""
    return {
        _key(name): entry.slug
        for entry in entries
        for name in (entry.slug, entry.name_zh, entry.name_en, *entry.aliases)
    }


def _lookup(name: str, keys: Mapping[str, str], kind: str) -> str:
    key = _key(name)
    slug = keys.get(key) or keys.get(_simplified(key))
    if slug is None:
        raise SettingError(f"unknown {kind} {name!r}", remedy=_advice(key, keys, kind))
    return slug


def _simplified(text: str) -> str:
    if text.isascii():
        return text
    import opencc

    return opencc.OpenCC("t2s").convert(text)


def _advice(key: str, keys: Mapping[str, str], kind: str) -> str:
    near = difflib.get_close_matches(key, keys, n=6, cutoff=0.4)
    slugs = list(dict.fromkeys(keys[match] for match in near))[:3]
    listing = f"`coig-writer taxonomy` lists every {kind}."
    if not slugs:
        return listing
    entries: Mapping[str, Genre | Category] = genres() if kind == "genre" else categories()
    return f"Did you mean {' or '.join(f'{slug} ({entries[slug].name_zh})' for slug in slugs)}? {listing}"
