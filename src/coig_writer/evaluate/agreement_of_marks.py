"""How far two columns of whole-number marks agree: of two judges, of a judge and a person, of two readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coig_writer.evaluate.choice import LEAST_TO_RESAMPLE, interval, known
from coig_writer.evaluate.means import ROUNDS, SEED
from coig_writer.evaluate.reliability import Alpha, krippendorff

TOP = 3
"""The highest mark; the lowest is 0."""


@dataclass(frozen=True)
class Agreement:
    """Agreement of two raters on the same answers; a coefficient is None where it is not defined."""

    n: int
    """Pairs of marks."""
    exact: float | None
    """Share (0–1) of equal marks."""
    within_one: float | None
    """Share (0–1) of marks that differ by one at most."""
    kappa: float | None
    """Cohen's κ with quadratic weights; not defined when both raters give one and the same mark throughout."""
    kappa_low: float | None
    kappa_high: float | None
    """95 % interval of κ, by resampling prompts; None with too few of them, or where resampling moves nothing."""
    alpha: float | None
    """Krippendorff's α, ordinal."""
    spearman: float | None
    """Rank correlation; not defined when a rater gives one mark throughout."""
    difference: float | None
    """Mean of the second's mark minus the first's: how much more generous the second is."""
    table: list[list[int]]
    """`table[a][b]`: how often the first gave a and the second b."""


def agreement(first: Sequence[int], second: Sequence[int], prompts: Sequence[str]) -> Agreement:
    """The agreement of two raters.

    Args:
        first, second: their marks, 0–3, of the same answers in the same order.
        prompts: what each answer answers; marks on one prompt are not independent and are resampled together.
    """
    a, b = np.asarray(first, dtype=int), np.asarray(second, dtype=int)
    size = TOP + 1
    names, place = np.unique(np.asarray(prompts, dtype=object).astype(str), return_inverse=True)
    tables = np.zeros((len(names), size, size))
    np.add.at(tables, (place, a, b), 1)
    table = tables.sum(axis=0)
    low, high = _kappa_interval(tables)
    n = len(a)
    return Agreement(
        n=n,
        exact=float(np.mean(a == b)) if n else None,
        within_one=float(np.mean(np.abs(a - b) <= 1)) if n else None,
        kappa=_number(weighted_kappa(table)),
        kappa_low=low,
        kappa_high=high,
        alpha=ordinal_alpha([(prompt, pair) for prompt, *pair in zip(prompts, first, second, strict=True)]).alpha,
        spearman=spearman(first, second),
        difference=float(np.mean(b - a)) if n else None,
        table=table.astype(int).tolist(),
    )


def weighted_kappa(table: np.ndarray) -> np.ndarray:
    """Cohen's κ with quadratic weights (Cohen 1968) of one or several tables of counts; NaN where it is not defined.

    Args:
        table: counts with the first rater's marks down and the second's across, in the last two axes.
    """
    size = table.shape[-1]
    weights = (np.arange(size)[:, None] - np.arange(size)[None, :]) ** 2
    total = table.sum(axis=(-2, -1))
    expected = table.sum(axis=-1)[..., :, None] * table.sum(axis=-2)[..., None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 - (weights * table).sum(axis=(-2, -1)) * total / (weights * expected).sum(axis=(-2, -1)))


def _kappa_interval(tables: np.ndarray) -> tuple[float | None, float | None]:
    prompts = len(tables)
    if prompts < LEAST_TO_RESAMPLE:
        return None, None
    drawn = np.random.default_rng(SEED).multinomial(prompts, np.full(prompts, 1 / prompts), size=ROUNDS)
    kappas = weighted_kappa(np.tensordot(drawn, tables, axes=1))
    kappas = kappas[np.isfinite(kappas)]
    if len(kappas) < ROUNDS / 2:  # most resamples hold a single mark
        return None, None
    low, high = interval(kappas, prompts)
    return known(low), known(high)


def ordinal_alpha(units: Sequence[tuple[str, Sequence[int]]]) -> Alpha:
    """Krippendorff's α of ordinal marks.

    Args:
        units: for each answer, what it answers and the marks that it got; with fewer than two it is left out.
    """
    return krippendorff({(prompt, place): marks for place, (prompt, marks) in enumerate(units)}, "ordinal")


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rank correlation; None when a side does not vary."""
    from scipy.stats import spearmanr

    if len(set(first)) < 2 or len(set(second)) < 2:
        return None
    return float(spearmanr(first, second).statistic)


def _number(value: np.ndarray) -> float | None:
    return float(value) if np.isfinite(value) else None
