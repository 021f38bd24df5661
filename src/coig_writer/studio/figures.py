"""What a manager wants to know of a project, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from django.db.models import Count, F
from django.utils import timezone

from coig_writer.dataset.statistics import human_share
from coig_writer.studio import gold
from coig_writer.studio.agreeing import Agreed, reviewers_agree
from coig_writer.studio.models import Assignment, Decision, Project, Version
from coig_writer.studio.workflow import Role, Status
from coig_writer.taxonomy import categories, published

LEAST = 15
"""Triplets that each category should have (paper, section 2.3)."""
GAP = timedelta(minutes=5)
"""Two saves further apart than this are two sittings."""


@dataclass(frozen=True)
class Stage:
    """A stage of the funnel: how many items are in it now, and how many have come at least this far."""

    status: Status
    now: int
    reached: int


@dataclass(frozen=True)
class Person:
    """What one person has done."""

    name: str
    handle: str
    submitted: int
    approved: int
    first_pass: float | None
    reviews: int
    gold: tuple[int, int]
    """(known items judged rightly, known items judged)."""
    hours: float
    human: float | None
    """Mean share of the wording that is theirs, 0–1, of texts that a model drafted."""


@dataclass(frozen=True)
class Figures:
    funnel: list[Stage]
    items: int
    first_pass: tuple[int, int]
    """(accepted in the first round, judged in it)."""
    agreement: tuple[int, int]
    """(rounds whose reviewers agreed, rounds that all have judged)."""
    alphas: list[Agreed]
    """Krippendorff's α of the reviewers' verdicts and of their marks."""
    days: float | None
    """Median days from import to approval."""
    coverage: list[tuple[str, int, int]]
    """(category, approved, in work)."""
    platforms: list[tuple[str, int]]
    weeks: list[tuple[str, int, int]]
    """(Monday, submitted, approved) of the last twelve weeks."""
    people: list[Person]
    waiting: dict[str, int]

    @property
    def chart(self) -> Chart:
        return chart(self.weeks)


@dataclass(frozen=True)
class Bar:
    """A bar of a drawing, in its units; y counts from the top."""

    x: int
    y: int
    height: int
    value: int

    @property
    def middle(self) -> int:
        return self.x + BAR // 2

    @property
    def above(self) -> int:
        """Where its value is written."""
        return self.y - 4


@dataclass(frozen=True)
class Chart:
    """Weeks as pairs of bars."""

    weeks: list[tuple[str, int, Bar, Bar]]
    """(Monday as month-day, middle of the pair, submitted, approved)."""
    lines: list[tuple[int, int]]
    """(y, value) of the lines across."""


WEEK, BAR, FLOOR, TOP = 70, 24, 180, 24
"""Units of the drawing: width of a week and of a bar, y of zero and of the largest value."""


def chart(weeks: list[tuple[str, int, int]]) -> Chart:
    """Weeks drawn to scale; the scale ends at the next even number, so that a line can be drawn at half."""
    largest = max((max(sent, done) for _, sent, done in weeks), default=0)
    ceiling = max(2, largest + largest % 2)

    def bar(x: int, value: int) -> Bar:
        height = round(value / ceiling * (FLOOR - TOP))
        return Bar(x, FLOOR - height, height, value)

    pairs = []
    for at, (day, sent, done) in enumerate(weeks):
        left = at * WEEK + (WEEK - 2 * BAR) // 2
        pairs.append((day[5:], left + BAR, bar(left, sent), bar(left + BAR, done)))
    return Chart(pairs, [(FLOOR - round(part * (FLOOR - TOP) / 2), ceiling * part // 2) for part in range(3)])


_ORDER = (
    Status.CANDIDATE,
    Status.DRAFT,
    Status.REFINE,
    Status.SENT_BACK,
    Status.IN_REVIEW,
    Status.DISPUTED,
    Status.ACCEPTED,
    Status.APPROVED,
)


def approved(project: Project) -> int:
    return project.items.filter(status=Status.APPROVED, exercise__isnull=True).count()


def of(project: Project) -> Figures:
    """All figures of a project as it stands."""
    items = project.items.filter(exercise__isnull=True)
    held = Assignment.objects.filter(item__in=items, ended=None)
    counts = Counter(dict(items.values_list("status").annotate(Count("id"))))
    rows = list(items.values("category", "status", "platform", "created", "finished", "first_submitted"))
    return Figures(
        funnel=_funnel(counts),
        items=sum(counts.values()),
        first_pass=_first_pass(project),
        agreement=_agreement(project),
        alphas=reviewers_agree(project),
        days=_days(rows),
        coverage=_coverage(rows),
        platforms=Counter(row["platform"] for row in rows).most_common(8),
        weeks=_weeks(rows),
        people=_people(project),
        waiting={
            "late": held.filter(due__lt=timezone.now()).count(),
            "held": held.count(),
            "removed": counts[Status.REMOVED],
        },
    )


def _funnel(counts: Counter) -> list[Stage]:
    found, reached = [], 0
    for status in reversed(_ORDER):
        reached += counts[status]
        found.append(Stage(status, counts[status], reached))
    return found[::-1]


def _first_pass(project: Project) -> tuple[int, int]:
    rounds = _rounds(
        Decision.objects.filter(item__project=project, item__exercise__isnull=True, round=1, kind="review")
    )
    whole = [verdicts for needed, verdicts in rounds if len(verdicts) >= needed]
    return sum(set(verdicts) == {"accept"} for verdicts in whole), len(whole)


def _agreement(project: Project) -> tuple[int, int]:
    rounds = _rounds(Decision.objects.filter(item__project=project, item__exercise__isnull=True, kind="review"))
    whole = [verdicts for needed, verdicts in rounds if len(verdicts) >= needed]
    return sum(len(set(verdicts)) == 1 for verdicts in whole), len(whole)


def _rounds(decisions: Any) -> list[tuple[int, list[str]]]:
    """(reviewers needed, verdicts) of every item's every round."""
    found: dict[tuple[int, int], tuple[int, list[str]]] = {}
    rows = decisions.values_list(
        "item_id",
        "round",
        "verdict",
        "item__specialist",
        "item__project__reviewers",
        "item__project__specialist_reviewers",
    )
    for item, number, verdict, specialist, ordinary, more in rows:
        found.setdefault((item, number), (more if specialist else ordinary, []))[1].append(verdict)
    return list(found.values())


def _days(rows: list[dict]) -> float | None:
    spans = [
        (row["finished"] - row["created"]).total_seconds() / 86400
        for row in rows
        if row["finished"] and row["status"] == Status.APPROVED
    ]
    return median(spans) if spans else None


def _coverage(rows: list[dict]) -> list[tuple[str, int, int]]:
    done = Counter(row["category"] for row in rows if row["status"] == Status.APPROVED)
    work = Counter(row["category"] for row in rows if row["status"] not in (Status.APPROVED, Status.REMOVED))
    return [(slug, done[slug], work[slug]) for slug in categories() if slug in published() or done[slug] or work[slug]]


def _weeks(rows: list[dict]) -> list[tuple[str, int, int]]:
    today = timezone.localdate()
    monday = today - timedelta(days=today.weekday())
    starts = [monday - timedelta(weeks=back) for back in range(11, -1, -1)]

    def count(column: str, start, wanted: set | None = None) -> int:
        end = start + timedelta(days=7)
        return sum(
            row[column] is not None
            and start <= timezone.localdate(row[column]) < end
            and (wanted is None or row["status"] in wanted)
            for row in rows
        )

    return [
        (start.isoformat(), count("first_submitted", start), count("finished", start, {Status.APPROVED}))
        for start in starts
    ]


def _people(project: Project) -> list[Person]:
    members = project.memberships.select_related("user").order_by("user__username")
    users = {
        each.user_id: each.user for each in members if each.role in (Role.ANNOTATOR, Role.REVIEWER, Role.INSPECTOR)
    }
    known = {row.user.pk: row.gold for row in gold.standings(project)}
    return [_person(project, user, known.get(user.pk, (0, 0))) for user in users.values()]


def _person(project: Project, user: Any, known: tuple[int, int]) -> Person:
    items = project.items.filter(author=user, exercise__isnull=True)
    judged = items.filter(decisions__round=1, decisions__kind="review").exclude(status=Status.IN_REVIEW, round=1)
    judged_count = judged.distinct().count()
    first = judged.filter(round=1, status__in=(Status.ACCEPTED, Status.APPROVED)).distinct().count()
    return Person(
        name=user.username,
        handle=project.handle(user.pk),
        submitted=items.exclude(submitted=0).count(),
        approved=items.filter(status=Status.APPROVED).count(),
        first_pass=first / judged_count if judged_count else None,
        reviews=Decision.objects.filter(user=user, item__project=project, item__exercise__isnull=True).count(),
        gold=known,
        hours=_hours(project, user),
        human=_human(project, user),
    )


def _hours(project: Project, user: Any) -> float:
    """Time spent writing, from the moments of saves: gaps above `GAP` do not count, each sitting adds a minute."""
    written = Version.objects.filter(item__project=project, item__exercise__isnull=True, author=user)
    moments = list(written.order_by("at").values_list("at", flat=True))
    spans = [later - earlier for earlier, later in pairwise(moments)]
    worked = sum((span for span in spans if span <= GAP), timedelta())
    sittings = 1 + sum(span > GAP for span in spans) if moments else 0
    return (worked + sittings * timedelta(minutes=1)).total_seconds() / 3600


def _human(project: Project, user: Any) -> float | None:
    shares = []
    submitted = Version.objects.filter(number=F("item__submitted"), item__project=project, item__author=user)
    submitted = submitted.filter(item__exercise__isnull=True, item__draft_json__isnull=False)
    for version in submitted.select_related("item").order_by("item_id")[:200]:
        drafted = version.item.draft
        assert drafted is not None
        pairs = ((drafted.prompt, version.prompt), (drafted.reasoning, version.reasoning))
        shares += [human_share(old, new) for old, new in pairs if old]
    return sum(shares) / len(shares) if shares else None
