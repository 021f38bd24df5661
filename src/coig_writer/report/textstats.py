"""The page of text statistics, and the folder that it lies in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coig_writer.evaluate.textstats.behaviour import CLASSES
from coig_writer.evaluate.textstats.groups import Group
from coig_writer.evaluate.textstats.run import HUMAN, TextStatistics
from coig_writer.files import write_json, write_jsonl, write_text
from coig_writer.report.labels import Label
from coig_writer.report.page import render_page
from coig_writer.report.textstats_tables import (
    CLASS_LABELS,
    LANGUAGES,
    PEOPLE,
    Row,
    answer_rows,
    rows_of,
    sheets,
    tables,
)
from coig_writer.report.workbook import write_workbook

HEIGHT = 64
"""Pixels of the highest column of a histogram."""
MOST_OUTLIERS = 200
SHADES = (0.12, 0.4, 0.7, 1.0)
"""Of the four classes, in their order."""
KINDS = {
    "length": Label("篇幅不等", "lengths differ"),
    "early_warning": Label("早期信号", "early warning"),
    "few": Label("回答太少", "few answers"),
}


@dataclass(frozen=True)
class BoxRow:
    """One model's box plot; places are per cent from the left."""

    name: Label
    low: float
    q1: float
    median: float
    q3: float
    high: float
    mean: float
    outliers: list[float]


@dataclass(frozen=True)
class Boxes:
    """The lengths of all models of a language on one axis."""

    rows: list[BoxRow]
    ticks: list[tuple[float, int]]


@dataclass(frozen=True)
class Bars:
    """One model's histogram of TTR: (place %, width %, height px, left edge, count) of each column."""

    name: Label
    columns: list[tuple[float, float, float, float, int]]
    mean: float


@dataclass(frozen=True)
class Strip:
    """One model's behaviour: shares as (class, start %, width %), and their course along the text as areas."""

    name: Label
    shares: list[tuple[str, float, float, float]]
    """(class, start, width, shade)"""
    areas: list[tuple[str, str, float]]
    """(class, points of a polygon in a box of 100 by 100, shade)"""


def render_textstats(found: TextStatistics) -> str:
    """The statistics as one self-contained HTML page; the same statistics give the same page."""
    rows = rows_of(found)
    languages = list(dict.fromkeys(row.language for row in rows))
    names = ("lengths", "diversity", "contamination", "behaviour", "repetition", "paragraphs", "constraints", "flavour")
    groups = [*found.groups, *found.human]
    return render_page(
        "textstats.html",
        value=found.value,
        notes=found.notes,
        kinds=KINDS,
        rows=rows,
        models=list(found.value["models"]),
        languages={language: LANGUAGES.get(language, Label(language, language)) for language in languages},
        tables={name: tables(found, name) for name in names},
        boxes={language: boxes([each for each in groups if each.language == language]) for language in languages},
        bars={language: [bars(row) for row in _in(rows, language) if row.figure("ttr")] for language in languages},
        strips={language: [strip(row) for row in _in(rows, language)] for language in languages},
        classes=[(CLASS_LABELS[name], shade) for name, shade in zip(CLASSES, SHADES, strict=True)],
        tests=found.value["tests"]["contamination"],
        units=[row for row in rows if row.value["flavour_units"]],
        height=HEIGHT,
    )


def _in(rows: list[Row], language: str) -> list[Row]:
    return [row for row in rows if row.language == language]


def boxes(groups: list[Group]) -> Boxes:
    """The box plots of some groups' characters, as Figure 4 of the paper."""
    from coig_writer.evaluate.textstats.spread import spread

    most = max((value for group in groups for value in group.values("chars")), default=1)
    step = _round_step(max(most, 1) / 5)
    end = step * -(-max(most, 1) // step)

    def place(value: float) -> float:
        return round(100 * value / end, 2)

    made = []
    for group in groups:
        values = group.values("chars")
        found = spread(values)
        if found is None:
            continue

        outside = [value for value in values if not found.low_whisker <= value <= found.high_whisker]
        made.append(
            BoxRow(
                name=PEOPLE if group.model == HUMAN else Label(group.model, group.model),
                low=place(found.low_whisker),
                q1=place(found.q1),
                median=place(found.median),
                q3=place(found.q3),
                high=place(found.high_whisker),
                mean=place(found.mean),
                outliers=sorted({place(value) for value in outside})[:MOST_OUTLIERS],
            )
        )
    ticks = [(round(100 * at / end, 2), int(at)) for at in range(0, int(end) + 1, int(step))]
    return Boxes(made, ticks)


def _round_step(rough: float) -> int:
    """The least of 1, 2, 5, 10, 20 … that is not below `rough`."""
    power = 1
    while True:
        for first in (1, 2, 5):
            if first * power >= rough:
                return first * power
        power *= 10


def bars(row: Row) -> Bars:
    """The histogram of a model's TTR, its highest column at full height."""
    bins = row.value["ttr"]["histogram"]
    tallest = max(count for _, _, count in bins) or 1
    columns = [
        (round(100 * left, 2), round(100 * (right - left), 2), round(HEIGHT * count / tallest, 2), left, count)
        for left, right, count in bins
        if count
    ]
    return Bars(row.name, columns, row.value["ttr"]["mean"])


def strip(row: Row) -> Strip:
    """A model's behaviour as a stacked bar and as stacked areas along the text, as Figures 7 and 8."""
    shares: list[tuple[str, float, float, float]] = []
    areas: list[tuple[str, str, float]] = []
    start = 0.0
    for name, shade in zip(CLASSES, SHADES, strict=True):
        width = 100 * row.value["behaviour"]["shares"][name]
        shares.append((name, round(start, 2), round(width, 2), shade))
        start += width
    along: list[dict[str, Any]] = row.value["behaviour"]["along"]
    places = [100 * (at + 0.5) / len(along) for at in range(len(along))]
    places[0], places[-1] = 0, 100
    base = [0.0] * len(along)
    for name, shade in zip(CLASSES, SHADES, strict=True):
        top = [low + 100 * tenth[name] for low, tenth in zip(base, along, strict=True)]
        upper = [f"{x:.1f},{100 - y:.2f}" for x, y in zip(places, top, strict=True)]
        lower = [f"{x:.1f},{100 - y:.2f}" for x, y in zip(reversed(places), reversed(base), strict=True)]
        areas.append((name, " ".join(upper + lower), shade))
        base = top
    return Strip(row.name, shares, areas)


def write_textstats(found: TextStatistics, folder: Path, *, figures: bool = True) -> None:
    """Writes `textstats.json`, `answers.jsonl`, `textstats.xlsx`, figures and `report.html` into a folder.

    Raises:
        SettingError: figures are wanted and no font with Chinese characters is installed; all else is written.
        StorageError: the folder cannot be written.
    """
    from coig_writer.report.textstats_figures import write_textstats_figures

    write_json(folder / "textstats.json", found.value)
    write_jsonl(folder / "answers.jsonl", answer_rows(found))
    write_workbook(folder / "textstats.xlsx", sheets(found))
    write_text(folder / "report.html", render_textstats(found))
    if figures:  # at the end: without a font for them the rest is there
        write_textstats_figures(found, folder / "figures")
