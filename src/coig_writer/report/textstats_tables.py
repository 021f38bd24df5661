"""The tables of text statistics, for the page and for the workbook alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from coig_writer.evaluate.textstats.answer import AnswerFigures
from coig_writer.evaluate.textstats.behaviour import CLASSES
from coig_writer.evaluate.textstats.compliance import KINDS
from coig_writer.evaluate.textstats.run import HUMAN, TextStatistics
from coig_writer.report.labels import Label
from coig_writer.report.statistics import figure_text

LANGUAGES = {"zh": Label("中文", "Chinese"), "en": Label("英文", "English")}
CLASS_LABELS = {
    "normal_writing": Label("平常写作", "normal writing"),
    "deep_reasoning": Label("深入推理", "deep reasoning"),
    "self_exploration": Label("自我探索", "self-exploration"),
    "self_reflection": Label("自我反思", "self-reflection"),
}
KIND_LABELS = {
    "length": Label("篇幅", "length"),
    "sections": Label("节数", "sections"),
    "lines": Label("行数", "lines"),
    "line_length": Label("每行字数", "line length"),
    "rhyme": Label("押韵", "rhyme"),
    "tones": Label("平仄", "tonal pattern"),
    "must_include": Label("须有的字句", "to include"),
    "must_avoid": Label("不得有的字句", "to avoid"),
    "all": Label("合计", "all"),
}
PEOPLE = Label("（人写的）", "(people)")
_N = Label("回答", "Answers")


@dataclass(frozen=True)
class Row:
    """One model in one language, with its figures as in the JSON."""

    model: str
    language: str
    value: dict[str, Any]

    @property
    def name(self) -> Label:
        return PEOPLE if self.model == HUMAN else Label(self.model, self.model)

    def figure(self, path: str) -> Any:
        """The figure at a path such as `ttr.mean`; None where there is none."""
        found: Any = self.value
        for step in path.split("."):
            if found is None:
                return None
            found = found.get(step)
        return found


@dataclass(frozen=True)
class Column:
    """A column of a table: what it is called, the path of its figure, and how it is printed."""

    label: Label
    path: str
    places: int = 0
    percent: bool = False

    def text(self, row: Row) -> str:
        value = row.figure(self.path)
        if self.percent:
            return f"{figure_text(None if value is None else 100 * value, 1)}{' %' if value is not None else ''}"
        return figure_text(value, self.places)


@dataclass(frozen=True)
class Table:
    """A table of one language's models."""

    id: str
    columns: list[Column]
    rows: list[Row]


def rows_of(found: TextStatistics) -> list[Row]:
    """Every model in every language, then the people."""
    rows = [
        Row(model, language, value) for model, each in found.value["models"].items() for language, value in each.items()
    ]
    return rows + [Row(HUMAN, language, value) for language, value in (found.value["human"] or {}).items()]


def _c(zh: str, en: str, path: str, places: int = 0, *, percent: bool = False) -> Column:
    return Column(Label(zh, en), path, places, percent)


def _box(what: str) -> list[Column]:
    return [
        _c("均值", "Mean", f"{what}.mean", 1),
        _c("中位", "Median", f"{what}.median", 1),
        _c("下四分位", "Q1", f"{what}.q1", 1),
        _c("上四分位", "Q3", f"{what}.q3", 1),
        _c("下须", "Low whisker", f"{what}.low_whisker"),
        _c("上须", "High whisker", f"{what}.high_whisker"),
    ]


LENGTHS = [
    Column(_N, "n"),
    *_box("chars"),
    _c("词元均值", "Mean tokens", "tokens.mean", 1),
    _c("词元中位", "Median tokens", "tokens.median", 1),
    _c("词均值", "Mean words", "words.mean", 1),
]
DIVERSITY = [
    _c("TTR 均值", "TTR mean", "ttr.mean", 3),
    _c("中位", "median", "ttr.median", 3),
    _c("MATTR 均值", "MATTR mean", "mattr", 3),
    _c("中位", "median", "spread.mattr.median", 3),
    _c("MTLD 均值", "MTLD mean", "mtld", 1),
    _c("中位", "median", "spread.mtld.median", 1),
    _c("HD-D 均值", "HD-D mean", "hdd", 3),
    _c("中位", "median", "spread.hdd.median", 3),
]
CONTAMINATION = [
    Column(_N, "n"),
    _c("混入", "Mixed", "contamination.count"),
    _c("比率", "Rate", "contamination.rate", percent=True),
    _c("下限", "Low", "contamination.low", percent=True),
    _c("上限", "High", "contamination.high", percent=True),
    _c("处数", "Spans", "contamination.spans"),
    _c("不排除时", "Unfiltered", "contamination.unfiltered"),
]
BEHAVIOUR = [
    *(Column(CLASS_LABELS[name], f"behaviour.shares.{name}", percent=True) for name in CLASSES),
    _c("有思路的", "With reasoning", "behaviour.with_reasoning"),
]
REPETITION = [
    *(_c(f"rep-{order}", f"rep-{order}", f"rep_{order}.mean", percent=True) for order in (2, 3, 4)),
    _c("压缩比", "Compression", "compression_ratio.mean", 2),
    *(_c(f"distinct-{order}", f"distinct-{order}", f"distinct.{order}", 3) for order in (1, 2, 3, 4)),
    _c("self-BLEU", "self-BLEU", "self_bleu.other_queries", 3),
    _c("同题", "of one query", "self_bleu.same_query", 3),
    _c("抽取", "Sampled", "across_answers"),
]
SHAPE = [
    _c("段数", "Paragraphs", "paragraphs.mean", 1),
    _c("最长一段", "Longest", "longest_paragraph.mean"),
    _c("够长的", "Long enough", "unsegmented.n"),
    _c("不分段", "Unsegmented", "unsegmented.count"),
    _c("比率", "Rate", "unsegmented.rate", percent=True),
]
FLAVOUR = [
    _c("AI 味", "AI flavour", "flavour.mean", 2),
    _c("中位", "median", "flavour.median", 2),
    _c("成语/千词", "Idioms per 1,000 words", "idioms.mean", 1),
    _c("四字词/千词", "Four-character words", "four_character.mean", 1),
]
TABLES: dict[str, list[Column]] = {
    "lengths": LENGTHS,
    "diversity": DIVERSITY,
    "contamination": CONTAMINATION,
    "behaviour": BEHAVIOUR,
    "repetition": REPETITION,
    "paragraphs": SHAPE,
    "flavour": FLAVOUR,
}
_NOT_FLAT = ("foreign_spans", "behaviour", "behaviour_along", "constraints", "flavour_hits")
MOST_ANSWERS = 20_000
"""More answers than this are left to `answers.jsonl`; a workbook of them would take minutes to open."""
_ABOUT_ANSWERS = ("contamination",)
"""Tables that say nothing about people's texts, which answer no query."""


def constraint_columns(rows: Sequence[Row]) -> list[Column]:
    """Met and checked of every kind of constraint that some query has."""
    kinds = [kind for kind in (*KINDS, "all") if any(kind in (row.value["constraints"] or {}) for row in rows)]
    columns = []
    for kind in kinds:
        label = KIND_LABELS[kind]
        columns += [
            Column(label, f"constraints.{kind}.rate", percent=True),
            Column(Label("共", "of"), f"constraints.{kind}.n"),
        ]
    return columns


def tables(found: TextStatistics, name: str) -> dict[str, Table]:
    """Language → table of this name, for the languages that have rows for it."""
    made = {}
    for language in dict.fromkeys(row.language for row in rows_of(found)):
        rows = [row for row in rows_of(found) if row.language == language]
        if name in (*_ABOUT_ANSWERS, "constraints"):
            rows = [row for row in rows if row.model != HUMAN]
        columns = constraint_columns(rows) if name == "constraints" else TABLES[name]
        rows = [row for row in rows if any(row.figure(column.path) is not None for column in columns)]
        if rows and columns:
            made[language] = Table(f"t-{name}-{language}", columns, rows)
    return made


def sheets(found: TextStatistics) -> dict[str, tuple[list[str], list[list[Any]]]]:
    """Name → header and rows of every table of the workbook: the summaries, the tests, an answer a row."""
    made: dict[str, tuple[list[str], list[list[Any]]]] = {}
    for name in (*TABLES, "constraints"):
        by_language = tables(found, name)
        if by_language:
            columns = max((table.columns for table in by_language.values()), key=len)
            header = ["model", "language", *(column.path for column in columns)]
            rows = [
                [row.model, row.language, *(row.figure(column.path) for column in columns)]
                for table in by_language.values()
                for row in table.rows
            ]
            made[name] = (header, rows)
    made |= {f"test {name}": _records(tests) for name, tests in found.value["tests"].items() if tests}
    made["notes"] = _records(
        [{name: note[name] for name in ("kind", "language", "zh", "en")} for note in found.value["notes"]]
    )
    if sum(len(group.figures) for group in found.groups) <= MOST_ANSWERS:
        made["answers"] = _records(list(answer_rows(found)))
    return {name: sheet for name, sheet in made.items() if sheet[0]}


def _records(records: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    header = list(records[0]) if records else []
    return header, [[record.get(name) for name in header] for record in records]


def answer_rows(found: TextStatistics) -> Iterator[dict[str, Any]]:
    """One flat row for each answer, people's texts last; what is met or not is 1 or 0."""
    plain = [each.name for each in fields(AnswerFigures) if each.name not in _NOT_FLAT]
    for group in (*found.groups, *found.human):
        for each in group.figures:
            row = {name: _flat(getattr(each, name)) for name in plain}
            row["foreign_spans"] = len(each.foreign_spans)
            row["foreign_text"] = " | ".join(span.text for span in each.foreign_spans)[:500]
            row |= dict(zip(CLASSES, each.behaviour, strict=True))
            row |= {f"kept_{kind}": _flat(each.constraints.get(kind)) for kind in KINDS}
            yield row


def _flat(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value
