"""Figures of text statistics for print: lengths, type-token ratios, reasoning behaviour (Figures 4, 5, 7, 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coig_writer.evaluate.textstats.behaviour import CLASSES, TENTHS
from coig_writer.evaluate.textstats.groups import Group
from coig_writer.evaluate.textstats.run import HUMAN, TextStatistics
from coig_writer.report.charts import (
    BLUE,
    FORMATS,
    INK,
    LANGUAGES,
    QUIET,
    RED,
    Language,
    house_style,
    new_figure,
    save_figure,
    say,
)
from coig_writer.report.labels import Label
from coig_writer.report.textstats_tables import CLASS_LABELS, PEOPLE
from coig_writer.report.textstats_tables import LANGUAGES as NAMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHADES = ("#dfe6ec", "#88a6c2", "#3f6c97", "#123a5e")
"""Of the four classes of behaviour, in their order."""


def write_textstats_figures(
    found: TextStatistics,
    folder: Path,
    *,
    kinds: Sequence[str] = FORMATS,
    names: Mapping[str, str] | None = None,
) -> list[Path]:
    """Writes the figures of each language of queries, in each language of labels, and returns the files.

    Args:
        kinds: suffixes: `png`, `svg`, `pdf`.
        names: figure (a key of `FIGURES`) → what its files are called; by their own names if not given.

    Raises:
        SettingError: no font with Chinese characters is installed.
        StorageError: the folder cannot be written.
    """
    import matplotlib as mpl

    style: Any = house_style()
    written = []
    for asked in dict.fromkeys(group.language for group in found.groups):
        groups = [group for group in (*found.groups, *found.human) if group.language == asked]
        for language in LANGUAGES:
            with mpl.rc_context(style):
                for name, draw in FIGURES.items():
                    figure = draw(groups, language)
                    stem = f"{names[name] if names else name}.{asked}.{language}"
                    written += [save_figure(figure, folder / f"{stem}.{kind}", kind) for kind in kinds]
    return written


def _name(group: Group, language: Language) -> str:
    return say(PEOPLE, language) if group.model == HUMAN else group.model


def _titled(title: Label, groups: Sequence[Group], language: Language) -> str:
    asked = NAMES.get(groups[0].language, Label(groups[0].language, groups[0].language))
    return say(Label(f"{title.zh}（{asked.zh}）", f"{title.en} ({asked.en})"), language)


def length_boxes(groups: Sequence[Group], language: Language) -> Figure:
    """Box plots of characters: quartiles, median, mean, Tukey's whiskers, outliers."""
    figure = new_figure(7.2, 1.3 + 0.55 * len(groups))
    axes = figure.subplots()
    axes.boxplot(
        [group.values("chars") for group in groups],
        orientation="horizontal",
        widths=0.55,
        showmeans=True,
        meanline=True,
        patch_artist=True,
        boxprops={"facecolor": "#e3eaf0", "edgecolor": INK},
        medianprops={"color": INK, "linewidth": 2},
        meanprops={"color": RED, "linestyle": (0, (2, 2)), "linewidth": 1.2},
        flierprops={"marker": "o", "markersize": 3, "markerfacecolor": BLUE, "markeredgecolor": "none", "alpha": 0.6},
    )
    axes.set_yticks(range(1, len(groups) + 1), [_name(group, language) for group in groups])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xlabel(say(Label("字符数", "Characters"), language))
    axes.set_title(_titled(Label("回答的篇幅", "Lengths of answers"), groups, language), loc="left", fontsize=12)
    return figure


def ttr_histograms(groups: Sequence[Group], language: Language) -> Figure:
    """The distribution of TTR of each model to one scale of values, with its mean."""
    figure = new_figure(7.2, 0.9 + 1.05 * len(groups))
    grid = figure.subplots(len(groups), 1, sharex=True, squeeze=False)
    for (axes,), group in zip(grid, groups, strict=True):
        values = [value for value in group.values("ttr") if value is not None]
        axes.hist(values, bins=40, range=(0, 1), color=BLUE, alpha=0.85)
        if values:
            mean = sum(values) / len(values)
            axes.axvline(mean, color=RED, linewidth=1.2, linestyle=(0, (2, 2)))
            said = Label(f"{_name(group, 'zh')}　均值 {mean:.3f}", f"{_name(group, 'en')}: mean {mean:.3f}")
            axes.set_title(say(said, language), loc="left", fontsize=9.5)
        axes.set_xlim(0, 1)
        axes.tick_params(axis="y", labelsize=8)
    grid[-1][0].set_xlabel(say(Label("型例比（TTR）", "Type-token ratio (TTR)"), language))
    figure.supylabel(say(Label("回答数", "Answers"), language), fontsize=10, color=QUIET)
    figure.suptitle(
        _titled(Label("TTR 的分布", "Distribution of TTR"), groups, language), x=0.01, ha="left", fontsize=12
    )
    return figure


def behaviour_bars(groups: Sequence[Group], language: Language) -> Figure:
    """Shares of the four classes of each model, stacked."""
    figure = new_figure(7.2, 1.7 + 0.45 * len(groups))
    axes = figure.subplots()
    starts = [0.0] * len(groups)
    for at, name in enumerate(CLASSES):
        widths = [100 * sum(each[at] for each in group.values("behaviour")) / len(group.figures) for group in groups]
        axes.barh(
            range(len(groups)),
            widths,
            left=starts,
            color=SHADES[at],
            height=0.66,
            label=say(CLASS_LABELS[name], language),
        )
        starts = [start + width for start, width in zip(starts, widths, strict=True)]
    axes.set_yticks(range(len(groups)), [_name(group, language) for group in groups])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("%")
    axes.set_title(_titled(Label("推理行为", "Reasoning behaviour"), groups, language), loc="left", fontsize=12)
    _legend(figure, axes)
    return figure


def behaviour_areas(groups: Sequence[Group], language: Language) -> Figure:
    """Shares of the four classes along the text, from its first to its last tenth."""
    figure = new_figure(7.2, 1.6 + 1.4 * -(-len(groups) // 2))
    grid = figure.subplots(-(-len(groups) // 2), min(2, len(groups)), sharex=True, sharey=True, squeeze=False)
    places = [100 * at / (TENTHS - 1) for at in range(TENTHS)]
    every = [axes for row in grid for axes in row]
    for axes, group in zip(every, groups, strict=False):
        courses = [
            [
                100 * sum(along[tenth][at] for along in group.values("behaviour_along")) / len(group.figures)
                for tenth in range(TENTHS)
            ]
            for at in range(len(CLASSES))
        ]
        axes.stackplot(places, courses, colors=SHADES, labels=[say(CLASS_LABELS[name], language) for name in CLASSES])
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.set_title(_name(group, language), loc="left", fontsize=9.5)
    for axes in every[len(groups) :]:
        axes.set_visible(False)
    for axes in every[: len(groups)][-grid.shape[1] :]:  # the lowest of each column that is seen
        axes.tick_params(labelbottom=True)
        axes.set_xlabel(say(Label("文本的进程（%）", "Progress of the text (%)"), language))
    figure.supylabel("%", fontsize=10, color=QUIET)
    figure.suptitle(
        _titled(Label("推理行为的变化", "Reasoning behaviour along the text"), groups, language),
        x=0.01,
        ha="left",
        fontsize=12,
    )
    _legend(figure, every[0])
    return figure


def _legend(figure: Figure, axes: Any) -> None:
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False, fontsize=9)


FIGURES: dict[str, Callable[[Sequence[Group], Language], Figure]] = {
    "lengths": length_boxes,
    "ttr": ttr_histograms,
    "behaviour": behaviour_bars,
    "behaviour_along": behaviour_areas,
}
"""Name of the file → what draws it."""
