"""Figures for print: PNG and SVG by matplotlib, in Chinese and in English.

The page for the screen draws its own (`templates/`), from the same numbers.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import east_asian_width

from coig_writer.dataset.statistics import Statistics
from coig_writer.errors import SettingError
from coig_writer.files import whole_file
from coig_writer.report import labels
from coig_writer.report.figures import LogAxis, log_histogram
from coig_writer.report.labels import Label
from coig_writer.taxonomy import PARTS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
FORMATS = ("png", "svg")
FONTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Noto Sans CJK JP",  # what older versions of matplotlib make of the collection of all five
)
"""Faces with Chinese characters, the best first."""
INK, QUIET, RULE, BLUE, RED = "#23211d", "#676054", "#ddd6c6", "#1d4f7c", "#a8321b"
BLUES = ("#123a5e", "#1d4f7c", "#3f6c97", "#6389ae", "#88a6c2", "#adc2d5", "#cdd9e4", "#e3eaf0")
"""From the largest slice to the smallest."""
_TRIPLETS = Label("三元组个数", "Triplets")
NAME_WIDTH = 48
"""Latin letters that fit beside a bar as a genre's name; the taxonomy's fit, those of the data may be anything."""
PART_COLOURS = {"article": BLUE, "prompt": RED, "reasoning": "#7a7263"}


def write_figures(found: Statistics, folder: Path, languages: Sequence[Language] = LANGUAGES) -> list[Path]:
    """Writes every figure in each language as PNG and SVG, and returns the files; same statistics, same bytes.

    Raises:
        SettingError: no font with Chinese characters is installed.
        StorageError: the folder cannot be written.
    """
    import matplotlib as mpl

    style: Any = house_style()

    written = []
    for language in languages:
        with mpl.rc_context(style):
            for name, draw in FIGURES.items():
                if name == "scores" and not found.overall.totals:
                    continue
                figure = draw(found, language)
                written += [save_figure(figure, folder / f"{name}.{language}.{kind}", kind) for kind in FORMATS]
    return written


def save_figure(figure: Figure, path: Path, kind: str) -> Path:
    """Writes a figure as `png`, `svg` or `pdf` and returns `path`; the same figure gives the same bytes."""
    metadata: dict[str, Any] = {{"svg": "Date", "pdf": "CreationDate"}.get(kind, "Software"): None}
    with whole_file(path) as temporary:
        figure.savefig(temporary, format=kind, metadata=metadata, dpi=200, bbox_inches="tight", pad_inches=0.15)
    return path


@cache
def chinese_font() -> str:
    """The name of an installed font that has Chinese characters.

    Raises:
        SettingError: there is none; matplotlib would draw empty boxes.
    """
    from matplotlib import font_manager

    for attempt in (1, 2):
        known = {entry.name for entry in font_manager.fontManager.ttflist}
        if found := next((name for name in FONTS if name in known), None):
            return found
        if attempt == 1:  # the list is cached from an earlier day; a font may have been installed since
            for path in font_manager.findSystemFonts():
                _add_font(path)
    raise SettingError(
        "no font with Chinese characters is installed, so figures would show empty boxes",
        remedy="Install one (on Debian and Ubuntu: apt-get install fonts-noto-cjk), or add --no-figures.",
    )


def _add_font(path: str) -> None:
    from matplotlib import font_manager

    try:
        font_manager.fontManager.addfont(path)
    except (OSError, RuntimeError):  # a broken font file is no reason to stop looking at the others
        return


def house_style() -> dict[str, Any]:
    """Settings of matplotlib for all our figures.

    Raises:
        SettingError: no font with Chinese characters is installed.
    """
    return {
        "font.family": "sans-serif",
        "font.sans-serif": [chinese_font(), "DejaVu Sans"],
        "font.size": 10,
        "axes.unicode_minus": False,
        "text.parse_math": False,  # a dollar sign in a name is a dollar sign
        "axes.edgecolor": QUIET,
        "axes.labelcolor": QUIET,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.color": INK,
        "xtick.color": QUIET,
        "ytick.color": INK,
        "svg.fonttype": "path",  # looks the same where the font is missing
        "svg.hashsalt": "coig-writer",
        "figure.facecolor": "white",
    }


def _whole_numbers(axis: Any, most: int = 8) -> None:
    """Ticks at whole numbers only, for there is no half triplet."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=most, integer=True))


def say(label: Label, language: Language) -> str:
    """The words of a label in one language."""
    return label.zh if language == "zh" else label.en


def new_figure(width: float, height: float) -> Figure:
    """An empty figure; width and height in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def category_donut(found: Statistics, language: Language) -> Figure:
    """Share of each category, the largest first and clockwise from the top, each named beside its slice."""
    groups = sorted(found.categories, key=lambda group: -group.count)
    figure = new_figure(7.2, 4.6)
    axes = figure.subplots()
    wedges, _ = axes.pie(
        [group.count for group in groups],
        colors=[BLUES[min(at, len(BLUES) - 1)] for at in range(len(groups))],
        startangle=90,
        counterclock=False,
        wedgeprops={"width": 0.36, "edgecolor": "white", "linewidth": 1.5},
    )
    total = Label(f"{found.count:,}\n个三元组", f"{found.count:,}\ntriplets")
    axes.text(0, 0, say(total, language), ha="center", va="center", fontsize=15, linespacing=1.5)
    names = [
        f"{say(labels.group(group.slug), language)}  {100 * group.share:.1f} %  ({group.count:,})" for group in groups
    ]
    axes.legend(
        wedges, names, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, handlelength=1, labelspacing=0.9
    )
    axes.set_title(say(Label("各类别占比", "Share of each category"), language), loc="left", fontsize=12, pad=12)
    return figure


def genre_bars(found: Statistics, language: Language) -> Figure:
    """Count of each genre, category by category, with the number at the end of the bar."""
    rows = _genre_rows(found, language)
    figure = new_figure(7.2, 1.1 + 0.21 * len(rows))
    axes = figure.subplots()
    places = list(range(len(rows)))
    axes.barh(places, [count or 0 for _, count in rows], color=BLUE, height=0.68)
    for place, (_, count) in enumerate(rows):
        if count is not None:
            axes.annotate(
                f"{count:,}", (count, place), (3, 0), textcoords="offset points", va="center", fontsize=8, color=QUIET
            )
    axes.set_yticks(places, [name for name, _ in rows], fontsize=8.5)
    for tick, (_, count) in zip(axes.get_yticklabels(), rows, strict=True):
        if count is None:
            tick.set_fontweight("bold")
            tick.set_color(BLUE)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(say(_TRIPLETS, language))
    axes.tick_params(axis="y", length=0)
    _whole_numbers(axes.xaxis)
    axes.set_title(say(Label("各体裁个数", "Triplets of each genre"), language), loc="left", fontsize=12)
    return figure


def _genre_rows(found: Statistics, language: Language) -> list[tuple[str, int | None]]:
    """(name, count) by category, the most frequent genre first; a category's own row has no bar."""
    rows: list[tuple[str, int | None]] = []
    for category in found.categories:
        members = [group for group in found.genres if group.category.slug == category.slug]
        rows.append((f"{say(labels.group(category.slug), language)} {category.count:,}", None))
        rows += [
            (_on_one_line(say(labels.genre(group.slug), language)), group.count)
            for group in sorted(members, key=lambda each: -each.count)
        ]
    return rows


def _on_one_line(name: str) -> str:
    """A name as it fits beside a bar: without line breaks and what cannot be printed, and not too long."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    ends = list(accumulate(1 + (east_asian_width(letter) in "WF") for letter in line))
    return line if not ends or ends[-1] <= NAME_WIDTH else f"{line[: bisect(ends, NAME_WIDTH - 1)]}…"


def length_histograms(found: Statistics, language: Language) -> Figure:
    """How long articles, prompts and reasonings are, one above the other on one logarithmic axis."""
    figure = new_figure(7.2, 5.4)
    counts: Mapping[Any, Mapping[int, int]] = found.overall.length_counts
    axis = LogAxis.over([length for each in counts.values() for length in each])
    for axes, part in zip(figure.subplots(len(PARTS), 1, sharex=True), PARTS, strict=True):
        bins = log_histogram(counts[part], axis)
        axes.stairs(
            [each.count for each in bins],
            [each.low for each in bins] + [bins[-1].high],
            fill=True,
            color=PART_COLOURS[part],
            alpha=0.85,
        )
        _mark_mean(axes, found, part, language)
        axes.set_xscale("log")
        axes.set_xlim(axis.low, axis.high)
        _whole_numbers(axes.yaxis, most=4)
    axes.set_xlabel(say(Label("字符数（对数轴）", "Characters (logarithmic axis)"), language))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    figure.supylabel(say(_TRIPLETS, language), fontsize=10, color=QUIET)
    figure.suptitle(say(Label("篇幅分布", "Distribution of lengths"), language), x=0.01, ha="left", fontsize=12)
    return figure


def _mark_mean(axes: Any, found: Statistics, part: Any, language: Language) -> None:
    lengths = found.overall.lengths[part]
    axes.axvline(lengths.mean, color=INK, linewidth=1, linestyle=(0, (2, 2)))
    words = Label(
        f"{labels.PARTS[part].zh}　{lengths.min:,}–{lengths.max:,}，均值 {lengths.mean:,.0f}",
        f"{labels.PARTS[part].en}: {lengths.min:,}–{lengths.max:,}, mean {lengths.mean:,.0f}",
    )
    axes.set_title(say(words, language), loc="left", fontsize=9.5)


def score_histograms(found: Statistics, language: Language) -> Figure:
    """How each of the six scores is distributed, all to one scale."""
    figure = new_figure(7.2, 3.8)
    grid = figure.subplots(2, 3, sharex=True, sharey=True)
    for column, part in enumerate(PARTS):
        for row, aspect in enumerate(("quality", "creativity")):
            axes, counts = grid[row][column], found.scores[f"{part}_{aspect}"]
            axes.bar(range(1, 11), [counts.get(value, 0) for value in range(1, 11)], color=BLUE, width=0.78)
            axes.set_title(say(labels.DIMENSIONS[f"{part}_{aspect}"], language), loc="left", fontsize=9.5)
            axes.set_xticks(range(1, 11))
            _whole_numbers(axes.yaxis, most=4)
    figure.supylabel(say(_TRIPLETS, language), fontsize=10, color=QUIET)
    figure.suptitle(
        say(Label("六项分数分布", "Distribution of the six scores"), language), x=0.01, ha="left", fontsize=12
    )
    return figure


FIGURES = {
    "categories": category_donut,
    "genres": genre_bars,
    "lengths": length_histograms,
    "scores": score_histograms,
}
"""Name of the file → what draws it."""
