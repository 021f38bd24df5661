"""What an experiment found: a curve over the ratio for each metric, base model, set of triplets and language."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from coig_writer.errors import InputError, SettingError
from coig_writer.evaluate.curve import WIN_RATE, Curve
from coig_writer.evaluate.read import read_votes
from coig_writer.evaluate.threshold import change_point, crossing, points_of
from coig_writer.experiment.settings import Cell, Experiment, located
from coig_writer.experiment.steps import STATISTICS, groups_of, mixture_folder, model_folder, rankings_of

FEWEST = 3
"""Doses that a threshold needs: with two, every difference would be one."""

Values = dict[tuple[Cell, str], dict[str, float]]
"""(cell, language of the query) → query id → value."""


def collect(experiment: Experiment, folder: Path, beside: Path) -> list[Curve]:
    """The curves of a finished experiment.

    Raises:
        InputError: the answers have not been measured yet, or rankings are of other models.
        SettingError: a metric is asked for that text statistics do not have.
    """
    cells = {model_folder(experiment, cell): cell for cell in experiment.cells()}
    rows = _rows(folder / STATISTICS / "answers.jsonl")
    metrics = {name: _statistics(rows, name, cells) for name in experiment.evaluate.metrics}
    files = [Path(located(name, beside)) for name in experiment.evaluate.rankings]
    if experiment.evaluate.judge:
        files += [folder / rankings_of(group) for group in groups_of(experiment)]
    if files:
        languages = {row["id"]: row["language"] for row in rows}
        metrics = {WIN_RATE: _win_rates(files, cells, languages)} | metrics
    doses = {cell: _dose(folder, cell) for cell in cells.values()}
    return [
        curve
        for metric, values in metrics.items()
        for curve in _curves(metric, values, doses, experiment.evaluate.level)
    ]


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise InputError(
            "the answers have not been measured", where=str(path), remedy="Run: coig-writer experiment run."
        ) from error


def _statistics(rows: Sequence[Mapping[str, Any]], metric: str, cells: Mapping[str, Cell]) -> Values:
    """Means over the samples of each query."""
    if rows and metric not in rows[0]:
        known = ", ".join(name for name, value in rows[0].items() if isinstance(value, int | float))
        raise SettingError(f"no metric of the name {metric}", where="evaluate.metrics", remedy=f"There are: {known}.")
    found: dict[tuple[Cell, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["model"] in cells and row[metric] is not None:
            found[cells[row["model"]], row["language"]][row["id"]].append(float(row[metric]))
    return {key: {id: float(np.mean(each)) for id, each in queries.items()} for key, queries in found.items()}


def _win_rates(files: Sequence[Path], cells: Mapping[str, Cell], languages: Mapping[str, str]) -> Values:
    """Per cent of its comparisons that a cell wins, ties as a half, against the set without triplets of its group.

    Where there is no such set, against all others of the group. A group has one base, pool and seed.
    """
    found: dict[tuple[Cell, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    votes = read_votes(files)
    for ranking in votes.rankings:
        placed = {cells[name]: place for name, place in ranking.places.items() if name in cells}
        for cell, place in placed.items():
            rivals = [each for each in placed if _group(each) == _group(cell) and each != cell]
            rivals = [each for each in rivals if each.general is None] or rivals
            for rival in rivals:
                won = 100.0 if place < placed[rival] else 50.0 if place == placed[rival] else 0.0
                language = languages.get(ranking.query_id) or votes.topic(ranking.query_id).language or "zh"
                found[cell, language][ranking.query_id].append(won)
    if not found:
        raise InputError(
            "no ranking compares two models of this experiment",
            where=", ".join(map(str, files)),
            remedy=f"Models are called as their answers call them, such as {next(iter(cells))}.",
        )
    return {key: {id: float(np.mean(each)) for id, each in queries.items()} for key, queries in found.items()}


def _group(cell: Cell) -> tuple[str, str, int]:
    return cell.base, cell.pool, cell.seed


def _dose(folder: Path, cell: Cell) -> float:
    """General samples for each creative one in a cell's mixture; 0 for the set without triplets."""
    manifest = json.loads((folder / mixture_folder(cell) / "manifest.json").read_bytes())
    (mixture,) = [each for each in manifest["mixtures"] if each["name"] == cell.recipe]
    return mixture["general"] / mixture["creative"] if mixture["creative"] else 0.0


def _curves(metric: str, values: Values, doses: Mapping[Cell, float], level: float) -> list[Curve]:
    groups = dict.fromkeys((cell.base, cell.pool, language) for cell, language in values)
    return [
        _curve(
            metric,
            {cell: found for (cell, told), found in values.items() if (cell.base, cell.pool, told) == group},
            group,
            doses,
            level,
        )
        for group in groups
    ]


def _curve(
    metric: str,
    values: Mapping[Cell, Mapping[str, float]],
    group: tuple[str, str, str],
    doses: Mapping[Cell, float],
    level: float,
) -> Curve:
    by_recipe = {cell.recipe: doses[cell] for cell in values if cell.general is not None}
    names = sorted(by_recipe, key=lambda name: by_recipe[name])
    at = np.array([by_recipe[name] for name in names])
    table = _table(values, names)
    alone = ["g"] if any(cell.general is None for cell in values) else []
    points = points_of(np.append(at, [0.0] * len(alone)), _table(values, [*names, *alone]))
    enough = len(names) >= FEWEST
    return Curve(
        metric,
        *group,
        names=names,
        points=points[: len(names)],
        alone=points[-1] if alone else None,
        seeds=len({cell.seed for cell in values}),
        change=change_point(at, table) if enough else None,
        crossing=crossing(at, table, level if metric == WIN_RATE else None) if enough else None,
    )


def _table(values: Mapping[Cell, Mapping[str, float]], names: Sequence[str]) -> np.ndarray:
    """(seeds, queries, mixtures); NaN where there is no value."""
    seeds = sorted({cell.seed for cell in values})
    queries = sorted({query for found in values.values() for query in found})
    table = np.full((len(seeds), len(queries), len(names)), np.nan)
    for cell, found in values.items():
        if cell.recipe in names:
            for query, value in found.items():
                table[seeds.index(cell.seed), queries.index(query), names.index(cell.recipe)] = value
    return table
