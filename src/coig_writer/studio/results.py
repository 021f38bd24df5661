"""What the finished sheets of a contest say: records for `coig-writer compare`, win rates, how far raters agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from coig_writer.evaluate.read_table import MARKS
from coig_writer.evaluate.votes import places_of
from coig_writer.schema import Ranking, Rating
from coig_writer.studio.agreeing import Agreed, raters_agree
from coig_writer.studio.models import Contest, Sheet
from coig_writer.studio.models.arena import RATING


def export(contest: Contest) -> Iterator[dict[str, Any]]:
    """The finished sheets as records that `coig-writer compare` reads, one a ranking or one a rated answer.

    Raters appear by handle. Beside what `Ranking` and `Rating` have, which is all that `compare` looks at: `shown`,
    the models in the order of display; `seconds` for which the sheet was in view; `depth`, how far down each answer
    was scrolled (0–1); `opened` and `submitted`, moments in ISO 8601.
    """
    for sheet, shown in _finished(contest):
        depth = {model: round(sheet.depth.get(str(at), 0.0), 3) for at, model in enumerate(shown)}
        assert sheet.submitted is not None
        beside = {"opened": sheet.opened.isoformat(), "submitted": sheet.submitted.isoformat()}
        seconds = round(sheet.seconds, 1) or None
        rater = f"human:{contest.project.handle(sheet.user_id)}"
        if contest.kind == RATING:
            for at, model in enumerate(shown):
                rating = Rating(query_id=sheet.query, model=model, rater=rater, **_marks(sheet, at))
                yield {
                    **rating.model_dump(mode="json"),
                    "shown": shown,
                    "seconds": seconds,
                    "depth": depth[model],
                    **beside,
                }
        else:
            places = _places(contest, sheet, shown)
            ranking = Ranking(query_id=sheet.query, rater=rater, places=places, shown=shown, seconds=seconds)
            yield {**ranking.model_dump(mode="json"), "depth": depth, **beside}


def _finished(contest: Contest) -> Iterator[tuple[Sheet, list[str]]]:
    """Sheets that are handed in, the earliest first, with the models in the order of display."""
    models = dict(contest.answers.values_list("pk", "model"))
    for sheet in contest.sheets.exclude(submitted=None).order_by("submitted", "id"):
        yield sheet, [models[key] for key in sheet.shown]


def _marks(sheet: Sheet, at: int) -> dict[str, int]:
    return {name: sheet.chosen[f"{name}-{at}"] for name in MARKS}


def _places(contest: Contest, sheet: Sheet, shown: list[str]) -> dict[str, int]:
    """Model → place; from ratings, by overall preference."""
    if contest.kind == RATING:
        return places_of({model: sheet.chosen[f"overall_preference-{at}"] for at, model in enumerate(shown)})
    return {model: sheet.chosen[str(at)] for at, model in enumerate(shown)}


@dataclass(frozen=True)
class Standing:
    """How far a contest is, and who wins against whom."""

    sheets: int
    wanted: int
    enough: int
    """Sheets from which on win rates show: as many as the contest says, or all that it wants."""
    models: list[str]
    wins: dict[tuple[str, str], float]
    """(row, column) → wins of row over column; a tie counts half for each."""
    agreed: Agreed | None = None
    """How far raters agree on who beats whom; None before there are enough sheets."""

    def rate(self, row: str, column: str) -> float | None:
        """Win rate of row over column, 0–1; None where they have not met."""
        won, lost = self.wins.get((row, column), 0.0), self.wins.get((column, row), 0.0)
        return won / (won + lost) if won + lost else None

    @property
    def table(self) -> list[tuple[str, list[float | None]]]:
        return [(row, [self.rate(row, column) for column in self.models]) for row in self.models]


def counts(contest: Contest) -> tuple[int, int]:
    """(sheets handed in, sheets wanted)."""
    queries = contest.answers.values("query").distinct().count()
    return contest.sheets.exclude(submitted=None).count(), queries * contest.raters


def standing(contest: Contest) -> Standing:
    """Win rates from the finished sheets; empty before there are enough, so that nobody steers by a few votes."""
    done, wanted = counts(contest)
    enough = min(contest.enough, wanted)
    models = sorted(contest.answers.values_list("model", flat=True).distinct())
    if done < enough:
        return Standing(done, wanted, enough, models, {})
    wins: dict[tuple[str, str], float] = defaultdict(float)
    rankings = []
    for sheet, shown in _finished(contest):
        places = _places(contest, sheet, shown)
        rankings.append(Ranking(query_id=sheet.query, rater=f"human:{sheet.user_id}", places=places))
        for (left, first), (right, second) in combinations(places.items(), 2):
            wins[left, right] += 0.5 if first == second else float(first < second)
            wins[right, left] += 0.5 if first == second else float(second < first)
    return Standing(done, wanted, enough, models, dict(wins), raters_agree(rankings))
