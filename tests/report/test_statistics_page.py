"""The page and the figures of a set's statistics: right numbers, both languages, real Chinese characters."""

from __future__ import annotations

import re

import pytest

from coig_writer.dataset.statistics import statistics_of
from coig_writer.errors import SettingError
from coig_writer.report import charts
from coig_writer.report.figures import LogAxis, log_histogram, ring
from coig_writer.report.statistics import figure_text, render_statistics, write_statistics
from support.drafts import drafts, review, triplet
from support.published_set import published_set


def rows(page: str, table: str) -> list[list[str]]:
    """The cells of a table in English, without marks."""
    body = re.search(rf'<table id="{table}".*?</table>', page, re.DOTALL)[0]
    body = re.sub(r'<span class="zh".*?</span>', "", body, flags=re.DOTALL)
    lines = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    return [
        [re.sub(r"<[^>]+>", " ", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", line, re.DOTALL)]
        for line in lines
    ]


def test_the_page_has_the_published_figures_beside_ours():
    page = render_statistics(statistics_of(published_set()), title="集", with_paper=True)
    clash = next(row for row in rows(page, "t-clashes") if row[0].startswith("Communication"))
    assert clash[2:] == ["1,584", "1,792.3", "1,792.3"]
    wuxia = next(row for row in rows(page, "t-genres") if row[0].startswith("Wuxia"))
    assert wuxia[1] == "30"
    assert wuxia[4:7] == ["1,198", "4,586.77", "23,797"]
    assert "No genre falls short" in page


def test_every_published_figure_of_a_genre_is_printed_as_the_paper_prints_it():
    page = render_statistics(statistics_of(published_set()), title="集", with_paper=True)
    beside = [[re.split(r"\s+", cell) for cell in row[1:]] for row in rows(page, "t-paper")[2:]]
    pairs = [pair for row in beside[8:] for pair in row if pair[-1] != "–"]  # below the whole and seven categories
    assert len(pairs) == 44 * 10
    assert [pair for pair in pairs if pair[0] != pair[-1]] == []


def test_a_set_that_falls_short_is_told_so():
    page = render_statistics(statistics_of([triplet()]), title="集", with_paper=True)
    assert "fall short of the paper" in page
    without = render_statistics(statistics_of([triplet()]), title="集")
    assert 'id="paper"' not in without


def test_text_from_the_data_stays_text():
    bad = '"><script>hit()</script>'
    article = triplet().article.model_copy(update={"platform": bad, "licence": bad, "language": bad})
    page = render_statistics(
        statistics_of([triplet(review("accept", by=f"human:{bad}"), genre=bad, article=article)]), title=bad, unread=2
    )
    assert page.count("<script>") == 1
    assert "2 records could not be read" in page


def test_an_empty_set_has_a_page_that_says_so():
    page = render_statistics(statistics_of([]), title="空", with_paper=True)
    assert "There are no triplets here" in page


def test_figures_are_written_in_both_languages_and_twice_the_same(tmp_path):
    found = statistics_of([draft.to_triplet() for draft in drafts() if draft.status == "passed"])
    for folder in ("one", "two"):
        write_statistics(found, tmp_path / folder, title="集")
    names = {path.name for path in (tmp_path / "one" / "figures").iterdir()}
    assert names == {
        f"{name}.{language}.{kind}"
        for name in ("categories", "genres", "lengths", "scores")
        for language in ("zh", "en")
        for kind in ("png", "svg")
    }
    for path in (tmp_path / "one").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes(), path.name


def test_chinese_labels_are_drawn_with_a_font_that_has_them(recwarn):
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    name = charts.chinese_font()
    face = findfont(name, fallback_to_default=False)
    assert all(FT2Font(str(face)).get_char_index(ord(letter)) for letter in "各类别占比篇幅三元组")
    charts.category_donut(statistics_of(published_set()), "zh").canvas.draw()
    assert [str(each.message) for each in recwarn if "missing from" in str(each.message)] == []


def test_names_from_the_data_are_drawn_as_they_are_and_do_not_push_the_bars_away():
    names = ["$x^$", "\\frac{", "一行\n又一行", "很长" * 60, "long " * 40]
    found = statistics_of([triplet(id=name, genre=name) for name in names])
    figure = charts.genre_bars(found, "zh")
    figure.canvas.draw()
    drawn = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert {"$x^$", "\\frac{", "一行 又一行"} <= set(drawn)
    assert max(len(name) for name in drawn) <= charts.NAME_WIDTH
    assert figure.axes[0].get_position().width > 0.3


def test_without_such_a_font_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(charts, "FONTS", ("No Such Font",))
    charts.chinese_font.cache_clear()
    with pytest.raises(SettingError) as caught:
        charts.chinese_font()
    charts.chinese_font.cache_clear()
    assert "fonts-noto-cjk" in caught.value.remedy


def test_a_histogram_loses_nothing_and_bounds_are_powers():
    counts = {1: 2, 10: 3, 99: 1, 100: 4, 31071: 1, 10**6: 1}
    bins = log_histogram(counts, LogAxis(10, 10**5))
    assert sum(each.count for each in bins) == 12
    assert (bins[0].count, bins[10].count, bins[9].count) == (5, 4, 1)
    assert bins[0].low == 10
    assert bins[-1].high == pytest.approx(10**5)


def test_slices_fill_the_ring():
    slices = ring([3, 1])
    assert [(each.start, each.share) for each in slices] == [(0, 75), (75, 25)]
    assert ring([]) == []


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(442.575, 2, "442.58"), (750.625, 2, "750.62"), (0.5, 0, "0"), (1.5, 0, "2"), (1665, 0, "1,665"), (None, 2, "–")],
)
def test_figures_are_rounded_as_the_paper_rounds(value, places, text):
    assert figure_text(value, places) == text
