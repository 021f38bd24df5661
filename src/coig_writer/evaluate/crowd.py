"""Models of a crowd: who is reliable, and what the outcomes are when each rater counts accordingly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coig_writer.evaluate.agreement import outcomes_by_rater
from coig_writer.evaluate.choice import ChoiceSets, pair_sets, strengths
from coig_writer.evaluate.reliability import units_by
from coig_writer.evaluate.tally import Matrix
from coig_writer.evaluate.votes import UNNAMED
from coig_writer.evaluate.wins import Duels, Floats, Integers
from coig_writer.schema import Ranking

OUTCOMES = (-1, 0, 1)
SMOOTHING = 0.01
"""Added to each count of a rater's confusions, so that what was never seen is not impossible."""
HONEST = 9.0
"""Pseudo-counts of reliable votes a rater starts with: a prior of Beta(10, 1), as in Chen et al. 2013."""
_ITERATIONS = 1000
_NEAR = 1e-7
"""A chance that moves less than this stands."""


@dataclass(frozen=True)
class Crowd:
    """Two views of raters of different skill; both need pairs that several raters judged."""

    units: int
    """Pairs of models on a query that two raters or more judged."""
    accuracy: dict[str, float]
    """Rater → chance (0–1) of reporting the outcome as it is, by Dawid and Skene (1979)."""
    win_rate: Matrix
    """Row over column in %, of the outcomes as Dawid and Skene infer them."""
    reliability: dict[str, float]
    """Rater → chance (0–1) of reporting a comparison and not its reverse, by noisy Bradley–Terry; ½ is guessing."""
    scores: dict[str, float]
    """Model → Bradley–Terry score (log odds, mean 0) when unreliable raters count less."""


def crowd(rankings: Sequence[Ranking], models: Sequence[str]) -> Crowd | None:
    """The models of these raters; None where no pair was judged by two who gave their names."""
    named = [each for each in rankings if each.rater != f"human:{UNNAMED}"]
    votes = outcomes_by_rater(named)
    shared = sum(len(values) > 1 for values in units_by(votes).values())
    if not shared:
        return None
    raters = sorted(votes)
    units = list(dict.fromkeys(unit for rater in raters for unit in votes[rater]))
    place = {unit: index for index, unit in enumerate(units)}
    rows = np.array(
        [
            (place[unit], at, OUTCOMES.index(value))
            for at, rater in enumerate(raters)
            for unit, value in votes[rater].items()
        ]
    )
    unit, said = rows[:, 0], rows[:, 2]
    both = (np.concatenate([unit, unit + len(units)]), np.tile(rows[:, 1], 2), np.concatenate([said, 2 - said]))
    outcomes, accuracy = dawid_skene(*both, len(OUTCOMES))  # each pair both ways round, so that names do not matter
    duels = Duels.of(named, models)
    rater_of = np.array([raters.index(each.rater) for each in named])[duels.ranking]
    scores, reliability = noisy_bradley_terry(duels, rater_of, len(raters))
    return Crowd(
        units=shared,
        accuracy=dict(zip(raters, accuracy.tolist(), strict=True)),
        win_rate=_win_rate([pair for _, pair in units], outcomes[: len(units)] @ np.array([0, 0.5, 1]), models),
        reliability=dict(zip(raters, reliability.tolist(), strict=True)),
        scores=dict(zip(models, scores.tolist(), strict=True)),
    )


def _win_rate(pairs: Sequence[tuple[str, str]], score: Floats, models: Sequence[str]) -> Matrix:
    sums: dict[tuple[str, str], list[float]] = {}
    for (first, second), value in zip(pairs, score.tolist(), strict=True):
        sums.setdefault((first, second), []).append(100 * value)
        sums.setdefault((second, first), []).append(100 - 100 * value)
    return {
        row: {column: float(np.mean(sums[row, column])) if (row, column) in sums else None for column in models}
        for row in models
    }


def dawid_skene(unit: Integers, rater: Integers, label: Integers, labels: int) -> tuple[Floats, Floats]:
    """(chance of each label for each unit, accuracy of each rater), by expectation maximisation from the majority.

    Args:
        unit, rater, label: one vote a row, as whole numbers from 0 without gaps.
        labels: how many labels there are.
    """
    from scipy.sparse import coo_array

    units, raters = int(unit.max()) + 1, int(rater.max()) + 1
    votes = coo_array((np.ones(len(unit)), (unit, rater * labels + label)), shape=(units, raters * labels)).tocsr()
    chance = np.bincount(unit * labels + label, minlength=units * labels).reshape(units, labels).astype(float)
    chance /= chance.sum(axis=1, keepdims=True)
    before = np.zeros((raters, labels, labels))
    for _ in range(_ITERATIONS):
        common = chance.mean(axis=0)
        confusion = (votes.T @ chance).reshape(raters, labels, labels) + SMOOTHING  # rater, said, true
        confusion /= confusion.sum(axis=1, keepdims=True)
        evidence = np.log(np.maximum(common, 1e-300)) + votes @ np.log(confusion).reshape(-1, labels)
        updated = np.exp(evidence - evidence.max(axis=1, keepdims=True))
        chance = updated / updated.sum(axis=1, keepdims=True)
        moved = np.abs(confusion - before).max()
        before = confusion
        if moved < _NEAR:
            break
    return chance, np.einsum("rkk,k->r", confusion, common)


def noisy_bradley_terry(duels: Duels, rater: Integers, raters: int) -> tuple[Floats, Floats]:
    """(scores of the models, reliability of each rater): a rater reports a comparison as Bradley–Terry has it with
    the chance that is its reliability, else reversed (Chen et al. 2013, without its online part).

    Args:
        rater: (duels,) whose duel each is.
    """
    sets = pair_sets(duels)
    met = np.asarray(sets.counts.sum(axis=0)).reshape(1, -1)
    reliability = np.full(raters, HONEST / (HONEST + 1))
    theta = np.zeros(len(duels.models))
    kinds, times = np.unique(np.stack([rater, duels.first, duels.second, 2 * duels.score]), axis=1, return_counts=True)
    who, first, second = kinds[:3].astype(np.int64)
    won = times * kinds[3] / 2
    lost = times - won
    votes = np.bincount(who, times, raters)
    for _ in range(_ITERATIONS):
        rate = 1 / (1 + np.exp(theta[second] - theta[first]))
        honest = reliability[who]
        if_won = honest * rate / (honest * rate + (1 - honest) * (1 - rate))
        if_lost = honest * (1 - rate) / (honest * (1 - rate) + (1 - honest) * rate)
        updated = np.bincount(who, won * if_won + lost * if_lost, raters)
        updated = np.minimum((updated + HONEST) / (votes + HONEST), 1 - 1e-9)
        better = won * if_won + lost * (1 - if_lost)  # expected times that the first is truly better
        gains = np.bincount(first, better, len(theta)) + np.bincount(second, times - better, len(theta))
        (theta,) = strengths(ChoiceSets(sets.shares, met, gains[None]), start=theta)
        moved = np.abs(updated - reliability).max()
        reliability = updated
        if moved < _NEAR:
            break
    return theta, reliability
