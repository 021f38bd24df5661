"""One score for each model from all comparisons, with intervals that know that one prompt gives many pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from coig_writer.evaluate.bonds import Bonds
from coig_writer.evaluate.choice import (
    LEAST_TO_RESAMPLE,
    ChoiceSets,
    bootstrap,
    interval,
    known,
    order_sets,
    pair_sets,
    strengths,
    sums_table,
)
from coig_writer.evaluate.wins import Duels, Floats
from coig_writer.schema import Ranking

LEAST_FOR_FIT = 10
"""Queries below which nothing is said of the fit: residuals of a handful are no distribution to judge by."""


@dataclass(frozen=True)
class Score:
    """A model's strength as log odds: a model that is higher by d beats the other with odds e^d.

    The mean is 0 over the models that the data bound, apart for each set of models that never met another one.
    """

    score: float
    low: float | None
    high: float | None
    """95 % interval by percentiles of the bootstrap over prompts. None: too few prompts to resample, prompts that do
    not differ, or a score without bound."""
    rank: int
    """Place among the models that it was compared with, directly or by way of others."""
    rank_low: int | None
    rank_high: int | None
    """95 % interval of the place; None with too few prompts to resample."""
    separated: bool
    """No data bound the score: it won or lost all against the rest, or met nobody. It is what the weak prior leaves of
    infinity, or 0."""


@dataclass(frozen=True)
class Fit:
    """How well one score a model explains all pairs."""

    statistic: float
    """Pearson's X² over all pairs."""
    p: float
    """Chance of so large a value if the model held, by a bootstrap over prompts around the data's own residuals."""
    worst: tuple[str, str]
    observed: float
    expected: float
    """Of the pair that fits worst: how often the first beat the second, and how often it should have, in %."""


def bradley_terry(duels: Duels, rounds: int = 1000, seed: int = 0) -> dict[str, Score]:
    """Model → its Bradley–Terry score; ties count one half for each side."""
    return _scores(duels.models, pair_sets(duels), Bonds.of(duels), rounds, seed)


def plackett_luce(
    rankings: Sequence[Ranking], models: Sequence[str], rounds: int = 1000, seed: int = 0
) -> dict[str, Score]:
    """Model → its Plackett–Luce score, from whole orders instead of pairs."""
    return _scores(models, order_sets(rankings, models), Bonds.of(Duels.of(rankings, models)), rounds, seed)


def _scores(models: Sequence[str], sets: ChoiceSets, bonds: Bonds, rounds: int, seed: int) -> dict[str, Score]:
    if not models:
        return {}
    (plain,) = strengths(sets)
    fitted = bonds.centred(plain[None])[0]
    sampled = bootstrap(lambda weights: bonds.centred(strengths(sets, weights, plain)), sets.prompts, rounds, seed)
    lows, highs = interval(sampled, sets.prompts)
    rank = _ranks(fitted[None], bonds)[0]
    best, worst = np.quantile(_ranks(sampled, bonds), (0.025, 0.975), axis=0, method="nearest")
    enough = sets.prompts >= LEAST_TO_RESAMPLE
    return {
        model: Score(
            float(fitted[at]),
            known(lows[at]) if bonds.bound[at] else None,
            known(highs[at]) if bonds.bound[at] else None,
            int(rank[at]),
            int(best[at]) if enough else None,
            int(worst[at]) if enough else None,
            not bonds.bound[at],
        )
        for at, model in enumerate(models)
    }


def _ranks(thetas: Floats, bonds: Bonds) -> Floats:
    """1 for the highest of each component in each row; those equal to rounding share the better place."""
    together = bonds.component[:, None] == bonds.component[None, :]
    higher = (thetas[:, None, :] > thetas[:, :, None] + 1e-9) & together
    return 1 + higher.sum(axis=2)


def goodness_of_fit(duels: Duels, rounds: int = 1000, seed: int = 0) -> Fit | None:
    """Whether one score a model is enough.

    The pairs of a ranking are not independent, so X² has no χ² distribution here; its own is found by resampling
    prompts and taking each round's residuals about those of the data.

    Only pairs of models that beat each other, directly or by way of others, can fit badly: of two models of which one
    won all, any score that is high enough is right. None where such pairs are no more than the scores fitted to
    them, as with fewer than three models, and for fewer than ten queries, where nobody can tell.
    """
    bonds = Bonds.of(duels)
    first, second = np.triu_indices(len(duels.models), 1)
    tested = (bonds.group[first] == bonds.group[second]) & ((duels.wins + duels.wins.T)[first, second] > 0)
    free = int(tested.sum()) - (len(duels.models) - len(set(bonds.group.tolist())))
    if free < 1 or len(duels.queries) < LEAST_FOR_FIT:
        return None
    sets = pair_sets(duels)
    won = _wins_by_prompt(duels)
    (theta,) = strengths(sets)
    everything = np.ones((1, len(duels.queries)))

    def residuals(thetas: Floats, each: Floats) -> tuple[Floats, Floats, Floats]:
        rate = 1 / (1 + np.exp(thetas[:, second] - thetas[:, first]))
        met = each @ sets.counts
        return (each @ won - met * rate) * tested, met, rate

    (left,), (met,), (rate,) = residuals(theta[None], everything)
    variance = np.maximum(met * rate * (1 - rate), 1e-12)
    statistic = float((left**2 / variance).sum())

    def sampled(weights: Floats) -> Floats:
        about, _, _ = residuals(strengths(sets, weights, theta), weights)
        return np.asarray(((about - left) ** 2 / variance).sum(axis=1))

    as_large = int((bootstrap(sampled, sets.prompts, rounds, seed) >= statistic - 1e-9).sum())
    worst = int((left**2 / variance).argmax())
    return Fit(
        statistic,
        (1 + as_large) / (1 + rounds),
        (duels.models[first[worst]], duels.models[second[worst]]),
        float(100 * (left[worst] / max(met[worst], 1e-12) + rate[worst])),
        float(100 * rate[worst]),
    )


def _wins_by_prompt(duels: Duels) -> Any:
    """(prompts, pairs) wins of the first over the second, in the order of `pair_sets`; an array or sparse."""
    count = len(duels.models)
    first, second = np.triu_indices(count, 1)
    place = np.zeros((count, count), dtype=np.int64)
    place[first, second] = np.arange(len(first))
    return sums_table(duels.query, place[duels.first, duels.second], duels.score, (len(duels.queries), len(first)))
