"""The paper's Tables 2, 3 and 4 and Figures 4, 5, 7 and 8 for any models, with the uncertainty that it leaves out.

The layout is the paper's: a row a model, English columns to the left of Chinese ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from coig_writer.evaluate.compare import Comparison
from coig_writer.evaluate.significance import ALPHA
from coig_writer.evaluate.synthetic import RATER
from coig_writer.evaluate.textstats.run import TextStatistics
from coig_writer.evaluate.votes import Votes
from coig_writer.files import write_text
from coig_writer.report.textstats_figures import write_textstats_figures
from coig_writer.report.workbook import write_workbook

ORDER = ("en", "zh")
"""Languages as the paper's tables have them, from left to right; others follow."""
NAMES = {"en": "English", "zh": "Chinese"}
BOLD = 55.0
"""Win rates above this many per cent are bold, as in the paper."""
SYNTHETIC = "Synthetic: made by integer programming to have the published pairwise counts; nobody gave these rankings."
FIGURES = {"lengths": "figure4", "ttr": "figure5", "behaviour": "figure7", "behaviour_along": "figure8"}
"""Our figure → the paper's number."""
FORMATS = ("png", "svg", "pdf")


@dataclass(frozen=True)
class Table:
    """A table for all three formats."""

    name: str
    """Short, for the workbook's sheet."""
    caption: str
    header: list[str]
    rows: list[list[Any]]
    bold: frozenset[tuple[int, int]] = frozenset()
    """(row, column) of cells that stand out."""


def paper_tables(
    comparison: Mapping[str, Comparison] | None, statistics: TextStatistics | None, synthetic: bool = False
) -> list[Table]:
    """Tables 2, 3 and 4 as far as there is something to say, each followed by what it lacks in the paper."""
    made: list[Table] = []
    if comparison:
        languages = _in_order([name for name in comparison if name != "all"]) or ["all"]
        made += [_win_rates(comparison, languages), _tests(comparison, languages)]
    if statistics:
        models: Mapping[str, Any] = statistics.value["models"]
        spoken = _in_order(list(dict.fromkeys(language for each in models.values() for language in each)))
        made += [_lengths(models, spoken), _diversity(models, spoken)]
    if synthetic:
        made = [Table(each.name, f"{each.caption} {SYNTHETIC}", each.header, each.rows, each.bold) for each in made]
    return made


def is_synthetic(votes: Votes) -> bool:
    """Whether any of these votes was made and not given."""
    return any(ranking.rater == RATER for ranking in votes.rankings)


def _in_order(languages: Sequence[str]) -> list[str]:
    return [name for name in ORDER if name in languages] + sorted(set(languages) - set(ORDER))


def _said(language: str) -> str:
    return NAMES.get(language, language)


def _win_rates(comparison: Mapping[str, Comparison], languages: Sequence[str]) -> Table:
    models = comparison["all"].models
    rows: list[list[Any]] = []
    bold: set[tuple[int, int]] = set()
    for number, row in enumerate(models):
        cells: list[Any] = [row]
        for language in languages:
            rates = comparison[language].win_rate.get(row, {})
            for column in models:
                rate = rates.get(column)
                bold.update({(number, len(cells))} if rate is not None and rate > BOLD else ())
                cells.append(None if rate is None else f"{rate:.2f}")
        rows.append(cells)
    header = ["Model", *(f"{_said(language)}: {model}" for language in languages for model in models)]
    return Table(
        "Table 2", "Table 2: win rates (%), row over column; ties count one half.", header, rows, frozenset(bold)
    )


def _tests(comparison: Mapping[str, Comparison], languages: Sequence[str]) -> Table:
    """What a win rate is worth: counts, Wilson's interval, exact tests, corrected over all pairs of the language."""
    repeated = any(comparison[language].n > comparison[language].prompts for language in languages)
    by_query = ["p (Holm), a vote a query"] if repeated else []
    header = ["Language", "Pair", "Wins", "Ties", "Of", "Rate, %", "95 %", "p", "p (Holm)", *by_query, "Differs"]
    rows = [
        [
            _said(language),
            f"{pair.a} over {pair.b}",
            pair.wins,
            pair.ties,
            pair.n,
            f"{pair.rate:.2f}",
            f"{pair.low:.1f}–{pair.high:.1f}",
            _chance(pair.p),
            _chance(pair.p_holm),
            *([_chance(pair.p_by_query_holm)] if repeated else []),
            "yes" if pair.p_by_query_holm < ALPHA else "no",
        ]
        for language in languages
        for pair in comparison[language].pairs
    ]
    caption = (
        "Beside Table 2: exact two-sided sign tests, Holm's correction over a language's pairs, Wilson's intervals."
    )
    if repeated:
        caption += " Rankings of one query are not independent: pairs differ by tests with one vote a query."
    return Table("Table 2, tests", caption, header, rows)


def _lengths(models: Mapping[str, Any], languages: Sequence[str]) -> Table:
    def cells(found: Mapping[str, Any] | None) -> list[Any]:
        if not found:
            return [None] * 5
        lengths = (cell for unit in ("tokens", "chars") for cell in _mean(found[unit], found["n"]))
        return [f"{found['n']:,}", *lengths]

    caption = "Table 3: mean length of answers; the half width of the mean's 95 % interval is ours."
    return _by_language(
        "Table 3", caption, ("Answers", "Tokens", "± 95 %", "Chars", "± 95 %"), cells, models, languages
    )


def _diversity(models: Mapping[str, Any], languages: Sequence[str]) -> Table:
    def cells(found: Mapping[str, Any] | None) -> list[Any]:
        ttr, mattr, mtld = ((found or {}).get(name) for name in ("ttr", "mattr", "mtld"))
        return [
            *(f"{ttr[name]:.3f}" if ttr else None for name in ("mean", "median")),
            f"{ttr['q1']:.3f}–{ttr['q3']:.3f}" if ttr else None,
            None if mattr is None else f"{mattr:.3f}",
            None if mtld is None else f"{mtld:.1f}",
        ]

    caption = (
        "Table 4: type-token ratio. It falls with length, MATTR and MTLD do not: compare those where lengths differ."
    )
    return _by_language("Table 4", caption, ("Mean", "Median", "Quartiles", "MATTR", "MTLD"), cells, models, languages)


def _by_language(
    name: str,
    caption: str,
    columns: Sequence[str],
    cells: Callable[[Mapping[str, Any] | None], list[Any]],
    models: Mapping[str, Any],
    languages: Sequence[str],
) -> Table:
    """A row a model, the same columns for each language."""
    header = ["Model", *(f"{_said(language)}: {column}" for language in languages for column in columns)]
    rows = [
        [model, *(cell for language in languages for cell in cells(found.get(language)))]
        for model, found in models.items()
    ]
    return Table(name, caption, header, rows)


def _mean(figures: Mapping[str, float] | None, count: int) -> list[str | None]:
    """The mean and the half width of its interval; nothing where a unit was not counted."""
    if not figures:
        return [None, None]
    return [f"{figures['mean']:,.1f}", f"{1.96 * figures['sd'] / math.sqrt(count):,.1f}" if count > 1 else None]


def _chance(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "<.0001"


def as_markdown(tables: Sequence[Table]) -> str:
    """All tables as Markdown."""
    parts = []
    for table in tables:
        lines = [_markdown_row(table.header), "|" + "---|" * len(table.header)]
        for number, row in enumerate(table.rows):
            cells = [_text(cell) for cell in row]
            lines.append(
                _markdown_row([f"**{cell}**" if (number, at) in table.bold else cell for at, cell in enumerate(cells)])
            )
        parts.append(f"{table.caption}\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _text(cell: Any) -> str:
    return "–" if cell is None else str(cell)


def as_latex(tables: Sequence[Table]) -> str:
    """All tables as LaTeX with booktabs; columns of one language stand under its name."""
    return "% \\usepackage{booktabs}\n\n" + "\n\n".join(map(_latex, tables)) + "\n"


def _latex(table: Table) -> str:
    heads = [name.partition(": ")[2] or name for name in table.header]
    caption = table.caption.partition(": ")[2] or table.caption  # LaTeX numbers its tables itself
    caption = caption[:1].upper() + caption[1:]
    lines = ["\\begin{table}[t]", "\\centering", f"\\caption{{{_escaped(caption)}}}"]
    lines += [f"\\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}", "\\toprule"]
    groups = [(name, len(list(same))) for name, same in groupby(table.header, _group)]
    if len(groups) > 1:
        spans = (f"\\multicolumn{{{width}}}{{c}}{{{_escaped(name)}}}" for name, width in groups)
        lines.append(" & ".join(spans) + " \\\\")
    lines += [" & ".join(map(_escaped, heads)) + " \\\\", "\\midrule"]
    for number, row in enumerate(table.rows):
        cells = [_escaped(_text(cell)) for cell in row]
        shown = [f"\\textbf{{{cell}}}" if (number, at) in table.bold else cell for at, cell in enumerate(cells)]
        lines.append(" & ".join(shown) + " \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", "\\end{table}"])


def _group(head: str) -> str:
    """The language a column belongs to."""
    return head.partition(": ")[0] if ": " in head else ""


_SPECIAL = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "±": r"$\pm$",
    "–": "--",
    "<": "$<$",
    ">": "$>$",
}


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(char, char) for char in text)


def write_paper(
    folder: Path,
    comparison: Mapping[str, Comparison] | None,
    statistics: TextStatistics | None,
    *,
    synthetic: bool = False,
    figures: bool = True,
) -> list[Path]:
    """Writes `tables.md`, `tables.tex`, `tables.xlsx` and the figures as PNG, SVG and PDF; returns the files.

    Args:
        comparison: of `evaluate.compare`; None leaves Table 2 out.
        statistics: of `evaluate.textstats`; None leaves Tables 3 and 4 and the figures out.
        synthetic: whether the rankings were made; every table says so then.

    Raises:
        SettingError: no font with Chinese characters is installed.
        StorageError: the folder cannot be written.
    """
    tables = paper_tables(comparison, statistics, synthetic)
    write_text(folder / "tables.md", as_markdown(tables))
    write_text(folder / "tables.tex", as_latex(tables))
    sheets = {each.name: (each.header, each.rows) for each in tables}
    sheets["About"] = (["Table", "Caption"], [[each.name, each.caption] for each in tables])
    written = [folder / "tables.md", folder / "tables.tex", write_workbook(folder / "tables.xlsx", sheets)]
    if statistics and figures:
        written += write_textstats_figures(statistics, folder, kinds=FORMATS, names=FIGURES)
    return written
