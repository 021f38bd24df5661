"""Which pairs to judge next, so that win rates are known well enough with as few judgements as possible.

A Bradley–Terry model of what has been judged says how wide the interval of each win rate is; the widest is narrowed
first. The intervals here are for planning: looking at them again and again makes them a little too narrow. What is
reported of the result comes from `coig-writer compare`.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST = 8
"""Judgements of two models before their interval is believed."""
PRIOR = 0.25
"""Information on each model's strength before anything is judged; keeps strengths finite, and hardly counts later."""
Z = 1.959963984540054
Pair = tuple[str, str]
Choice = tuple[str, str, str]
"""Two models and a query."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one choice."""

    a: str
    b: str
    query: str
    score: float
    """1 when a won, 0 when b did, one half for a tie."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The win rate of the first of two models over the second (0–1), with a 95 % interval."""

    rate: float
    low: float
    high: float
    n: int
    """Judgements of these two models."""

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2


class Scheduler:
    """Chooses what to judge next; a function of candidates, outcomes and seed alone.

    Args:
        candidates: everything that could be judged.
        width: the greatest half width (0–1) of any pair's interval that is good enough.
        seed: of the order in which queries are taken.
    """

    def __init__(self, candidates: Sequence[Choice], width: float, seed: int = 0):
        self.candidates = list(candidates)
        self.width = width
        self.models = sorted({model for a, b, _ in candidates for model in (a, b)})
        self.pairs: list[Pair] = list(dict.fromkeys((a, b) for a, b, _ in candidates))
        self._contrast = np.array([self._direction(pair) for pair in self.pairs])
        queries = sorted({query for _, _, query in candidates})
        random.Random(seed).shuffle(queries)
        self._turn = {query: turn for turn, query in enumerate(queries)}

    def estimates(self, outcomes: Sequence[Outcome]) -> dict[Pair, Estimate]:
        """The win rate of each pair as far as the outcomes tell."""
        strengths, variances, _ = self._fit(outcomes)
        counts = Counter((each.a, each.b) for each in outcomes)
        gaps = self._contrast @ strengths
        reach = Z * np.sqrt(variances)
        return {
            pair: Estimate(float(_sigmoid(gap)), float(_sigmoid(gap - each)), float(_sigmoid(gap + each)), counts[pair])
            for pair, gap, each in zip(self.pairs, gaps, reach, strict=True)
        }

    def choose(self, outcomes: Sequence[Outcome], count: int, begun: Sequence[Choice] = ()) -> list[Choice]:
        """The next `count` choices, or fewer; none when every interval is narrow enough or nothing is left.

        Args:
            begun: choices that were made before; those without an outcome failed and are not chosen again.
        """
        done = {*begun, *((each.a, each.b, each.query) for each in outcomes)}
        left: defaultdict[Pair, list[str]] = defaultdict(list)
        for a, b, query in self.candidates:
            if (a, b, query) not in done:
                left[a, b].append(query)
        strengths, variances, information = self._fit(outcomes)
        gaps = self._contrast @ strengths
        spread = variances / _quadratic(self._contrast, np.linalg.inv(information))  # what prompts add; stays as it is
        counts = Counter((each.a, each.b) for each in outcomes)
        uses = Counter(query for _, _, query in done)
        chosen: list[Choice] = []
        while len(chosen) < count:
            reach = Z * np.sqrt(spread * _quadratic(self._contrast, np.linalg.inv(information)))
            widths = (_sigmoid(gaps + reach) - _sigmoid(gaps - reach)) / 2
            wanted = [
                (counts[pair] < LEAST, widths[place], -place)
                for place, pair in enumerate(self.pairs)
                if left[pair] and (counts[pair] < LEAST or widths[place] > self.width)
            ]
            if not wanted:
                break
            place = -max(wanted)[2]
            pair = self.pairs[place]
            query = min(left[pair], key=lambda each: (uses[each], self._turn[each]))
            left[pair].remove(query)
            chosen.append((*pair, query))
            counts[pair] += 1
            uses[query] += 1
            rate = _sigmoid(gaps[place])
            information = information + rate * (1 - rate) * np.outer(self._contrast[place], self._contrast[place])
        return chosen

    def _direction(self, pair: Pair) -> np.ndarray:
        direction = np.zeros(len(self.models))
        direction[self.models.index(pair[0])], direction[self.models.index(pair[1])] = 1, -1
        return direction

    def _fit(self, outcomes: Sequence[Outcome]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Strengths (log-odds), the variance of each pair's difference, and the information matrix.

        The variance is the larger of the model's own and one that allows for outcomes on one prompt to go together
        (sandwich estimator, clustered by prompt).
        """
        size = len(self.models)
        x = np.array([self._direction((each.a, each.b)) for each in outcomes]).reshape(-1, size)
        y = np.array([each.score for each in outcomes])
        strengths = np.zeros(size)
        for _ in range(50):
            rates = _sigmoid(x @ strengths)
            information = (x * (rates * (1 - rates))[:, None]).T @ x + PRIOR * np.eye(size)
            step = np.linalg.solve(information, x.T @ (y - rates) - PRIOR * strengths)
            strengths += step
            if np.abs(step).max() < 1e-10:
                break
        rates = _sigmoid(x @ strengths)
        information = (x * (rates * (1 - rates))[:, None]).T @ x + PRIOR * np.eye(size)
        inverse = np.linalg.inv(information)
        turns = np.array([self._turn[each.query] for each in outcomes], dtype=int)
        scores = np.zeros((len(self._turn), size))
        np.add.at(scores, turns, x * (y - rates)[:, None])
        clustered = inverse @ (scores.T @ scores) @ inverse
        variances = np.maximum(_quadratic(self._contrast, inverse), _quadratic(self._contrast, clustered))
        return strengths, variances, information


def _quadratic(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """rᵀ M r for each row r."""
    return np.asarray(np.einsum("ij,jk,ik->i", rows, matrix, rows))


def _sigmoid(value: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-value)))
