"""The tables of a comparison, as a workbook has them: a sheet a table, a column for the group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from coig_writer.evaluate.agreement import Agreement, RaterPair, RaterRecord
from coig_writer.evaluate.compare import Comparison
from coig_writer.evaluate.tally import PairOutcome, Tally
from coig_writer.evaluate.votes import Unread

Table = tuple[list[str], list[list[Any]]]
Found = Mapping[str, Comparison]


def tables(found: Found, unread: Sequence[Unread]) -> dict[str, Table]:
    """Name → (header, rows); tables without rows are left out. Rates, shares of raters and intervals are in %."""
    sheets = {
        "win rates": _matrices(found),
        "pairs": _rows(["group"], PairOutcome, ((name, each.pairs) for name, each in found.items())),
        "scores": _scores(found),
        "tests": (["group", "figure", "value"], [[name, *row] for name, each in found.items() for row in _tests(each)]),
        "by genre": _splits(found),
        "agreement": (
            ["group", "voters", "coefficient", "value", "low", "high", "units"],
            [[name, side, *row] for name, side, each in _agreements(found) for row in _coefficients(each)],
        ),
        "pairs of raters": _of_raters(found, RaterPair, "pairs"),
        "raters": _of_raters(found, RaterRecord, "records"),
        "crowd": _crowd(found),
        "judges": _judges(found),
        "judges part": _partings(found),
        "position": (
            ["group", "voters", "place", "win rate", "p", "rankings", "queries"],
            [
                [name, side, place, rate, bias.p, bias.n, bias.queries]
                for name, each in found.items()
                for side, bias in each.position_bias.items()
                for place, rate in enumerate(bias.win_rate, 1)
            ],
        ),
        "length": _length(found),
        "not used": (["file", "row", "reason"], [[each.file, each.row, each.reason] for each in unread]),
    }
    return {name: table for name, table in sheets.items() if table[1]}


def _rows(first: list[str], kind: type, groups: Any) -> Table:
    names = [each.name for each in fields(kind)]
    return [*first, *names], [[name, *(getattr(row, each) for each in names)] for name, rows in groups for row in rows]


def _matrices(found: Found) -> Table:
    models = list(dict.fromkeys(model for each in found.values() for model in each.models))
    rows: list[list[Any]] = []
    for name, each in found.items():
        for row in each.models:
            rows.append([name, row, *(each.win_rate[row].get(column) for column in models)])
    return ["group", "row over column, %", *models], rows


def _scores(found: Found) -> Table:
    header = ["group", "view", "model", "score", "low", "high", "rank", "rank_low", "rank_high", "separated"]
    views = (
        (name, view, scores)
        for name, each in found.items()
        for view, scores in (("Bradley–Terry", each.bradley_terry), ("Plackett–Luce", each.plackett_luce))
    )
    return header, [
        [name, view, model, *asdict(score).values()] for name, view, scores in views for model, score in scores.items()
    ]


def _tests(found: Comparison) -> Iterator[list[Any]]:
    yield ["rankings", found.n]
    yield ["queries", found.prompts]
    yield ["raters", found.raters]
    yield ["votes counted", found.voters]
    if len(found.components) > 1:
        yield ["models that met each other", "; ".join(", ".join(each) for each in found.components)]
    if found.friedman:
        test = found.friedman
        yield ["Friedman's statistic", test.statistic]
        yield ["Friedman's degrees of freedom", test.df]
        yield ["Friedman's p", test.p]
        yield ["Kendall's W", test.kendall_w]
    if found.goodness_of_fit:
        yield ["fit of Bradley–Terry, X²", found.goodness_of_fit.statistic]
        yield ["fit of Bradley–Terry, p", found.goodness_of_fit.p]
    if found.power:
        yield ["smallest difference from 50 %, points", found.power.smallest]
        yield ["the same as the strictest of all pairs", found.power.smallest_holm]


def _splits(found: Found) -> Table:
    names = [each.name for each in fields(PairOutcome)]
    splits: Iterator[tuple[str, str, str, Tally]] = (
        (name, kind, slug, part)
        for name, each in found.items()
        for kind, parts in each.by.items()
        for slug, part in parts.items()
    )
    return ["group", "split", "of", *names], [
        [name, kind, slug, *(getattr(pair, each) for each in names)]
        for name, kind, slug, part in splits
        for pair in part.pairs
    ]


def _agreements(found: Found) -> list[tuple[str, str, Agreement]]:
    return [(name, side, one) for name, each in found.items() for side, one in each.agreement.items()]


def _coefficients(found: Agreement) -> Iterator[list[Any]]:
    yield ["Krippendorff's α, ordinal, places", *_alpha(found.places)]
    yield ["Krippendorff's α, nominal, pairs", *_alpha(found.outcomes)]
    yield ["Fleiss' κ, pairs", found.fleiss_kappa, None, None, found.outcomes.units]
    for name, alpha in found.marks.items():
        yield [f"Krippendorff's α, ordinal, {name.replace('_', ' ')}", *_alpha(alpha)]


def _alpha(alpha: Any) -> list[Any]:
    return [alpha.alpha, alpha.low, alpha.high, alpha.units]


def _of_raters(found: Found, kind: type, attribute: str) -> Table:
    return _rows(["group"], kind, ((name, getattr(each, attribute)) for name, _, each in _agreements(found)))


def _crowd(found: Found) -> Table:
    return ["group", "rater", "accuracy (Dawid–Skene)", "reliability (noisy Bradley–Terry)"], [
        [name, rater, accuracy, each.crowd.reliability[rater]]
        for name, each in found.items()
        if each.crowd
        for rater, accuracy in each.crowd.accuracy.items()
    ]


def _judges(found: Found) -> Table:
    header = ["group", "judge", "n", "agreed", "low", "high", "kappa", "people_agreed", "spearman"]
    records = ((name, record) for name, each in found.items() for record in each.judge_against_people.values())
    return header, [[name, *(getattr(record, each) for each in header[1:])] for name, record in records]


def _partings(found: Found) -> Table:
    header = ["group", "judge", "a", "b", "n", "people", "judge: a over b", "p", "p_holm"]
    return header, [
        [name, judge, *asdict(parting).values()]
        for name, each in found.items()
        for judge, record in each.judge_against_people.items()
        for parting in record.partings
    ]


def _length(found: Found) -> Table:
    header = ["n", "missing", "longer_wins", "low", "high", "doubling", "doubling_low", "doubling_high", "p"]
    return ["group", "voters", *header], [
        [name, side, *(getattr(bias, each) for each in header)]
        for name, each in found.items()
        for side, bias in each.length_bias.items()
    ]
