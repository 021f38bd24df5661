"""Genres are found under every name people use for them, and their published lengths are right."""

from __future__ import annotations

import csv
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.errors import SettingError
from coig_writer.taxonomy import (
    PARTS,
    Range,
    categories,
    category_range,
    genres,
    published_range,
    resolve,
    resolve_category,
)

NAMES = [
    (genre.slug, name)
    for genre in genres().values()
    for name in (genre.slug, genre.name_zh, genre.name_en, *genre.aliases)
]
SEPARATORS = (" ", "-", "/", "_", "　", " / ", "·")


def published_rows(name: str) -> list[dict[str, str]]:
    text = (files("coig_writer") / "data" / "published" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_51_genres_in_7_categories_and_role_play():
    assert list(genres())[-1] == list(categories())[-1] == "role_play"
    assert len(genres()) == 52
    assert len(categories()) == 8


def test_every_published_genre_is_there_in_its_category_and_order():
    published = [(row["category"], row["genre"]) for row in published_rows("genres.csv")]
    ours = [(genre.category, genre.slug) for genre in genres().values()]
    for category in {category for category, _ in published}:
        assert [pair for pair in ours if pair[0] == category] == [pair for pair in published if pair[0] == category]
    assert len(ours) == len(published) + 1
    assert [*categories()][:-1] == [row["category"] for row in published_rows("categories.csv")][1:]


def test_published_names_are_kept():
    for row in published_rows("genres.csv"):
        genre = genres()[row["genre"]]
        assert (genre.name_en, genre.name_zh) == (row["name_en"], row["name_zh"])


def test_every_genre_says_what_it_asks_in_one_short_line():
    for genre in genres().values():
        assert 12 <= len(genre.asks_zh) <= 40, genre.slug
        assert 40 <= len(genre.asks_en) <= 100, genre.slug
        assert genre.asks_zh.endswith("。"), genre.slug
        assert genre.asks_en.endswith("."), genre.slug
    asks = [genre.asks_zh for genre in genres().values()]
    assert len(set(asks)) == len(asks)


def test_no_name_leads_to_two_genres():
    assert [(slug, name) for slug, name in NAMES if resolve(name).slug != slug] == []


@given(
    st.sampled_from(NAMES),
    st.sampled_from(SEPARATORS),
    st.sampled_from([str.upper, str.lower, str.title]),
    st.booleans(),
)
def test_case_separators_and_width_do_not_matter(named, separator, recase, wide):
    slug, name = named
    spelt = separator.join(re.split(r"[ /_-]+", recase(name)))
    if wide:
        spelt = "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in spelt)
    assert resolve(f" {spelt} ").slug == slug


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("散文", "essay"),
        ("随笔", "essay"),
        ("科幻小说", "science_fiction"),
        ("七律", "classical_poetry"),
        ("词", "classical_poetry"),
        ("《古诗》", "classical_poetry"),
        ("相声", "sketch_crosstalk"),
        ("武俠小說", "wuxia"),
        ("角色扮演", "role_play"),
        ("fantasy_novel", "fantasy"),
        ("Poetry", "modern_poetry"),
        ("Essay", "essay"),
        ("Fiction/Story", "fiction_story"),
        ("Scientific Article", "popular_science"),
        ("Mystery/Inference Stories", "mystery"),
        ("Esports Funny Fic-\ntion", "esports_funny_fiction"),
        ("Interview Ques-tions", "interview_questions"),
        ("Xuanhuan Nov-els", "xuanhuan"),
        ("Wuxia Novel", "wuxia"),
        ("Anti-Mainstream Consumption Funny Literature", "anti_consumption_funny"),
    ],
)
def test_spellings_met_in_the_wild(name, slug):
    assert resolve(name).slug == slug


@pytest.mark.parametrize(("name", "nearest"), [("wuxai", "wuxia"), ("武侠剧", "武侠小说"), ("eulogoy", "eulogy")])
def test_an_unknown_genre_is_told_the_nearest(name, nearest):
    with pytest.raises(SettingError) as caught:
        resolve(name)
    assert repr(name) in caught.value.message
    assert nearest in caught.value.remedy.split("?")[0]


@pytest.mark.parametrize("name", ["", "  ", "???", "qqqqqqqq", "𠀀"])
def test_a_name_like_no_other_is_refused_without_guesses(name):
    with pytest.raises(SettingError) as caught:
        resolve(name)
    assert "Did you mean" not in caught.value.remedy
    assert "coig-writer taxonomy" in caught.value.remedy


@given(st.text(max_size=30))
def test_any_text_resolves_or_is_refused_as_a_setting(name):
    try:
        assert resolve(name).slug in genres()
    except SettingError as error:
        assert error.remedy


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Non-fiction Writing", "nonfiction"), ("诗歌", "poetry"), ("Communication Writing", "communication")],
)
def test_categories_resolve_too(name, slug):
    assert resolve_category(name).slug == slug


def test_an_unknown_category_is_told_the_nearest():
    with pytest.raises(SettingError, match="Did you mean poetry"):
        resolve_category("potery")


def test_a_genre_is_measured_by_its_own_figures():
    assert published_range("wuxia", "article") == Range(1198, 4586.77, 23797, "wuxia")
    assert published_range("slogan", "prompt") == Range(40, 168.79, 570, "slogan")


@pytest.mark.parametrize("genre", ["modern_poetry", "couplet", "screenplay"])
def test_a_genre_without_figures_is_measured_by_its_category(genre):
    for part in PARTS:
        assert published_range(genre, part) == category_range(genres()[genre].category, part)
        assert published_range(genre, part).of == genres()[genre].category


def test_role_play_is_measured_by_the_whole():
    assert published_range("role_play", "reasoning") == Range(252, 1089.0, 4094, "overall")


def test_every_range_is_one_and_lies_within_its_category():
    for genre in genres().values():
        for part in PARTS:
            own, around = published_range(genre.slug, part), category_range(genre.category, part)
            assert own.min <= own.mean <= own.max
            assert around.min <= own.min and own.max <= around.max


def test_tables_cannot_be_changed_by_a_reader():
    with pytest.raises(TypeError):
        genres()["new"] = genres()["essay"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        genres()["essay"].slug = "other"  # type: ignore[misc]


def test_the_documentation_lists_every_genre_as_it_is():
    page = (Path(__file__).parents[1] / "docs" / "taxonomy.md").read_text(encoding="utf-8")
    for genre in genres().values():
        star = " *" if genre.specialist else ""
        names, asks = f"{genre.name_zh}<br>{genre.name_en}", f"{genre.asks_zh}<br>{genre.asks_en}"
        assert f"| `{genre.slug}`{star} | {names} | {asks} |" in page


def command(*arguments: str) -> str:
    result = CliRunner(env={"COLUMNS": "100"}).invoke(app, ["taxonomy", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_shows_all_genres_within_100_columns(monkeypatch):
    monkeypatch.setattr("coig_writer.cli.console.out.width", 100)
    for lang in ("zh", "en"):
        shown = command("--lang", lang)
        assert max(cell_len(line.rstrip()) for line in shown.splitlines()) <= 100
        assert [slug for slug in genres() if f"\n{slug} " not in shown] == []


def test_the_command_narrows_to_a_category_or_a_genre():
    shown = command("--category", "诗歌")
    assert "couplet *" in shown and "wuxia" not in shown
    shown = command("--genre", "相声", "--lang", "zh")
    assert "sketch_crosstalk" in shown and "13,339" in shown and "couplet" not in shown


def test_the_command_prints_json_and_nothing_else():
    rows = json.loads(command("--json"))
    assert [row["slug"] for row in rows] == list(genres())
    wuxia = next(row for row in rows if row["slug"] == "wuxia")
    assert wuxia["published_lengths"]["article"]["max"] == 23797
    assert wuxia["name_zh"] == "武侠小说" and wuxia["specialist"] is True


def test_the_command_refuses_an_unknown_genre():
    result = CliRunner().invoke(app, ["taxonomy", "--genre", "wuxai"])
    assert isinstance(result.exception, SettingError)
