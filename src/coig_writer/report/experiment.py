"""The report of an experiment: a page, the curves as figures, and tables for other programs."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coig_writer.evaluate.curve import WIN_RATE, Curve
from coig_writer.files import write_json, write_text
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
from coig_writer.report.page import render_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS = {
    WIN_RATE: Label("胜率（%）", "Win rate (%)"),
    "ttr": Label("型例比", "Type-token ratio"),
    "mattr": Label("移动平均型例比", "Moving-average type-token ratio"),
    "chars": Label("字符数", "Characters"),
    "words": Label("词数", "Words"),
    "tokens": Label("词元数", "Tokens"),
    "compression_ratio": Label("压缩比", "Compression ratio"),
}
ASKED = {"zh": Label("中文题目", "Chinese queries"), "en": Label("英文题目", "English queries")}
RUNS = Label("以不同种子的训练之差为准", "against the differences of trainings with other seeds")
QUERIES = Label("题内打乱配比", "ratios shuffled within queries")
LUCK = Label(
    "每种配比只训练了一次，分不清差别来自配比还是那次训练的运气：再加几个种子。",
    " Each ratio was trained once, so that the luck of a training cannot be told from the ratio: add seeds.",
)
BEYOND = Label("最大的配比之外", "beyond the largest ratio")
COLOURS = (BLUE, RED, "#7a7263", "#3f6c97")


def metric_label(name: str) -> Label:
    """What a metric is called; its own name if nobody gave it another."""
    return METRICS.get(name, Label(name, name))


def asked_label(language: str) -> Label:
    return ASKED.get(language, Label(language, language))


def write_experiment(
    curves: Sequence[Curve], folder: Path, *, title: str, note: str | None = None, figures: bool = True
) -> None:
    """Writes `report.html`, `results.json`, `results.csv` and, for each metric, its figure as PNG and SVG.

    Args:
        note: said under every figure and at the top of the page, such as what the models are.

    Raises:
        SettingError: no font with Chinese characters is installed, and figures are wanted.
        StorageError: the folder cannot be written.
    """
    write_json(folder / "results.json", {"title": title, "note": note, "curves": [curve.value for curve in curves]})
    write_text(folder / "results.csv", as_csv(curves))
    drawn = write_curves(curves, folder, title=title, note=note) if figures else []
    pictures = {path.name.removesuffix(".svg"): _embedded(path) for path in drawn if path.suffix == ".svg"}
    write_text(folder / "report.html", render_experiment(curves, title=title, note=note, pictures=pictures))


def _embedded(svg: Path) -> str:
    """The picture as an address that holds it, so that the page needs no other file."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.read_bytes()).decode()}"


def render_experiment(
    curves: Sequence[Curve], *, title: str, note: str | None = None, pictures: Mapping[str, str] | None = None
) -> str:
    """The page: each metric's picture, a table for each curve and what was found of a threshold, in words.

    Args:
        pictures: `METRIC.zh` and `METRIC.en` → address of the picture; each stands once, above its first curve.
    """
    first = {metric: at for at, metric in reversed(list(enumerate(curve.metric for curve in curves)))}
    return render_page(
        "experiment.html",
        title=title,
        note=note,
        curves=[(curve, statement(curve), first[curve.metric] == at) for at, curve in enumerate(curves)],
        pictures=pictures or {},
        metric=metric_label,
        asked=asked_label,
        number=number,
    )


def number(value: float) -> str:
    """A figure with three digits that count, or none behind the point from 100 on."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def statement(curve: Curve) -> Label:
    """What the curve says of a threshold, with its uncertainty."""
    change, cross = curve.change, curve.crossing
    if change is None or cross is None:
        return Label("少于三种配比，谈不上阈值。", "Fewer than three ratios: no threshold can be spoken of.")
    chance = f"p = {change.p:.3f}" if change.p >= 0.001 else "p < 0.001"
    against = RUNS if change.over_runs else QUERIES
    warned = Label("", "") if change.over_runs else LUCK
    if change.p >= 0.05:
        zh = f"看不出台阶：这么大的差也常常出于偶然（{chance}，{against.zh}）。"
        en = f"No step can be told from chance ({chance}, {against.en})."
        if curve.metric != WIN_RATE:  # half of its way is always reached somewhere
            return Label(zh, en)
    else:
        zh = (
            f"台阶在 1:{number(change.after)} 与 1:{number(change.at)} 之间"
            f"（95 % 在 1:{number(change.low)} 与 1:{number(change.high)} 之间），"
            f"均值从 {number(change.before_mean)} 到 {number(change.after_mean)}（{chance}，{against.zh}）。"
            f"{warned.zh}"
        )
        en = (
            f"A step lies between 1:{number(change.after)} and 1:{number(change.at)} "
            f"(95 % between 1:{number(change.low)} and 1:{number(change.high)}), "
            f"mean {number(change.before_mean)} below, {number(change.after_mean)} from there on "
            f"({chance}, {against.en}).{warned.en}"
        )
    if cross.at is None:
        return Label(
            f"{zh}单调拟合到不了 {number(cross.level)}。",
            f"{en} The monotone fit does not reach {number(cross.level)}.",
        )
    doses = [point.dose for point in curve.points]
    before = max((dose for dose in doses if dose < cross.at), default=None)
    after = min((dose for dose in doses if dose >= cross.at), default=None)
    line = Label("", "")
    if before is not None and after is not None and after > cross.at:
        ends = number(before), number(after)
        line = Label(
            "（1:{} 与 1:{} 之间按直线推算）".format(*ends),
            ", on a straight line between 1:{} and 1:{}".format(*ends),
        )
    low = f"1:{number(cross.low)}" if cross.low is not None else "?"
    high = Label(f"1:{number(cross.high)}", f"1:{number(cross.high)}") if cross.high is not None else BEYOND
    zh += (
        f"单调拟合在 1:{number(cross.at)} 到达 {number(cross.level)}{line.zh}"
        f"（95 %：{low} 到{' ' if cross.high is not None else ''}{high.zh}，{cross.share:.0%} 的重抽样能到）。"
    )
    en += (
        f" The monotone fit reaches {number(cross.level)} at 1:{number(cross.at)}{line.en} "
        f"(95 %: {low} to {high.en}, in {cross.share:.0%} of resamples)."
    )
    return Label(zh, en)


def as_csv(curves: Sequence[Curve]) -> str:
    """A row for each point, with a byte order mark for spreadsheets."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["metric", "base", "pool", "language", "mixture", "general_per_creative", "mean", "low", "high", "n"])
    for curve in curves:
        head = [curve.metric, curve.base, curve.pool, curve.language]
        for name, point in zip(curve.names, curve.points, strict=True):
            rows.writerow([*head, name, point.dose, point.mean, point.low, point.high, point.n])
        if curve.alone:
            rows.writerow([*head, "g", "", curve.alone.mean, curve.alone.low, curve.alone.high, curve.alone.n])
    return "\ufeff" + text.getvalue()


def write_curves(
    curves: Sequence[Curve],
    folder: Path,
    *,
    title: str,
    note: str | None = None,
    languages: Sequence[Language] = LANGUAGES,
) -> list[Path]:
    """Writes `METRIC.zh` and `METRIC.en` as PNG and SVG; returns the files."""
    import matplotlib as mpl

    style: Any = house_style()
    written = []
    with mpl.rc_context(style):
        for metric in dict.fromkeys(curve.metric for curve in curves):
            drawn = [curve for curve in curves if curve.metric == metric]
            for language in languages:
                figure = draw_curves(drawn, language, title=title, note=note)
                written += [save_figure(figure, folder / f"{metric}.{language}.{kind}", kind) for kind in FORMATS]
    return written


def draw_curves(curves: Sequence[Curve], language: Language, *, title: str, note: str | None = None) -> Figure:
    """One metric over the ratio: means with 95 % intervals, the set without triplets as a band, a step as a span."""
    figure = new_figure(7.2, 4.2)
    axes = figure.subplots()
    for colour, curve in zip(COLOURS * len(curves), curves, strict=False):
        _draw(axes, curve, colour, language, alone=len(curves) == 1)
    metric = curves[0].metric
    if metric == WIN_RATE:
        axes.axhline(50, color=QUIET, linewidth=0.8, linestyle=(0, (2, 3)))
    doses = sorted({point.dose for curve in curves for point in curve.points})
    positive = [dose for dose in doses if dose]
    if len(positive) > 1:
        axes.set_xscale("symlog", linthresh=positive[0], linscale=0.5)
    axes.set_xticks(doses, [f"1:{number(dose)}" for dose in doses])
    axes.minorticks_off()
    axes.margins(x=0.08)
    axes.set_xlabel(say(Label("创作样本与通用样本之比", "Creative to general samples"), language))
    axes.set_ylabel(say(metric_label(metric), language))
    axes.grid(axis="y", color="#ece6d8", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=8.5, loc="best")
    axes.set_title(f"{title}: {say(metric_label(metric), language)}", loc="left", fontsize=12)
    if note:
        figure.supxlabel(note, fontsize=8, color=QUIET, x=0.01, ha="left")
    return figure


def _draw(axes: Any, curve: Curve, colour: str, language: Language, *, alone: bool) -> None:
    doses = [point.dose for point in curve.points]
    means = [point.mean for point in curve.points]
    axes.errorbar(
        doses,
        means,
        yerr=[
            [point.mean - point.low for point in curve.points],
            [point.high - point.mean for point in curve.points],
        ],
        color=colour,
        marker="o",
        markersize=5,
        capsize=3,
        linewidth=1.4,
        label=f"{curve.base}, {curve.pool}, {say(asked_label(curve.language), language)}",
    )
    if curve.alone:
        axes.axhspan(curve.alone.low, curve.alone.high, color=colour, alpha=0.08, linewidth=0)
        axes.axhline(
            curve.alone.mean,
            color=colour,
            linewidth=1,
            linestyle="--",
            label=say(Label("只有通用样本", "general samples only"), language),
        )
    if alone and curve.change and curve.change.p < 0.05:
        axes.axvspan(curve.change.after, curve.change.at, color=INK, alpha=0.08, linewidth=0)
