"""Model judges beside people: where both saw the same pairs, and where they part."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from coig_writer.evaluate.agreement import PairUnit, kappa_of, outcomes_by_rater
from coig_writer.evaluate.position import PositionConsistency, position_consistency
from coig_writer.evaluate.reliability import units_by
from coig_writer.evaluate.significance import holm, sign_test, wilson_clustered
from coig_writer.evaluate.votes import Votes
from coig_writer.schema import Ranking

Verdicts = dict[PairUnit, int]
"""1 the first is better, -1 the second, 0 a tie."""


@dataclass(frozen=True)
class Parting:
    """A pair of models on which judge and people differ, over the queries that both saw."""

    a: str
    b: str
    n: int
    people: float
    judge: float
    """a over b in %, ties as one half."""
    p: float
    p_holm: float
    """Exact sign test of the queries on which one side is kinder to a than the other is; Holm over all pairs."""


@dataclass(frozen=True)
class JudgeRecord:
    """One judge against what most people said."""

    judge: str
    n: int
    """Pairs that both judged, of which people did not end in a draw of opinions."""
    agreed: float
    low: float
    high: float
    """Share with the same outcome in %, with Wilson's 95 % interval for as many independent pairs as the queries are
    worth."""
    kappa: float | None
    """Cohen's, each pair of models seen both ways round."""
    people_agreed: float | None
    """How often one person agrees with another on the same pairs, in %: what a judge can be expected to reach."""
    spearman: float | None
    """Of the models' win rates by the judge and by people."""
    partings: list[Parting]
    """Pairs of models, those farthest apart first."""
    consistency: PositionConsistency | None
    """Where the judge saw pairs in both orders."""


def judges_against_people(votes: Votes) -> dict[str, JudgeRecord]:
    """Judge → its record; empty where only people, or only judges, voted."""
    people = votes.by("human").rankings
    judges = votes.by("llm").rankings
    if not people or not judges:
        return {}
    by_person = units_by(outcomes_by_rater(people))
    majority = {unit: value for unit, values in by_person.items() if (value := most(values)) is not None}
    names = sorted({each.rater for each in judges})
    found = {
        name: _record(name, [each for each in judges if each.rater == name], majority, by_person) for name in names
    }
    return {name: record for name, record in found.items() if record}


def most(values: Sequence[int]) -> int | None:
    """What most say; None if two opinions are equally common."""
    ranked = Counter(values).most_common(2)
    return None if len(ranked) == 2 and ranked[0][1] == ranked[1][1] else ranked[0][0]


def _record(
    judge: str, rankings: Sequence[Ranking], majority: Verdicts, by_person: dict[PairUnit, list[int]]
) -> JudgeRecord | None:
    verdicts = _verdicts(rankings)
    common = [unit for unit in verdicts if unit in majority]
    if not common:
        return None
    said, wanted = [verdicts[unit] for unit in common], [majority[unit] for unit in common]
    same = sum(one == two for one, two in zip(said, wanted, strict=True))
    low, high = wilson_clustered(
        [float(one == two) for one, two in zip(said, wanted, strict=True)], [query for query, _ in common]
    )
    return JudgeRecord(
        judge=judge,
        n=len(common),
        agreed=100 * same / len(common),
        low=100 * low,
        high=100 * high,
        kappa=kappa_of(verdicts, majority),
        people_agreed=_among_people([by_person[unit] for unit in common]),
        spearman=_spearman({unit: verdicts[unit] for unit in common}, {unit: majority[unit] for unit in common}),
        partings=_partings(verdicts, majority, common),
        consistency=position_consistency(rankings),
    )


def _verdicts(rankings: Sequence[Ranking]) -> Verdicts:
    """One verdict on each pair; two orders that disagree make a tie."""
    units = units_by(
        {str(at): given for at, each in enumerate(rankings) for given in outcomes_by_rater([each]).values()}
    )
    return {unit: values[0] if len(set(values)) == 1 else 0 for unit, values in units.items()}


def _among_people(units: Sequence[Sequence[int]]) -> float | None:
    """Chance in % that two people who judged the same pair said the same."""
    shares = [
        sum(count * (count - 1) for count in Counter(values).values()) / (len(values) * (len(values) - 1))
        for values in units
        if len(values) > 1
    ]
    return 100 * sum(shares) / len(shares) if shares else None


def _rates(verdicts: Verdicts) -> dict[str, float]:
    """Model → mean outcome of its pairs, from -1 to 1."""
    given: defaultdict[str, list[int]] = defaultdict(list)
    for (_, (first, second)), value in verdicts.items():
        given[first].append(value)
        given[second].append(-value)
    return {model: sum(values) / len(values) for model, values in sorted(given.items())}


def _spearman(judge: Verdicts, people: Verdicts) -> float | None:
    from scipy.stats import spearmanr

    one, two = list(_rates(judge).values()), list(_rates(people).values())
    if len(set(one)) < 2 or len(set(two)) < 2:
        return None
    return float(spearmanr(one, two).statistic)


def _partings(verdicts: Verdicts, majority: Verdicts, common: Sequence[PairUnit]) -> list[Parting]:
    by_pair: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for unit in common:
        by_pair[unit[1]].append((verdicts[unit], majority[unit]))
    ps = {
        pair: sign_test(sum(one > two for one, two in both), sum(one < two for one, two in both))
        for pair, both in by_pair.items()
    }
    adjusted = dict(zip(ps, holm(list(ps.values())), strict=True))
    found = [
        Parting(
            *pair,
            n=len(both),
            people=50 + 50 * sum(two for _, two in both) / len(both),
            judge=50 + 50 * sum(one for one, _ in both) / len(both),
            p=ps[pair],
            p_holm=adjusted[pair],
        )
        for pair, both in by_pair.items()
    ]
    return sorted(found, key=lambda each: (-abs(each.people - each.judge), each.a, each.b))
