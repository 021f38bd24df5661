"""The picture of a training run: its loss, and what was held out before, during and after it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coig_writer.report.charts import (
    BLUE,
    FORMATS,
    LANGUAGES,
    QUIET,
    RED,
    Language,
    _whole_numbers,
    house_style,
    new_figure,
    save_figure,
    say,
)
from coig_writer.report.labels import Label
from coig_writer.train.logs import read_log

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCES = {
    "creative": Label("留出的创作样本", "held out, creative"),
    "general": Label("留出的通用样本", "held out, general"),
}
COLOURS = {"creative": RED, "general": BLUE}


def write_loss_picture(log: Path, folder: Path, *, name: str, languages: Sequence[Language] = LANGUAGES) -> list[Path]:
    """Draws `loss.zh` and `loss.en` as PNG and SVG from the log of a run; returns the files.

    Raises:
        SettingError: no font with Chinese characters is installed.
        StorageError: the folder cannot be written.
    """
    import matplotlib as mpl

    rows = list(read_log(log))
    style: Any = house_style()
    written = []
    with mpl.rc_context(style):
        for language in languages:
            figure = draw_loss(rows, name, language)
            written += [save_figure(figure, folder / f"loss.{language}.{kind}", kind) for kind in FORMATS]
    return written


def draw_loss(rows: Sequence[dict[str, Any]], name: str, language: Language) -> Figure:
    """Loss a step as a line, held-out loss as points joined, one colour a source."""
    figure = new_figure(7.2, 3.8)
    axes = figure.subplots()
    steps = [(row["step"], row["loss"]) for row in rows if "loss" in row]
    if steps:
        axes.plot(*zip(*steps, strict=True), color=QUIET, linewidth=1, label=say(Label("训练", "training"), language))
    for source in dict.fromkeys(key for row in rows for key in row if key.startswith("held_out_")):
        points = [(row["step"], row[source]) for row in rows if source in row]
        short = source.removeprefix("held_out_")
        axes.plot(
            *zip(*points, strict=True),
            color=COLOURS.get(short, QUIET),
            marker="o",
            markersize=4,
            linewidth=1.5,
            label=say(SOURCES.get(short, Label(short, short)), language),
        )
    axes.set_xlabel(say(Label("步", "Step"), language))
    axes.set_ylabel(say(Label("每词元损失（纳特）", "Loss a token (nats)"), language))
    _whole_numbers(axes.xaxis)
    axes.grid(axis="y", color="#ece6d8", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(frameon=False)
    axes.set_title(say(Label(f"训练损失：{name}", f"Training loss: {name}"), language), loc="left", fontsize=12)
    return figure
