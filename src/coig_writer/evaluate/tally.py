"""Win rates of a set of rankings: matrix, and for each pair counts, exact test and interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coig_writer.evaluate.significance import holm, sign_test, wilson
from coig_writer.evaluate.wins import Duels, Floats
from coig_writer.schema import Ranking

Matrix = dict[str, dict[str, float | None]]
"""Row → column → value; None on the diagonal, and where a pair never met."""


@dataclass(frozen=True)
class PairOutcome:
    """Two models against each other."""

    a: str
    b: str
    wins: int
    """Of a over b, without ties."""
    ties: int
    n: int
    rate: float
    """a over b in %, ties as one half."""
    p: float
    """Exact two-sided sign test on what was not tied."""
    p_holm: float
    """The same, adjusted over all pairs of the group (Holm)."""
    low: float
    high: float
    """Wilson's 95 % interval of the rate, in %."""
    queries: int
    """On so many queries the two met."""
    p_by_query: float
    p_by_query_holm: float
    """The same tests with one vote a query, for whom more of its rankings prefer: what findings go by, since rankings
    of one query are not independent. With one ranking a query they are `p` and `p_holm`."""


@dataclass(frozen=True)
class Tally:
    """The votes of one group of queries."""

    models: list[str]
    n: int
    """Rankings."""
    prompts: int
    raters: int
    wins: Matrix
    """Row over column, ties as one half."""
    win_rate: Matrix
    """In %."""
    pairs: list[PairOutcome]
    """Pairs that met; a stands before b in `models`."""


def tally(rankings: Sequence[Ranking], models: Sequence[str]) -> Tally:
    """The win rates of these rankings."""
    duels = Duels.of(rankings, models)
    wins = duels.wins
    met = wins + wins.T

    def matrix(value: Floats) -> Matrix:
        return {
            row: {
                column: float(value[at, to]) if at != to and met[at, to] else None for to, column in enumerate(models)
            }
            for at, row in enumerate(models)
        }

    return Tally(
        models=list(models),
        n=len(rankings),
        prompts=len(duels.queries),
        raters=len({each.rater for each in rankings}),
        wins=matrix(wins),
        win_rate=matrix(100 * wins / met.clip(min=1)),
        pairs=_pairs(duels),
    )


def _pairs(duels: Duels) -> list[PairOutcome]:
    wins, ties = duels.wins, duels.ties
    by_query = _by_query(duels)
    found = []
    for at, a in enumerate(duels.models):
        for to in range(at + 1, len(duels.models)):
            n, tied = round(wins[at, to] + wins[to, at]), round(ties[at, to])
            if n:
                found.append((a, duels.models[to], round(wins[at, to] - tied / 2), tied, n))
    ps = [sign_test(won, n - tied - won) for _, _, won, tied, n in found]
    clustered = [sign_test(*by_query[a, b][:2]) for a, b, *_ in found]
    outcomes = []
    for row, p, p_holm, by, by_holm in zip(found, ps, holm(ps), clustered, holm(clustered), strict=True):
        a, b, won, tied, n = row
        low, high = wilson(won + tied / 2, n)
        rate = 100 * (won + tied / 2) / n
        outcomes.append(PairOutcome(*row, rate, p, p_holm, 100 * low, 100 * high, by_query[a, b][2], by, by_holm))
    return outcomes


def _by_query(duels: Duels) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Pair → (queries on which more rankings prefer the first, the second; queries on which they met)."""
    count, queries = len(duels.models), max(len(duels.queries), 1)
    met, at = np.unique((duels.first * count + duels.second) * queries + duels.query, return_inverse=True)
    lead = np.sign(np.bincount(at, duels.score - 0.5, len(met)))
    won, lost, all_ = (
        np.bincount(met // queries, chosen, count * count).astype(int)
        for chosen in (lead == 1, lead == -1, np.ones(len(met)))
    )
    return {
        (a, b): (int(won[at := one * count + two]), int(lost[at]), int(all_[at]))
        for one, a in enumerate(duels.models)
        for two, b in enumerate(duels.models)
    }
