"""Rankings made to have given counts, where only the counts were published. They are nobody's votes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations

import numpy as np

from coig_writer.errors import InputError
from coig_writer.evaluate.votes import Topic, Votes
from coig_writer.schema import Ranking

RATER = "human:synthetic"
"""The rater of made rankings, so that nobody takes them for a person's."""
PUBLISHED_MODELS = ("CW", "CW+1k", "CW+5k", "CW+10k", "G")
PUBLISHED_WINS = {
    "zh": (204, ((80, 66, 53, 73), (81, 66, 86), (85, 102), (128,))),
    "en": (353, ((136, 96, 85, 83), (125, 114, 106), (174, 149), (164,))),
}
"""Language → number of rankings, and each model's wins over those after it: arXiv 2510.14763, Table 2, as counts."""


def rankings_with_counts(
    models: Sequence[str], counts: Sequence[Sequence[int]], n: int, prefix: str = "synthetic"
) -> list[Ranking]:
    """`n` complete orders without ties in which each model beats each later one exactly as often as asked.

    Integer programming over all orders, so for a few models only (five have 120).

    Args:
        counts: for each model but the last, its wins over those after it.
        prefix: of the query ids; `zh-` or `en-` at its start gives the language.

    Raises:
        InputError: no such rankings exist.
    """
    from scipy.optimize import LinearConstraint, milp

    orders = list(permutations(range(len(models))))
    pairs = list(combinations(range(len(models)), 2))
    rows = [[order.index(first) < order.index(second) for order in orders] for first, second in pairs]
    wanted = np.array([*(count for row in counts for count in row), n])
    constraint = LinearConstraint(np.array([*rows, [True] * len(orders)], dtype=float), wanted, wanted)
    solved = milp(np.zeros(len(orders)), constraints=constraint, integrality=np.ones(len(orders)))
    if not solved.success:
        raise InputError(
            f"no {n} rankings have these counts", remedy="Check that each count is of the pair it stands for."
        )
    made = [order for order, times in zip(orders, np.rint(solved.x).astype(int), strict=True) for _ in range(times)]
    return [
        Ranking(
            query_id=f"{prefix}-{number:04}",
            rater=RATER,
            places={models[model]: place for place, model in enumerate(order, 1)},
        )
        for number, order in enumerate(made, 1)
    ]


def published_rankings() -> list[Ranking]:
    """Made rankings with the counts of the paper's Table 2, Chinese and English. Synthetic: nobody ranked these."""
    return [
        ranking
        for language, (n, counts) in PUBLISHED_WINS.items()
        for ranking in rankings_with_counts(PUBLISHED_MODELS, counts, n, f"{language}-synthetic")
    ]


def published_votes() -> Votes:
    """`published_rankings` as votes on queries of two languages."""
    rankings = published_rankings()
    return Votes(rankings, topics={each.query_id: Topic(each.query_id.partition("-")[0]) for each in rankings})
