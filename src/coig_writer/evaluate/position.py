"""Whether the place on the page, and not the text, decides: order of display against outcome."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coig_writer.evaluate.concordance import friedman
from coig_writer.evaluate.significance import sign_test, wilson_clustered
from coig_writer.evaluate.votes import points
from coig_writer.evaluate.wins import Floats
from coig_writer.schema import Ranking


@dataclass(frozen=True)
class PositionBias:
    """What stood where, and how well it did there."""

    n: int
    """Rankings with a known order of as many answers as most have."""
    queries: int
    """On so many queries."""
    shown: int
    """Answers side by side."""
    win_rate: list[float]
    """Mean share of the others that an answer beat, in %, by its place in the order of display; 50 without bias."""
    p: float | None
    """That all places are alike: Friedman's test over queries, or the exact sign test for two. A query counts once,
    with the mean of its rankings, which are not independent. None for a single query."""


@dataclass(frozen=True)
class PositionConsistency:
    """Pairs that one judge saw in both orders."""

    n: int
    consistent: int
    """Of these, pairs with the same outcome both times."""
    low: float
    high: float
    """Wilson's 95 % interval of the share that is consistent, in %, for as many independent pairs as the queries are
    worth."""


def position_bias(rankings: Sequence[Ranking]) -> PositionBias | None:
    """The bias over all rankings whose order of display is known; None where there are none."""
    known = [each for each in rankings if sorted(each.shown) == sorted(each.places)]
    if not known:
        return None
    shown = Counter(len(each.shown) for each in known).most_common(1)[0][0]
    by_query: defaultdict[str, list[list[float]]] = defaultdict(list)
    for each in known:
        if len(each.shown) == shown:
            found = points(each)
            by_query[each.query_id].append([found[model] for model in each.shown])
    rows = np.array([row for given in by_query.values() for row in given])
    means = np.round([np.mean(given, axis=0) for given in by_query.values()], 9)
    rates = [float(100 * rate) for rate in rows.mean(axis=0)]
    return PositionBias(len(rows), len(means), shown, rates, _chance(means))


def _chance(means: Floats) -> float | None:
    """p of the marks (queries, places) if places were alike."""
    if len(means) < 2:
        return None
    if means.shape[1] == 2:
        return sign_test(int((means[:, 0] > 0.5).sum()), int((means[:, 0] < 0.5).sum()))
    test = friedman(means)
    return test.p if test else None


def position_consistency(rankings: Sequence[Ranking]) -> PositionConsistency | None:
    """How often a rater's verdict on a pair stands when the two are shown the other way round; None if none were."""
    seen: dict[tuple[str, str, frozenset[str]], dict[str, dict[str, int]]] = {}
    for each in rankings:
        if len(each.places) == 2 and sorted(each.shown) == sorted(each.places):
            key = (each.rater, each.query_id, frozenset(each.places))
            seen.setdefault(key, {})[each.shown[0]] = each.places
    both = {key: list(orders.values()) for key, orders in seen.items() if len(orders) == 2}
    if not both:
        return None
    same = [float(first == second) for first, second in both.values()]
    low, high = wilson_clustered(same, [query for _, query, _ in both])
    return PositionConsistency(len(both), round(sum(same)), 100 * low, 100 * high)
