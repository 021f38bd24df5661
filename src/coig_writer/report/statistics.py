"""The page of a set's statistics: composition, lengths, scores, people's share, sources, beside the paper if asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coig_writer.dataset.compare import ComparedGroup, Contradiction, Pair, compare, contradictions
from coig_writer.dataset.counts import Group
from coig_writer.dataset.inputs import Source
from coig_writer.dataset.statistics import Statistics
from coig_writer.dataset.summaries import statistics_json
from coig_writer.files import write_json, write_text
from coig_writer.report import labels
from coig_writer.report.charts import write_figures
from coig_writer.report.figures import Bin, Box, LogAxis, ring, score_columns
from coig_writer.report.figures import log_histogram as histogram
from coig_writer.report.labels import Label
from coig_writer.report.page import render_page
from coig_writer.schema import DIMENSIONS
from coig_writer.taxonomy import PARTS, Part, Range, published

LISTED = 30
"""Of platforms and the like, so many are named; the rest is one line."""
COLUMN_HEIGHT = 84
CURVE_HEIGHT = 110
"""Pixels of the highest column of a distribution."""

REGIONS = {
    "cn": Label("中国大陆 .cn", "mainland China .cn"),
    "hk": Label("香港 .hk", "Hong Kong .hk"),
    "mo": Label("澳门 .mo", "Macao .mo"),
    "tw": Label("台湾 .tw", "Taiwan .tw"),
    "sg": Label("新加坡 .sg", "Singapore .sg"),
    "my": Label("马来西亚 .my", "Malaysia .my"),
    "jp": Label("日本 .jp", "Japan .jp"),
    "kr": Label("韩国 .kr", "Korea .kr"),
    "us": Label("美国 .us", "United States .us"),
    "ca": Label("加拿大 .ca", "Canada .ca"),
    "au": Label("澳大利亚 .au", "Australia .au"),
    "uk": Label("英国 .uk", "United Kingdom .uk"),
    "de": Label("德国 .de", "Germany .de"),
    "fr": Label("法国 .fr", "France .fr"),
}
"""Country domains by name; any other is shown as it is."""
_UNKNOWN = Label("没有记录", "not recorded")
_NO_REGION = Label("地址看不出", "the address does not say")
_REST = Label("其余", "all others")


def render_statistics(
    found: Statistics, *, title: str, sources: Sequence[Source] = (), with_paper: bool = False, unread: int = 0
) -> str:
    """The statistics as one self-contained HTML page; the same statistics give the same page.

    Args:
        title: name of the set.
        sources: files it was read from.
        with_paper: sets the published figures beside those of the set.
        unread: records that could not be read, so that the page says what is not counted.
    """
    compared = compare(found) if with_paper else []
    return render_page(
        "statistics.html",
        found=found,
        title=title,
        sources=sources,
        unread=unread,
        parts=PARTS,
        donut=_donut(found),
        groups=_groups(found),
        lengths=[_curve(found, part, with_paper) for part in PARTS] if found.count else [],
        scores=_scores(found),
        tables=_source_tables(found),
        compared=compared,
        contradictions=contradictions() if with_paper else [],
        clashes=_clashes(compared, contradictions()) if with_paper else [],
        missing=[each for each in compared if each.missing and each.level == "genre"],
        figure_label=figure_label,
        figure_text=figure_text,
        pair_of=pair_of,
    )


def write_statistics(
    found: Statistics,
    out: Path,
    *,
    title: str,
    sources: Sequence[Source] = (),
    with_paper: bool = False,
    unread: int = 0,
    figures: bool = True,
) -> None:
    """Writes `statistics.html`, `statistics.json` and, if wanted, the figures into the folder `out`.

    Raises:
        SettingError: figures are wanted and no font with Chinese characters is installed.
        StorageError: the folder cannot be written.
    """
    page = render_statistics(found, title=title, sources=sources, with_paper=with_paper, unread=unread)
    if figures and found.count:
        write_figures(found, out / "figures")
    write_json(out / "statistics.json", statistics_json(found, with_paper=with_paper, unread=unread))
    write_text(out / "statistics.html", page)


@dataclass(frozen=True)
class DonutRow:
    """One category of the ring."""

    label: Label
    group: Group
    start: float
    share: float
    shade: float


def _donut(found: Statistics) -> list[DonutRow]:
    groups = sorted(found.categories, key=lambda group: -group.count)
    slices = ring([group.count for group in groups])
    return [
        DonutRow(labels.group(group.slug), group, each.start, each.share, each.shade)
        for group, each in zip(groups, slices, strict=True)
    ]


def _groups(found: Statistics) -> list[tuple[Group, list[Group]]]:
    """Each category with its genres, the most frequent first, in the order of the taxonomy."""
    return [
        (category, sorted((g for g in found.genres if g.category.slug == category.slug), key=lambda g: -g.count))
        for category in found.categories
    ]


@dataclass(frozen=True)
class Column:
    """One column of a distribution, in per cent of the width and pixels from the base."""

    place: float
    width: float
    height: float
    bin: Bin


@dataclass(frozen=True)
class Curve:
    """How long the texts of one part are, on a logarithmic axis."""

    part: Part
    axis: LogAxis
    columns: list[Column]
    box: Box
    mean: float
    published: Range | None


def _curve(found: Statistics, part: Part, with_paper: bool) -> Curve:
    every = [length for counts in found.overall.length_counts.values() for length in counts]
    axis = LogAxis.over(every)
    bins = histogram(found.overall.length_counts[part], axis)
    tallest = max(each.count for each in bins)
    columns = [
        Column(
            axis.place(each.low), round(axis.place(each.high) - axis.place(each.low), 3), _height(each, tallest), each
        )
        for each in bins
        if each.count
    ]
    found_lengths = found.overall.lengths[part]
    box = Box(found_lengths.min, found_lengths.q1, found_lengths.median, found_lengths.q3, found_lengths.max)
    return Curve(
        part, axis, columns, box, found_lengths.mean, published()["overall"].lengths[part] if with_paper else None
    )


def _height(each: Bin, tallest: int) -> float:
    return round(max(CURVE_HEIGHT * each.count / tallest, 1), 2)


def _scores(found: Statistics) -> list[tuple[Label, list, float | None]]:
    """(dimension, ten columns, mean) for all six, to one scale; empty when nothing is scored."""
    if not found.overall.totals:
        return []
    tallest = max(count for counts in found.scores.values() for count in counts.values())
    values = {name: [value for value, count in found.scores[name].items() for _ in range(count)] for name in DIMENSIONS}
    return [
        (
            labels.DIMENSIONS[name],
            score_columns(values[name], [], tallest=tallest, height=COLUMN_HEIGHT),
            sum(values[name]) / len(values[name]),
        )
        for name in DIMENSIONS
    ]


@dataclass(frozen=True)
class SourceTable:
    """Articles by one thing that is known of their origin."""

    id: str
    label: Label
    rows: list[tuple[Label, int, float]]
    """(name, articles, share of all 0–1)"""


def _source_tables(found: Statistics) -> list[SourceTable]:
    sources = found.sources
    return [
        _source_table("platforms", Label("平台", "Platform"), sources.platforms, found.count),
        _source_table("months", Label("发表月份", "Month of publication"), sources.months, found.count, by_name=True),
        _source_table(
            "regions", Label("地区（地址的国别域名）", "Region (country domain)"), sources.regions, found.count
        ),
        _source_table("languages", Label("语言与字体", "Language and script"), sources.languages, found.count),
        _source_table("licences", Label("许可", "Licence"), sources.licences, found.count),
    ]


def _source_table(
    name: str, label: Label, counts: Mapping[str | None, int], total: int, *, by_name: bool = False
) -> SourceTable:
    named = [(key, count) for key, count in counts.items() if key is not None]
    named.sort(key=lambda pair: (pair[0] if by_name else "", -pair[1], pair[0]))
    rest = sum(count for _, count in named[LISTED:])
    rows = [
        (REGIONS.get(key, _dotted(key)) if name == "regions" else Label(key, key), count)
        for key, count in named[:LISTED]
    ]
    rows += [(_REST, rest)] if rest else []
    rows += [(_NO_REGION if name == "regions" else _UNKNOWN, counts[None])] if counts.get(None) else []
    return SourceTable(name, label, [(each, count, count / total) for each, count in rows])


def _dotted(domain: str) -> Label:
    return Label(f".{domain}", f".{domain}")


_FIGURES = {"count": Label("个数", "Count"), "share": Label("占比（%）", "Share (%)")}
_BOUNDS = {"min": Label("最短", "least"), "mean": Label("均值", "mean"), "max": Label("最长", "most")}


def figure_label(figure: str) -> Label:
    """What a compared figure is called: `article_mean` and the like."""
    if figure in _FIGURES:
        return _FIGURES[figure]
    part, bound = figure.rsplit("_", 1)
    return Label(f"{labels.PARTS[part].zh}{_BOUNDS[bound].zh}", f"{labels.PARTS[part].en}, {_BOUNDS[bound].en}")


def figure_text(value: float | None, places: int) -> str:
    """A figure with its decimals, halves to the even digit, as the paper prints them; a dash where there is none.

    The five published means whose next digit is a five and nothing more (such as 750.625 over eight texts, printed as
    750.62, and 442.575 over forty, printed as 442.58) are those of this rule and of no other.
    """
    if value is None:
        return "–"
    from decimal import ROUND_HALF_EVEN, Decimal

    return f"{Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN):,}"


def pair_of(group: ComparedGroup, figure: str) -> Pair | None:
    """The pair of one figure of a group, or None where there is none of that name."""
    return next((pair for pair in group.pairs if pair.figure == figure), None)


def _clashes(
    compared: Sequence[ComparedGroup], found: Sequence[Contradiction]
) -> list[tuple[Contradiction, Pair | None]]:
    """Each contradiction of the published tables, with the set's own figure beside it."""
    groups = {each.slug: each for each in compared if each.level != "genre"}
    return [(each, pair_of(groups[each.of], each.figure) if each.of in groups else None) for each in found]
