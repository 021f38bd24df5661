"""How often the intervals and p-values of experiments are right, on simulated curves of which we know the truth.

    python bench/threshold.py [--times 300]

80 queries (or 6) differ by 2, answers by 1; with `luck`, each training's mean differs by so much. `means` and
`crossing`: share of 95 % intervals that hold the true value. `flat`: share of curves without a step that are called
one (p < .05); `found`: the same of curves with a step of 1.
"""

from __future__ import annotations

import argparse

import numpy as np

from coig_writer.evaluate.threshold import change_point, crossing, points_of

DOSES = np.array([0.0, 0.6, 3.0, 6.0, 12.0])
LEVEL = 4.0
CASES = ((1, 0.0, 80), (1, 0.0, 6), (2, 0.0, 80), (3, 0.0, 80), (1, 0.3, 80), (2, 0.3, 80), (3, 0.3, 80), (2, 0.3, 6))
"""Seeds, luck, queries."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--times", type=int, default=300)
    options.add_argument("--rounds", type=int, default=400)
    given = options.parse_args()
    print("seeds  luck  queries  means  crossing   flat  found")
    for seeds, luck, queries in CASES:
        rng = np.random.default_rng(1)
        rows = [one(rng, seeds, luck, queries, given.rounds) for _ in range(given.times)]
        means, crossed, flat, found = np.mean(rows, axis=0)
        print(f"{seeds:5} {luck:5} {queries:8} {means:6.0%} {crossed:9.0%} {flat:6.0%} {found:6.0%}", flush=True)


def one(rng: np.random.Generator, seeds: int, luck: float, queries: int, rounds: int) -> tuple[float, bool, bool, bool]:
    """(share of means within their interval, crossing within its own, a flat curve called a step, a step found)."""

    def curve(means: np.ndarray | list[float]) -> np.ndarray:
        hard = rng.normal(0, 2, (1, queries, 1))
        lucky = rng.normal(0, luck, (seeds, 1, len(DOSES)))
        return np.array(means) + hard + lucky + rng.normal(0, 1, (seeds, queries, len(DOSES)))

    rising = curve(DOSES)
    points = points_of(DOSES, rising, rounds=rounds)
    at = crossing(DOSES, rising, LEVEL, rounds=rounds)
    return (
        float(np.mean([point.low <= dose <= point.high for point, dose in zip(points, DOSES, strict=True)])),
        (at.low is None or at.low <= LEVEL) and (at.high is None or at.high >= LEVEL),
        change_point(DOSES, curve([0] * 5), rounds=rounds).p < 0.05,
        change_point(DOSES, curve([0, 0, 0, 1, 1]), rounds=rounds).p < 0.05,
    )


if __name__ == "__main__":
    main()
