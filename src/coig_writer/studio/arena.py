"""Blind judging of models' answers: who gets which sheet, and what may be chosen. `results` says what comes out."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from coig_writer.evaluate.read_table import MARKS
from coig_writer.studio.entries import Entries, says_name
from coig_writer.studio.models import Answer, Contest, Project, Sheet
from coig_writer.studio.models.arena import RATING
from coig_writer.studio.models.audit import record
from coig_writer.studio.refusal import Refusal

LETTERS = "ABCDEFGHIJ"
LEAST, MOST = 2, len(LETTERS)
"""Answers on a sheet."""
LONGEST_VIEW = 3600 * 4
"""Seconds; a page that was open longer was not read that long."""


def create(project: Project, name: str, taken: Entries, *, by: Any = None, size: int = 5, **settings: Any) -> Contest:
    """A contest of what `entries.take` has found.

    Args:
        size: answers on a sheet, 2–10; where a query has fewer, all of them.
        settings: further fields of `Contest`.

    Raises:
        Refusal: no query has answers of two models, the size is impossible, or the name, which evaluators see, says
            that of a model.
    """
    if not taken.entries:
        raise Refusal("没有哪道题有两个模型的答案。", "No query has answers of two models.")
    if not LEAST <= size <= MOST:
        raise Refusal("每份放 2 到 10 个答案。", "A sheet holds 2 to 10 answers.")
    if any(says_name(name, model) for model in taken.models):
        raise Refusal("评测员看得到名称，里面不能有模型名。", "Evaluators see the name: it must not hold a model's.")
    with transaction.atomic():
        contest = Contest.objects.create(
            project=project, name=name, size=max(LEAST, min(size, len(taken.models))), **settings
        )
        Answer.objects.bulk_create(
            [
                Answer(contest=contest, query=each.query, prompt=each.prompt, model=each.model, text=each.text)
                for each in taken.entries
            ],
            batch_size=200,
        )
        left_out = taken.left_out.total()
        record(
            "new contest", actor=by, project=project, contest=contest.pk, answers=len(taken.entries), left_out=left_out
        )
    return contest


def next_sheet(contest: Contest, user: Any) -> Sheet | None:
    """The sheet that the person left unfinished, else a new one; None when nothing is left for them."""
    with transaction.atomic():
        Contest.objects.select_for_update().get(pk=contest.pk)  # two people never take the last place of a query
        begun = contest.sheets.filter(user=user, submitted=None).order_by("id").first()
        wanted = [] if begun or not contest.open else _wanted(contest, user)
        if not wanted:
            return begun
        return Sheet.objects.create(contest=contest, user=user, query=wanted[0], shown=_shown(contest, user, wanted[0]))


def _wanted(contest: Contest, user: Any) -> list[str]:
    """Queries that still need raters and that the person has not seen, those begun by others first.

    A sheet that somebody began and left for longer than a lease keeps nobody else from its query.
    """
    seen = set(contest.sheets.filter(user=user).values_list("query", flat=True))
    lately = timezone.now() - timedelta(hours=contest.project.lease_hours)
    held = contest.sheets.filter(Q(submitted__isnull=False) | Q(opened__gt=lately))
    taken = Counter(dict(held.values_list("query").annotate(Count("id"))))
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


def progress(contest: Contest, user: Any) -> tuple[int, int]:
    """(handed in by this person, still to be had)."""
    done = contest.sheets.filter(user=user).filter(~Q(submitted=None)).count()
    return done, len(_wanted(contest, user)) + contest.sheets.filter(user=user, submitted=None).count()
