"""How many judgements does choosing pairs adaptively spare? A judge of known strengths, no model asked.

python bench/adaptive_pairs.py [--prompts 204] [--rounds 10]
"""

from __future__ import annotations

import argparse
import math
import random

from coig_writer.evaluate.adaptive import Choice, Outcome, Scheduler

STRENGTHS = {
    "one far ahead": (2.5, 0.3, 0.2, 0.1, 0.0),
    "evenly spaced": (1.2, 0.6, 0.0, -0.6, -1.2),
    "all alike": (0.0, 0.0, 0.0, 0.0, 0.0),
}


def needed(scheduler: Scheduler, strengths: dict[str, float], rng: random.Random, choices: list[Choice] | None) -> int:
    """Judgements until all intervals are narrow enough; in the order of `choices`, or as the scheduler likes."""
    outcomes: list[Outcome] = []
    while True:
        if choices is None:
            chosen = scheduler.choose(outcomes, 16)
        else:
            wide = max(each.half_width for each in scheduler.estimates(outcomes).values()) > scheduler.width
            chosen = choices[len(outcomes) : len(outcomes) + 16] if wide else []
        if not chosen:
            return len(outcomes)
        for a, b, query in chosen:
            chance = 1 / (1 + math.exp(strengths[b] - strengths[a]))
            outcomes.append(Outcome(a, b, query, float(rng.random() < chance)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=204)
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args()
    print(f"{'strengths':<16}{'± points':>9}{'all':>7}{'in turn':>9}{'adaptive':>10}{'saved':>8}")
    for name, values in STRENGTHS.items():
        strengths = dict(zip("abcde", values, strict=True))
        choices = [(a, b, f"q{n}") for n in range(asked.prompts) for a in strengths for b in strengths if a < b]
        for width in (0.10, 0.07, 0.05):
            turns, chosen = [], []
            for seed in range(asked.rounds):
                scheduler = Scheduler(choices, width, seed)
                shuffled = random.Random(seed).sample(choices, len(choices))
                turns.append(needed(scheduler, strengths, random.Random(seed), shuffled))
                chosen.append(needed(scheduler, strengths, random.Random(seed), None))
            in_turn, adaptive = sum(turns) / len(turns), sum(chosen) / len(chosen)
            saved = 1 - adaptive / len(choices)
            print(f"{name:<16}{width * 100:>9.0f}{len(choices):>7}{in_turn:>9.0f}{adaptive:>10.0f}{saved:>8.0%}")


if __name__ == "__main__":
    main()
