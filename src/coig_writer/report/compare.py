"""The page of a comparison, and the folder it lies in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coig_writer.evaluate.bradley_terry import Score
from coig_writer.evaluate.choice import LEAST_TO_RESAMPLE
from coig_writer.evaluate.compare import Comparison, comparison_json
from coig_writer.evaluate.significance import ALPHA
from coig_writer.evaluate.tally import Matrix, PairOutcome
from coig_writer.evaluate.votes import Unread
from coig_writer.files import write_json, write_jsonl, write_text
from coig_writer.report import compare_words as words
from coig_writer.report.compare_tables import tables
from coig_writer.report.page import render_page
from coig_writer.report.workbook import write_workbook

LISTED = 40
"""Longer lists on the page stop here; the workbook holds everything."""
SHADES = 10
ROW_HEIGHT = 30


@dataclass(frozen=True)
class Cell:
    """One win rate in the matrix."""

    rate: float
    pair: PairOutcome
    low: float
    high: float
    """Wilson's interval as seen from the row."""

    @property
    def shade(self) -> str:
        """Style of the cell: from l10 (always lost) over nothing to w10 (always won)."""
        step = round(abs(self.rate - 50) / 50 * SHADES)
        return f"{'w' if self.rate > 50 else 'l'}{step}" if step else ""

    @property
    def settled(self) -> bool:
        """Whether the pair differs after correction, with one vote a query."""
        return self.pair.p_by_query_holm < ALPHA


@dataclass(frozen=True)
class Forest:
    """Scores with their intervals on one axis; places in per cent of the width, heights in pixels."""

    rows: list[tuple[str, Score, float, float | None, float | None]]
    """(model, score, place, low, high), the highest first; no low and high where there is no interval."""
    ticks: list[tuple[float, str]]
    zero: float
    height: int


def forest(scores: Mapping[str, Score]) -> Forest:
    """The plot of some scores; the axis has round steps and holds zero and all intervals."""
    ends = [end for each in scores.values() for end in (each.score, each.low, each.high) if end is not None]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    step = _round_step((high - low) / 5 or 0.2)
    first, last = math.floor(low / step), math.ceil(high / step)
    last = max(last, first + 1)

    def place(value: float) -> float:
        return round(100 * (value / step - first) / (last - first), 2)

    ordered = sorted(scores.items(), key=lambda item: -item[1].score)
    return Forest(
        [
            (
                model,
                each,
                place(each.score),
                None if each.low is None else place(each.low),
                None if each.high is None else place(each.high),
            )
            for model, each in ordered
        ],
        [(place(number * step), f"{number * step:+.10g}" if number else "0") for number in range(first, last + 1)],
        place(0),
        ROW_HEIGHT * len(scores),
    )


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `least`."""
    power = 10 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def cells(found: Comparison) -> list[tuple[str, list[Cell | None]]]:
    """(model, its cells) in the order of the models; None where a pair never met."""
    pairs = {(each.a, each.b): each for each in found.pairs}

    def cell(row: str, column: str) -> Cell | None:
        if pair := pairs.get((row, column)):
            return Cell(pair.rate, pair, pair.low, pair.high)
        if pair := pairs.get((column, row)):
            return Cell(100 - pair.rate, pair, 100 - pair.high, 100 - pair.low)
        return None

    return [(row, [cell(row, column) for column in found.models]) for row in found.models]


def matrix_rows(matrix: Matrix) -> list[tuple[str, list[float | None]]]:
    """(row, its values)."""
    return [(row, list(values.values())) for row, values in matrix.items()]


def unbroken(text: str) -> str:
    """The sentence with figures held together at the end of a line."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%").replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")


def render_comparison(found: Mapping[str, Comparison], *, title: str, unread: Sequence[Unread] = ()) -> str:
    """The comparison as one self-contained HTML page; the same comparison gives the same page."""
    return render_page(
        "compare.html",
        more="compare",
        found=found,
        whole=found["all"],
        title=title,
        unread=unread,
        listed=LISTED,
        words=words,
        cells=cells,
        forest=forest,
        matrix_rows=matrix_rows,
        alpha=ALPHA,
        least=LEAST_TO_RESAMPLE,
        row_height=ROW_HEIGHT,
        unbroken=unbroken,
    )


def write_comparison(
    found: Mapping[str, Comparison], folder: Path, *, title: str, unread: Sequence[Unread] = ()
) -> None:
    """Writes `compare.json`, `tables.xlsx`, `report.html` and `unread.jsonl` into `folder`.

    Raises:
        StorageError: the folder cannot be written.
    """
    write_json(folder / "compare.json", comparison_json(found))
    write_workbook(folder / "tables.xlsx", tables(found, unread))
    write_jsonl(
        folder / "unread.jsonl", ({"file": each.file, "row": each.row, "reason": each.reason} for each in unread)
    )
    write_text(folder / "report.html", render_comparison(found, title=title, unread=unread))
