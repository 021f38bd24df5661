"""Blind judging of models' answers: who gets which sheet, what may be chosen, what comes out."""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.utils import timezone

from coig_writer.evaluate.read_table import MARKS
from coig_writer.evaluate.responses import read_responses
from coig_writer.schema import Ranking, Rating
from coig_writer.studio.models import Answer, Contest, Project, Sheet
from coig_writer.studio.models.arena import RATING
from coig_writer.studio.models.audit import record
from coig_writer.studio.refusal import Refusal

LETTERS = "ABCDEFGHIJ"
LONGEST_VIEW = 3600 * 4
"""Seconds; a page that was open longer was not read that long."""


def create(project: Project, name: str, files: Sequence[Path], *, by: Any = None, **settings: Any) -> Contest:
    """A contest from files of responses, as `coig-writer infer` writes them.

    Only queries that at least two models answer are taken.

    Raises:
        InputError: a file cannot be read.
        Refusal: no query has answers of two models.
    """
    found = read_responses(files).answers
    models: dict[str, set[str]] = defaultdict(set)
    for each in found:
        models[each.id].add(each.model)
    usable = [each for each in found if len(models[each.id]) > 1]
    if not usable:
        raise Refusal("没有哪道题有两个模型的答案。", "No query has answers of two models.")
    with transaction.atomic():
        contest = Contest.objects.create(project=project, name=name, **settings)
        Answer.objects.bulk_create(
            [
                Answer(contest=contest, query=each.id[:200], prompt=each.query, model=each.model, text=each.response)
                for each in usable
            ],
            batch_size=200,
        )
        record("new contest", actor=by, project=project, contest=contest.pk, answers=len(usable))
    return contest


def next_sheet(contest: Contest, user: Any) -> Sheet | None:
    """The sheet that the person left unfinished, else a new one; None when nothing is left for them."""
    begun = contest.sheets.filter(user=user, submitted=None).order_by("id").first()
    if begun or not contest.open:
        return begun
    for query in _wanted(contest, user):
        try:
            with transaction.atomic():
                return Sheet.objects.create(contest=contest, user=user, query=query, shown=_shown(contest, user, query))
        except IntegrityError:  # the same person in another window
            continue
    return None


def _wanted(contest: Contest, user: Any) -> list[str]:
    """Queries that still need raters and that the person has not seen, those begun by others first."""
    seen = set(contest.sheets.filter(user=user).values_list("query", flat=True))
    taken = Counter(dict(contest.sheets.values_list("query").annotate(Count("id"))))
    queries = contest.answers.order_by("query").values_list("query", flat=True).distinct()
    open_ones = [query for query in queries if query not in seen and taken[query] < contest.raters]
    secrets.SystemRandom().shuffle(open_ones)
    return sorted(open_ones, key=lambda query: -taken[query])


def _shown(contest: Contest, user: Any, query: str) -> list[int]:
    """Answers for a sheet, shuffled: those of the models that this person has judged least."""
    chance = secrets.SystemRandom()
    answers = list(contest.answers.filter(query=query).values_list("pk", "model"))
    models = dict(contest.answers.values_list("pk", "model"))
    judged = Counter(models[key] for sheet in contest.sheets.filter(user=user) for key in sheet.shown)
    chance.shuffle(answers)
    chosen = [key for key, _ in sorted(answers, key=lambda each: judged[each[1]])[: contest.size]]
    chance.shuffle(chosen)
    return chosen


@dataclass(frozen=True)
class Shown:
    """An answer as a rater sees it: a letter and a text."""

    letter: str
    text: str
    place: int | None
    marks: Mapping[str, int] = field(default_factory=dict)


def answers_of(sheet: Sheet) -> list[Shown]:
    """The answers in the stored order, with what is chosen so far."""
    texts = dict(sheet.contest.answers.filter(pk__in=sheet.shown).values_list("pk", "text"))
    return [
        Shown(
            LETTERS[at],
            texts[key],
            sheet.chosen.get(str(at)),
            {name: sheet.chosen[f"{name}-{at}"] for name in MARKS if f"{name}-{at}" in sheet.chosen},
        )
        for at, key in enumerate(sheet.shown)
    ]


def choose(sheet: Sheet, data: Mapping[str, Any], *, final: bool) -> Sheet:
    """Stores what is chosen so far; with `final`, for good.

    Raises:
        Refusal: it is stored for good already, a value is impossible, or something is missing at the end.
    """
    chosen = _chosen(sheet, data)
    if final and (wrong := _incomplete(sheet, chosen)):
        raise wrong
    with transaction.atomic():
        sheet = Sheet.objects.select_for_update().select_related("contest").get(pk=sheet.pk)
        if sheet.submitted:
            if final and chosen == sheet.chosen:
                return sheet  # the same, sent twice
            raise Refusal("这一份已交，不能再改。", "This sheet is handed in and cannot be changed.", status=409)
        sheet.chosen = chosen
        sheet.seconds = min(sheet.seconds + _amount(data.get("seconds")), LONGEST_VIEW)
        sheet.depth = sheet.depth | {
            str(at): max(min(_amount(data.get(f"depth-{at}")), 1.0), sheet.depth.get(str(at), 0.0))
            for at in range(len(sheet.shown))
        }
        if final:
            sheet.submitted = timezone.now()
            record("judge", actor=sheet.user, project=sheet.contest.project, contest=sheet.contest_id, sheet=sheet.pk)
        sheet.save()
    return sheet


def _chosen(sheet: Sheet, data: Mapping[str, Any]) -> dict[str, int]:
    count = len(sheet.shown)
    if sheet.contest.kind == RATING:
        allowed = {f"{name}-{at}": range(4) for name in MARKS for at in range(count)}
    else:
        allowed = {str(at): range(1, count + 1) for at in range(count)}
    chosen = {}
    for name, values in allowed.items():
        text = str(data.get(f"choice-{name}") or "")
        if not text:
            continue
        if not (text.isascii() and text.isdigit() and int(text) in values):
            raise Refusal("这个值不在范围内。", "This value is out of range.")
        chosen[name] = int(text)
    return chosen


def _incomplete(sheet: Sheet, chosen: Mapping[str, int]) -> Refusal | None:
    count = len(sheet.shown)
    wanted = count * len(MARKS) if sheet.contest.kind == RATING else count
    if len(chosen) < wanted:
        return Refusal("还没有排完。", "Not everything is judged yet.")
    if sheet.contest.kind == RATING:
        return None
    places = sorted(chosen.values())
    if not sheet.contest.ties and places != list(range(1, count + 1)):
        return Refusal("这里不能并列：每个名次给一个。", "No ties here: give each place once.")
    if places[0] != 1:
        return Refusal("总要有一个第一。", "One of them has to be first.")
    return None


def _amount(value: Any) -> float:
    try:
        found = float(value or 0)
    except (TypeError, ValueError):
        return 0.0
    return found if 0 <= found < 1e6 else 0.0


def export(contest: Contest) -> Iterator[Ranking | Rating]:
    """The finished sheets as records that `coig-writer compare` reads; raters by handle."""
    models = dict(contest.answers.values_list("pk", "model"))
    for sheet in contest.sheets.exclude(submitted=None).order_by("submitted", "id"):
        rater = f"human:{contest.project.handle(sheet.user_id)}"
        shown = [models[key] for key in sheet.shown]
        if contest.kind == RATING:
            for at, model in enumerate(shown):
                marks = {name: sheet.chosen[f"{name}-{at}"] for name in MARKS}
                yield Rating(query_id=sheet.query, model=model, rater=rater, **marks)
        else:
            yield Ranking(
                query_id=sheet.query,
                rater=rater,
                places={model: sheet.chosen[str(at)] for at, model in enumerate(shown)},
                shown=shown,
                seconds=round(sheet.seconds, 1) or None,
            )


@dataclass(frozen=True)
class Standing:
    """How far a contest is, and who wins against whom."""

    sheets: int
    wanted: int
    models: list[str]
    wins: dict[tuple[str, str], float]
    """(row, column) → wins of row over column; a tie counts half for each."""

    def rate(self, row: str, column: str) -> float | None:
        """Win rate of row over column, 0–1; None where they have not met."""
        won, lost = self.wins.get((row, column), 0.0), self.wins.get((column, row), 0.0)
        return won / (won + lost) if won + lost else None

    @property
    def table(self) -> list[tuple[str, list[float | None]]]:
        return [(row, [self.rate(row, column) for column in self.models]) for row in self.models]


def standing(contest: Contest) -> Standing:
    """Win rates from the finished sheets; empty before there are enough, so that nobody steers by a few votes."""
    done = contest.sheets.exclude(submitted=None).count()
    queries = contest.answers.values("query").distinct().count()
    models = sorted(contest.answers.values_list("model", flat=True).distinct())
    wins: dict[tuple[str, str], float] = defaultdict(float)
    if done >= contest.enough:
        for places in _places(contest):
            for (left, first), (right, second) in combinations(places.items(), 2):
                wins[left, right] += 0.5 if first == second else float(first < second)
                wins[right, left] += 0.5 if first == second else float(second < first)
    return Standing(done, queries * contest.raters, models, dict(wins))


def _places(contest: Contest) -> Iterator[dict[str, int]]:
    if contest.kind != RATING:
        for ranking in export(contest):
            assert isinstance(ranking, Ranking)
            yield ranking.places
        return
    models = dict(contest.answers.values_list("pk", "model"))
    for sheet in contest.sheets.exclude(submitted=None):
        yield {models[key]: -sheet.chosen[f"overall_preference-{at}"] for at, key in enumerate(sheet.shown)}


def progress(contest: Contest, user: Any) -> tuple[int, int]:
    """(handed in by this person, still to be had)."""
    done = contest.sheets.filter(user=user).filter(~Q(submitted=None)).count()
    return done, len(_wanted(contest, user)) + contest.sheets.filter(user=user, submitted=None).count()
