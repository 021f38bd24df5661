"""How far people agree, as Krippendorff's α with its interval, or why nothing can be said of it yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coig_writer.report.labels import Label
from coig_writer.studio.models import Decision, Project
from coig_writer.studio.words import CRITERIA

if TYPE_CHECKING:
    from coig_writer.evaluate.reliability import Alpha, Level, Units
    from coig_writer.schema import Ranking

LEAST = 10
"""Items, or queries, that two people or more have judged; α of fewer says next to nothing."""
ROUNDS = 400
"""Samples for the interval: a page that is looked at needs no third digit."""
WIDTH = 240
"""Units of the drawing, from α = −1 on the left to 1 on the right."""


@dataclass(frozen=True)
class Agreed:
    """Agreement on one thing."""

    what: Any
    """A code or a `Label`."""
    alpha: Alpha
    judged: int
    """Items or queries that two people or more have judged."""
    least: int = LEAST
    """So many of them have to be there before α is said."""

    @property
    def value(self) -> float | None:
        """α, or None where there is too little to say it."""
        return self.alpha.alpha if self.judged >= self.least else None

    @property
    def why_not(self) -> Label | None:
        """Why there is no value."""
        if self.judged < self.least:
            return Label(
                f"要至少 {self.least} 件有两人以上评过；现有 {self.judged} 件",
                f"needs at least {self.least} that two people have judged; there are {self.judged}",
            )
        if self.alpha.alpha is None:
            return Label("大家给的全都一样，α 无从算起", "everybody gave the same value throughout: α is undefined")
        return None

    @property
    def drawn(self) -> tuple[int, int, int] | None:
        """Where α and the ends of its interval lie in a drawing of `WIDTH`: (low, α, high)."""
        if self.value is None or self.alpha.low is None or self.alpha.high is None:
            return None
        return _across(self.alpha.low), _across(self.value), _across(self.alpha.high)


def _across(alpha: float) -> int:
    return round((max(alpha, -1.0) + 1) / 2 * WIDTH)


def raters_agree(rankings: Sequence[Ranking]) -> Agreed:
    """On which of two answers is the better, or whether they tie; judged are queries."""
    from coig_writer.evaluate.agreement import outcomes_by_rater
    from coig_writer.evaluate.reliability import units_by

    units = units_by(outcomes_by_rater(rankings))
    what = Label("两个答案里哪个更好", "Which of two answers is the better")
    return agreed(what, units, "nominal", judged=len({query for (query, _), given in units.items() if len(given) > 1}))


def reviewers_agree(project: Project) -> list[Agreed]:
    """On the verdict, and on each criterion's mark; judged are rounds of items, without known items."""
    found = Decision.objects.filter(item__project=project, item__exercise__isnull=True, kind=Decision.REVIEW)
    verdicts: dict[tuple[str, str], list[int]] = defaultdict(list)
    marks: dict[str, dict[tuple[str, str], list[int]]] = {name: defaultdict(list) for name in CRITERIA}
    codes: dict[str, int] = {}
    for item, number, verdict, *given in found.order_by("id").values_list("item_id", "round", "verdict", *CRITERIA):
        unit = (str(item), str(number))
        verdicts[unit].append(codes.setdefault(verdict, len(codes)))
        for name, mark in zip(CRITERIA, given, strict=True):
            if mark is not None:
                marks[name][unit].append(mark)
    rows = [agreed(Label("结论", "Verdict"), verdicts, "nominal")]
    return rows + [agreed(name, units, "ordinal") for name, units in marks.items()]


def agreed(what: Any, units: Units, level: Level, *, judged: int | None = None, least: int = LEAST) -> Agreed:
    """Agreement on these units; without `judged`, each unit is one of what was judged."""
    from coig_writer.evaluate.reliability import krippendorff

    alpha = krippendorff(units, level, ROUNDS)
    return Agreed(what, alpha, alpha.units if judged is None else judged, least)
