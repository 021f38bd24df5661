"""Bradley–Terry with intervals by a bootstrap over prompts, beside evalica's bootstrap and a fit of each round.

    python bench/bradley_terry.py [--comparisons 100000] [--models 20] [--prompts 1000] [--rounds 1000] [--json]

All see the same comparisons. `ours` is `evaluate.bradley_terry`. `evalica` is its own bootstrap, which resamples
comparisons and cannot resample prompts. `each round` resamples prompts as ours does and hands the rows of each round
to evalica's fit, which is what one writes with a library that has no clusters; it draws the very same prompts, so its
intervals must be ours. `counted` is in between and for information: the rows of each round are counted, and each
round is solved for itself. Peak memory is that of a fresh process that does nothing else but ours, data included.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from coig_writer.evaluate.bradley_terry import bradley_terry
from coig_writer.evaluate.choice import pair_sets, resamples, strengths
from coig_writer.evaluate.wins import Duels

SEED = 0


def duels_of(comparisons: int, models: int, prompts: int) -> Duels:
    """Random comparisons of models whose strengths are one to two units apart, a few ties among them."""
    random = np.random.default_rng(7)
    strength = np.linspace(-1, 1, models)
    first = random.integers(0, models - 1, comparisons)
    second = random.integers(first + 1, models)
    rate = 1 / (1 + np.exp(strength[second] - strength[first]))
    score = np.where(random.random(comparisons) < 0.05, 0.5, random.random(comparisons) < rate)
    names = tuple(f"model-{at:02}" for at in range(models))
    prompt = random.integers(0, prompts, comparisons)
    return Duels(names, tuple(map(str, range(prompts))), prompt, np.arange(comparisons), first, second, score)


def rows_of(duels: Duels, rows: Any = slice(None)) -> tuple[list[str], list[str], list[Any]]:
    """Comparisons as evalica takes them."""
    import evalica

    names = np.array(duels.models)
    outcome = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}
    scores = duels.score[rows].tolist()
    return names[duels.first[rows]].tolist(), names[duels.second[rows]].tolist(), [outcome[each] for each in scores]


def ours(duels: Duels, rounds: int) -> np.ndarray:
    """(models, 2) low and high."""
    found = bradley_terry(duels, rounds, SEED)
    return np.array([[found[model].low, found[model].high] for model in duels.models])


def evalicas(duels: Duels, rounds: int) -> np.ndarray:
    import evalica

    method: Any = evalica.bradley_terry
    found = evalica.bootstrap(
        method, *rows_of(duels), n_resamples=rounds, bootstrap_method="percentile", random_state=SEED
    )
    logs = np.log(found.distribution[list(duels.models)].to_numpy())
    return interval(logs - logs.mean(axis=1, keepdims=True))


def each_round(duels: Duels, rounds: int) -> np.ndarray:
    import evalica

    fitted = []
    for rows in resampled_rows(duels, rounds):
        scores = evalica.bradley_terry(*rows_of(duels, rows)).scores[list(duels.models)].to_numpy()
        fitted.append(np.log(scores) - np.log(scores).mean())
    return interval(np.array(fitted))


def counted(duels: Duels, rounds: int) -> np.ndarray:
    fitted = []
    for rows in resampled_rows(duels, rounds):
        once = Duels(
            duels.models,
            ("all",),
            np.zeros(len(rows), dtype=np.int64),
            duels.ranking[rows],
            duels.first[rows],
            duels.second[rows],
            duels.score[rows],
        )
        fitted.append(strengths(pair_sets(once))[0])
    return interval(np.array(fitted))


def resampled_rows(duels: Duels, rounds: int) -> Any:
    """The rows of the prompts that each round draws, the same rounds as ours."""
    order = np.argsort(duels.query, kind="stable")
    starts = np.searchsorted(duels.query[order], np.arange(len(duels.queries) + 1))
    by_prompt = [order[begin:end] for begin, end in pairwise(starts)]
    for weights in resamples(len(duels.queries), rounds, SEED).astype(int):
        yield np.concatenate([by_prompt[prompt] for prompt in np.repeat(np.arange(len(weights)), weights)])


def interval(thetas: np.ndarray) -> np.ndarray:
    return np.quantile(thetas, (0.025, 0.975), axis=0).T


def peak(size: tuple[int, int, int], rounds: int, found: Any) -> None:
    """Sends the peak memory of this process in MB after ours."""
    ours(duels_of(*size), rounds)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    found.send(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024)  # type: ignore[index]


def timed(work: Callable[[Duels, int], np.ndarray], duels: Duels, rounds: int) -> tuple[float, np.ndarray]:
    start = time.perf_counter()
    found = work(duels, rounds)
    return time.perf_counter() - start, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, value in (("comparisons", 100_000), ("models", 20), ("prompts", 1000), ("rounds", 1000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    size = (asked.comparisons, asked.models, asked.prompts)
    duels = duels_of(*size)
    ours(duels, 100)  # imports
    seconds, reference = sorted((timed(ours, duels, asked.rounds) for _ in range(5)), key=lambda each: each[0])[2]
    figures: dict[str, dict[str, float]] = {"ours": {"seconds": seconds, "times": 1.0}}
    for name, work in (("evalica", evalicas), ("each round", each_round), ("counted", counted)):
        taken, found = timed(work, duels, asked.rounds)
        gaps = np.abs(found - reference)
        figures[name] = {"seconds": taken, "times": taken / seconds, "mean_gap": gaps.mean(), "largest_gap": gaps.max()}
    receive, send = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=peak, args=(size, asked.rounds, send))
    process.start()
    figures["ours"]["peak_mb"] = receive.recv()
    process.join()
    if asked.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"{size[0]:,} comparisons, {size[1]} models, {size[2]:,} prompts, {asked.rounds:,} rounds")
    print(f"{'':12}{'seconds':>10}{'times ours':>12}{'ends of intervals differ by: mean':>36}{'most':>10}")
    for name, row in figures.items():
        gaps_shown = f"{row['mean_gap']:36.6f}{row['largest_gap']:10.6f}" if "mean_gap" in row else ""
        print(f"{name:12}{row['seconds']:10.3f}{row['times']:12.1f}{gaps_shown}")
    print(f"peak memory of ours: {figures['ours']['peak_mb']:.0f} MB")


if __name__ == "__main__":
    main()
