"""Models compared by what people and judges said: for all queries, and for each language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from coig_writer.evaluate.agreement import Agreement, agreement
from coig_writer.evaluate.bonds import Bonds
from coig_writer.evaluate.bradley_terry import Fit, Score, bradley_terry, goodness_of_fit, plackett_luce
from coig_writer.evaluate.concordance import Friedman, friedman_of
from coig_writer.evaluate.crowd import Crowd, crowd
from coig_writer.evaluate.judged import JudgeRecord, judges_against_people
from coig_writer.evaluate.length import LengthBias, length_bias
from coig_writer.evaluate.position import PositionBias, position_bias
from coig_writer.evaluate.significance import Power, power_of
from coig_writer.evaluate.tally import Tally, tally
from coig_writer.evaluate.votes import Topic, Votes
from coig_writer.evaluate.wins import Duels

ALL = "all"
KINDS = ("human", "llm")


@dataclass(frozen=True)
class CompareSettings:
    """What a comparison depends on besides the votes."""

    rounds: int = 1000
    """Of each bootstrap."""
    seed: int = 0


@dataclass(frozen=True)
class Comparison(Tally):
    """All that can be said of one group of queries."""

    voters: str
    """Whose votes the win rates count: `human`, or `llm` where no person voted."""
    bradley_terry: dict[str, Score] = field(default_factory=dict)
    plackett_luce: dict[str, Score] = field(default_factory=dict)
    components: list[list[str]] = field(default_factory=list)
    """Models that met each other, directly or by way of others. Of several lists nothing says how one stands to
    another, and scores and ranks count within each."""
    goodness_of_fit: Fit | None = None
    friedman: Friedman | None = None
    kendall_w: float | None = None
    position_bias: dict[str, PositionBias] = field(default_factory=dict)
    """`human`, `llm` → bias by place on the page; empty where no order of display is known."""
    power: Power | None = None
    agreement: dict[str, Agreement] = field(default_factory=dict)
    """`human`, `llm` → agreement among them."""
    crowd: Crowd | None = None
    judge_against_people: dict[str, JudgeRecord] = field(default_factory=dict)
    """Judge → its record; empty unless people and judges voted."""
    length_bias: dict[str, LengthBias] = field(default_factory=dict)
    """`human`, `llm` → what length does; empty where no lengths are known."""
    by: dict[str, dict[str, Tally]] = field(default_factory=dict)
    """`category` or `genre` → its slug → win rates there; empty where nothing is known of the queries."""


def compare(votes: Votes, settings: CompareSettings | None = None) -> dict[str, Comparison]:
    """Group (`all`, then each language) → its comparison."""
    settings = settings or CompareSettings()
    groups = {ALL: votes} | {language: votes.about(_of_language(language)) for language in votes.languages}
    return {name: _compare(each, settings) for name, each in groups.items()}


def comparison_json(found: Mapping[str, Comparison]) -> dict[str, Any]:
    """The comparisons as JSON values."""
    return {name: asdict(each) for name, each in found.items()}


def _of_language(language: str) -> Callable[[Topic], bool]:
    return lambda topic: topic.language == language


def _compare(votes: Votes, settings: CompareSettings) -> Comparison:
    people = votes.by("human")
    counted = people if people.rankings else votes
    rankings, models = counted.rankings, counted.models
    duels = Duels.of(rankings, models)
    counts = tally(rankings, models)
    rounds, seed = settings.rounds, settings.seed
    test = friedman_of(rankings, models)
    sides = {kind: votes.by(kind) for kind in KINDS}
    return Comparison(
        **vars(counts),
        voters="human" if people.rankings or not rankings else "llm",
        bradley_terry=bradley_terry(duels, rounds, seed),
        plackett_luce=plackett_luce(rankings, models, rounds, seed),
        components=Bonds.of(duels).components(models),
        goodness_of_fit=goodness_of_fit(duels, rounds, seed),
        friedman=test,
        kendall_w=test.kendall_w if test else None,
        position_bias={kind: bias for kind, side in sides.items() if (bias := position_bias(side.rankings))},
        agreement={kind: each for kind, side in sides.items() if (each := agreement(side, rounds, seed))},
        crowd=crowd(rankings, models),
        judge_against_people=judges_against_people(votes),
        length_bias=length_bias(votes),
        power=power_of(min(each.queries for each in counts.pairs), len(counts.pairs)) if counts.pairs else None,
        by={kind: split for kind in ("category", "genre") if (split := _split(counted, kind))},
    )


def _split(votes: Votes, kind: str) -> dict[str, Tally]:
    """Win rates by what the queries' topics say of this kind."""
    names = sorted({name for query in votes.queries if (name := getattr(votes.topic(query), kind))})
    parts = {name: votes.about(lambda topic, name=name: getattr(topic, kind) == name) for name in names}  # type: ignore[misc]
    return {name: tally(part.rankings, part.models) for name, part in parts.items() if part.rankings}
