"""Means over prompts with intervals from a bootstrap that resamples prompts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

ROUNDS = 2000
"""Of the bootstrap."""
SEED = 0
"""Of the bootstrap: the same data give the same interval."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over prompts; several answers to one prompt count as their mean."""

    mean: float
    low: float | None
    high: float | None
    """95 % percentile interval; None for a single prompt."""
    prompts: int


def by_prompt(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Prompt → the mean of its values."""
    found: dict[str, list[float]] = {}
    for prompt, value in values:
        found.setdefault(prompt, []).append(value)
    return {prompt: sum(each) / len(each) for prompt, each in found.items()}


def mean_of(values: Mapping[str, float]) -> Mean | None:
    """The mean of one value a prompt; None when there is no prompt."""
    if not values:
        return None
    numbers = np.array([values[prompt] for prompt in sorted(values)])  # sorted: the order must not move the interval
    if len(numbers) == 1:
        return Mean(float(numbers[0]), None, None, 1)
    drawn = np.random.default_rng(SEED).multinomial(len(numbers), np.full(len(numbers), 1 / len(numbers)), size=ROUNDS)
    low, high = np.quantile(drawn @ numbers / len(numbers), [0.025, 0.975])
    return Mean(float(numbers.mean()), float(low), float(high), len(numbers))


def paired(first: Mapping[str, float], second: Mapping[str, float]) -> Mean | None:
    """The mean of first minus second over the prompts that both have."""
    return mean_of({prompt: first[prompt] - second[prompt] for prompt in first.keys() & second.keys()})
