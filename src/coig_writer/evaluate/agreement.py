"""How far raters agree, and how steady each is over the session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from statistics import mean, median

from coig_writer.evaluate.read_table import MARKS
from coig_writer.evaluate.reliability import Alpha, What, cohen, fleiss, krippendorff, units_by
from coig_writer.evaluate.votes import UNNAMED, Votes
from coig_writer.schema import Ranking

PairUnit = tuple[str, tuple[str, str]]
"""(query, two models in alphabetical order)."""
LEAST_FOR_TREND = 8
"""Rankings of a rater from which a trend is told."""


@dataclass(frozen=True)
class RaterPair:
    """Two raters on the pairs of models that both judged."""

    a: str
    b: str
    n: int
    agreed: float
    """Share (0–1) with the same outcome."""
    kappa: float | None


@dataclass(frozen=True)
class RaterRecord:
    """One rater's work, in the order in which the files have it."""

    rater: str
    n: int
    """Rankings."""
    agreed: float | None
    """Mean share (0–1) of pairs on which another rater of the query says the same; None without another."""
    first_half: float | None
    second_half: float | None
    """The same for the first and the second half of the rankings that can be compared."""
    drift: float | None
    drift_p: float | None
    """Spearman's ρ of order and agreement: below 0, the rater drifts away from the others."""
    seconds: float | None
    """Median per ranking; None where no time was kept."""
    speed_up: float | None
    speed_up_p: float | None
    """Spearman's ρ of order and seconds: below 0, the rater grows faster."""


@dataclass(frozen=True)
class Agreement:
    """Between people who gave their names, or between judges."""

    raters: list[str]
    places: Alpha
    """Ordinal α of the places of each model in rankings of the same models."""
    outcomes: Alpha
    """Nominal α of the outcomes of pairs: first, second, tie; each pair seen both ways round, as in Fleiss' and Cohen's
    κ, since what agreement is due to chance must not hang on the models' names."""
    fleiss_kappa: float | None
    """Of the outcomes of pairs."""
    marks: dict[str, Alpha] = field(default_factory=dict)
    """Ordinal α of each rated dimension, where there are ratings."""
    pairs: list[RaterPair] = field(default_factory=list)
    records: list[RaterRecord] = field(default_factory=list)


def agreement(votes: Votes, rounds: int = 1000, seed: int = 0) -> Agreement | None:
    """Agreement of the raters of these votes; None without votes of a named rater.

    Rows of tables that name no rater are left out: nobody knows whether one person or many gave them.
    """
    rankings = [each for each in votes.rankings if each.rater != f"human:{UNNAMED}"]
    ratings = [each for each in votes.ratings if each.rater != f"human:{UNNAMED}"]
    raters = sorted({each.rater for each in rankings} | {each.rater for each in ratings})
    if not raters:
        return None
    outcomes = outcomes_by_rater(rankings)
    units = units_by({rater: both_ways(given) for rater, given in outcomes.items()})
    alpha = krippendorff(units, "nominal", rounds, seed)
    marks = {
        name: krippendorff(
            units_by(_collect((each.rater, each.query_id, each.model, getattr(each, name)) for each in ratings)),
            "ordinal",
            rounds,
            seed,
        )
        for name in (MARKS if ratings else ())
    }
    return Agreement(
        raters=raters,
        places=krippendorff(units_by(_places(rankings)), "ordinal", rounds, seed),
        outcomes=replace(alpha, units=alpha.units // 2),
        fleiss_kappa=fleiss(units),
        marks=marks,
        pairs=_pairs(outcomes),
        records=_records(rankings, outcomes),
    )


def outcomes_by_rater(rankings: Sequence[Ranking]) -> dict[str, dict[PairUnit, int]]:
    """Rater → query and pair, in the order in which the rater gave them → 1 the first won, -1 the second, 0 a tie."""
    return _collect(
        (each.rater, each.query_id, (a, b), (place < other) - (place > other))
        for each in rankings
        for (a, place), (b, other) in combinations(sorted(each.places.items()), 2)
    )


def both_ways(outcomes: Mapping[PairUnit, int]) -> dict[PairUnit, int]:
    """The outcomes with each pair of models in either order."""
    return {**outcomes, **{(query, (b, a)): -value for (query, (a, b)), value in outcomes.items()}}


def kappa_of(one: Mapping[PairUnit, int], two: Mapping[PairUnit, int]) -> float | None:
    """Cohen's κ of two opinions on the pairs that both judged, each pair seen both ways round."""
    first, second = both_ways(one), both_ways(two)
    common = [unit for unit in first if unit in second]
    return cohen([first[unit] for unit in common], [second[unit] for unit in common])


def _places(rankings: Sequence[Ranking]) -> dict[str, dict[tuple[str, tuple[frozenset[str], str]], int]]:
    return _collect(
        (each.rater, each.query_id, (frozenset(each.places), model), place)
        for each in rankings
        for model, place in each.places.items()
    )


def _collect(rows: Iterable[tuple[str, str, What, int]]) -> dict[str, dict[tuple[str, What], int]]:
    given: defaultdict[str, dict[tuple[str, What], int]] = defaultdict(dict)
    for rater, query, what, value in rows:
        given[rater][query, what] = value
    return dict(given)


def _pairs(outcomes: dict[str, dict[PairUnit, int]]) -> list[RaterPair]:
    found = []
    for a, b in combinations(sorted(outcomes), 2):
        common = [unit for unit in outcomes[a] if unit in outcomes[b]]
        if common:
            same = sum(outcomes[a][unit] == outcomes[b][unit] for unit in common) / len(common)
            found.append(RaterPair(a, b, len(common), same, kappa_of(outcomes[a], outcomes[b])))
    return found


def _records(rankings: Sequence[Ranking], outcomes: dict[str, dict[PairUnit, int]]) -> list[RaterRecord]:
    by_rater: defaultdict[str, list[Ranking]] = defaultdict(list)
    for each in rankings:
        by_rater[each.rater].append(each)
    everyone = units_by(outcomes)
    return [_record(rater, done, outcomes[rater], everyone) for rater, done in sorted(by_rater.items())]


def _record(
    rater: str,
    done: Sequence[Ranking],
    given: dict[PairUnit, int],
    everyone: dict[PairUnit, list[int]],
) -> RaterRecord:
    shares: defaultdict[str, list[float]] = defaultdict(list)
    for unit, value in given.items():
        if others := len(everyone[unit]) - 1:
            shares[unit[0]].append((everyone[unit].count(value) - 1) / others)
    with_others = [mean(shares[query]) for query in dict.fromkeys(each.query_id for each in done) if query in shares]
    seconds = [each.seconds for each in done if each.seconds is not None]
    half = len(with_others) // 2
    drift, drift_p = _trend(with_others)
    speed, speed_p = _trend(seconds)
    return RaterRecord(
        rater=rater,
        n=len(done),
        agreed=mean(with_others) if with_others else None,
        first_half=mean(with_others[:half]) if half else None,
        second_half=mean(with_others[half:]) if half else None,
        drift=drift,
        drift_p=drift_p,
        seconds=median(seconds) if seconds else None,
        speed_up=speed,
        speed_up_p=speed_p,
    )


def _trend(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Spearman's ρ of the values with their order and its p; None for few values or all equal ones."""
    from scipy.stats import spearmanr

    if len(values) < LEAST_FOR_TREND or len(set(values)) == 1:
        return None, None
    found = spearmanr(range(len(values)), values)
    return float(found.statistic), float(found.pvalue)
