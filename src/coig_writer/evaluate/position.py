"""Whether the place on the page, and not the text, decides: order of display against outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coig_writer.evaluate.concordance import friedman
from coig_writer.evaluate.significance import sign_test, wilson
from coig_writer.evaluate.votes import points
from coig_writer.schema import Ranking


@dataclass(frozen=True)
class PositionBias:
    """What stood where, and how well it did there."""

    n: int
    """Rankings with a known order of as many answers as most have."""
    shown: int
    """Answers side by side."""
    win_rate: list[float]
    """Mean share of the others that an answer beat, in %, by its place in the order of display; 50 without bias."""
    p: float
    """That all places are alike: Friedman's test, or the exact sign test for two."""


@dataclass(frozen=True)
class PositionConsistency:
    """Pairs that one judge saw in both orders."""

    n: int
    consistent: int
    """Of these, pairs with the same outcome both times."""
    low: float
    high: float
    """Wilson's 95 % interval of the share that is consistent, in %."""


def position_bias(rankings: Sequence[Ranking]) -> PositionBias | None:
    """The bias over all rankings whose order of display is known; None where there are none."""
    known = [each for each in rankings if sorted(each.shown) == sorted(each.places)]
    if not known:
        return None
    shown = Counter(len(each.shown) for each in known).most_common(1)[0][0]
    rows = np.array([[points(each)[model] for model in each.shown] for each in known if len(each.shown) == shown])
    if shown == 2:
        p = sign_test(int((rows[:, 0] == 1).sum()), int((rows[:, 1] == 1).sum()))
    else:
        test = friedman(rows)
        p = test.p if test else 1.0
    return PositionBias(len(rows), shown, [float(100 * rate) for rate in rows.mean(axis=0)], p)


def position_consistency(rankings: Sequence[Ranking]) -> PositionConsistency | None:
    """How often a rater's verdict on a pair stands when the two are shown the other way round; None if none were."""
    seen: dict[tuple[str, str, frozenset[str]], dict[str, dict[str, int]]] = {}
    for each in rankings:
        if len(each.places) == 2 and sorted(each.shown) == sorted(each.places):
            key = (each.rater, each.query_id, frozenset(each.places))
            seen.setdefault(key, {})[each.shown[0]] = each.places
    both = [list(orders.values()) for orders in seen.values() if len(orders) == 2]
    if not both:
        return None
    consistent = sum(first == second for first, second in both)
    low, high = wilson(consistent, len(both))
    return PositionConsistency(len(both), consistent, 100 * low, 100 * high)
