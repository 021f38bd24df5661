"""Rankings for tests, from few words."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from coig_writer.evaluate.votes import Topic, Votes, places_of
from coig_writer.schema import Ranking


def ranked(*orders: str, rater: str = "human:li", start: int = 1, **more) -> list[Ranking]:
    """One ranking a query; `A>B=C` is A before B and C, which tie."""
    made = []
    for number, order in enumerate(orders, start):
        places, place = {}, 1
        for tied in order.split(">"):
            names = tied.split("=")
            places |= dict.fromkeys(names, place)
            place += len(names)
        made.append(Ranking(query_id=f"zh-{number}", rater=rater, places=places, **more))
    return made


def votes_of(rankings, **more) -> Votes:
    topics = {each.query_id: Topic(each.query_id[:2]) for each in rankings}
    return Votes(rankings=list(rankings), topics=topics, **more)


def random_rankings(count: int, models: str = "ABCDE", *, seed: int = 0, ties: bool = False, raters: int = 1):
    """Orders by strength with noise; with `ties`, marks from 0 to 3 in place of orders."""
    random = np.random.default_rng(seed)
    strength = np.linspace(0, 1.5, len(models))
    made = []
    for number in range(count):
        for rater in range(raters):
            marks = strength + random.gumbel(size=len(models))
            if ties:
                marks = np.clip(np.round(marks), 0, 3)
            places = places_of(dict(zip(models, marks.tolist(), strict=True)))
            made.append(Ranking(query_id=f"zh-{number}", rater=f"human:{rater}", places=places))
    return made


rankings = st.lists(
    st.tuples(st.integers(0, 4), st.dictionaries(st.sampled_from("ABCD"), st.integers(0, 3), min_size=2)),
    min_size=1,
    max_size=12,
).map(
    lambda rows: [
        Ranking(query_id=f"zh-{query}", rater=f"human:{at}", places=places_of(marks))
        for at, (query, marks) in enumerate(rows)
    ]
)
