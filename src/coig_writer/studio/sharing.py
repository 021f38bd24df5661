"""Assignment by rule: an item goes to whoever is at home in its genre and has least before them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from coig_writer.studio import gold, training
from coig_writer.studio.models import Assignment, Decision, Item, Membership, Project, Version
from coig_writer.studio.models.audit import record
from coig_writer.studio.workflow import CLAIMABLE, Role, Status

SHARED = (Role.REVIEWER, Role.ANNOTATOR)
"""In which items are shared out; reviews first, since an author waits for each."""


def expire(project: Project) -> int:
    """Ends leases that have run out, so that others may take the items; returns how many."""
    with transaction.atomic():
        gone = Assignment.objects.filter(item__project=project, ended=None, lease_until__lte=timezone.now())
        count = gone.update(ended=timezone.now(), outcome="expired")
        if count:
            record("expire", project=project, leases=count)
        return count


def give(item: Item, user: Any, role: Role, *, made_by: Any = None, long: bool = False) -> Assignment:
    """Puts an item into somebody's hands.

    Args:
        made_by: who assigned it by name.
        long: whether the lease lasts until the due date, as for what one did not ask for.
    """
    project, now = item.project, timezone.now()
    due = now + timedelta(days=project.due_days)
    lease = due if long or made_by else now + timedelta(hours=project.lease_hours)
    made = Assignment.objects.create(item=item, user=user, role=role, made_by=made_by, lease_until=lease, due=due)
    if role is Role.ANNOTATOR:
        item.author = user
        if item.status == Status.CANDIDATE:
            item.status = Status.DRAFT
        item.save(update_fields=["author", "status", "changed"])
    record("assign", actor=made_by or user, item=item, user=user.pk, role=str(role))
    return made


@dataclass
class Hand:
    """A member in one role, and how much they have before them."""

    member: Membership
    load: int
    """Unfinished items in all roles of the project."""
    room: int
    """Items that they may still get in this role."""

    def skilled(self, genre: str, category: str) -> bool:
        skills = self.member.skills
        return not skills or genre in skills or category in skills

    def named(self, genre: str, category: str) -> bool:
        """Whether they are at home there by name, and not only because they name nothing."""
        return bool(self.member.skills) and self.skilled(genre, category)


def hands(project: Project, role: Role) -> list[Hand]:
    """Who may work in a role, those who joined first first."""
    open_now = Q(user__assignments__ended=None, user__assignments__item__project=project)
    members = project.memberships.filter(role=role, user__is_active=True).select_related("user").order_by("id")
    members = members.annotate(
        load=Count("user__assignments", filter=open_now),
        held=Count("user__assignments", filter=open_now & Q(user__assignments__role=role)),
    )
    return [
        Hand(member, member.load, project.most_held - member.held)
        for member in members
        if training.may_work(project, member.user)
    ]


def able(item: Item, role: Role) -> list[tuple[str, int]]:
    """(name, load) of who may be given the item by name, whoever has least before them first.

    Skill and limit are the rule's; by name a manager may go beyond them.
    """
    project, pk = item.project, item.pk
    full = item.status not in (CLAIMABLE if role is Role.ANNOTATOR else {Status.IN_REVIEW})
    if full or (role is Role.ANNOTATOR and item.assignments.filter(role=role, ended=None).exists()):
        return []
    barred = _barred(project, role, back=False)[pk]
    found = [
        (hand.member.user.username, hand.load) for hand in hands(project, role) if hand.member.user_id not in barred
    ]
    return sorted(found, key=lambda each: each[1])


@dataclass
class Shared:
    """What sharing out did in one role."""

    role: Role
    given: int = 0
    unskilled: int = 0
    """Places that nobody is at home in, or whose people wrote or judged the item themselves."""
    full: int = 0
    """Places for which everybody who may take them holds as much as one may."""


def share_out(project: Project, *, by: Any = None) -> list[Shared]:
    """Gives what waits to people, until nobody who may take more is left.

    Items that the fewest people can take come first, then those that have waited longest. Of the people, it is who has
    least before them; then who names the genre; then who joined first. A writer who lost the lease of an item gets it
    again before others.
    """
    expire(project)
    done = [_share(project, role) for role in SHARED]
    if by is not None or any(each.given for each in done):
        record("share out", actor=by, project=project, **{str(each.role): each.given for each in done})
    return done


def share_if_wanted(project: Project) -> None:
    """Shares out where the project's manager has said that this happens by itself."""
    if project.shares_out:
        share_out(project)


def _share(project: Project, role: Role) -> Shared:
    done = Shared(role)
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)  # two at once would give out a place twice
        people = hands(project, role)
        if not people:
            return done
        places = (_to_write if role is Role.ANNOTATOR else _to_review)(project)
        barred = _barred(project, role)
        able = {
            place.pk: [
                hand
                for hand in people
                if hand.member.user_id not in barred[place.pk] and hand.skilled(place.genre, place.category)
            ]
            for place in places
        }
        for place in sorted(places, key=lambda place: len(able[place.pk])):  # stable: the oldest first
            for _ in range(place.free):
                hand = _least(place, able[place.pk])
                if hand is None:
                    done.full += bool(able[place.pk])
                    done.unskilled += not able[place.pk]
                    continue
                try:
                    with transaction.atomic():
                        give(place.item, hand.member.user, role, long=True)
                except IntegrityError:  # taken from the queue in this moment
                    break
                able[place.pk].remove(hand)
                hand.load += 1
                hand.room -= 1
                done.given += 1
                if role is Role.REVIEWER and hand.room > 0 and gold.is_time(project):
                    _give_known(project, hand)
    return done


def _give_known(project: Project, hand: Hand) -> None:
    """An item with a known answer beside the one that was given, so that it looks like any other."""
    user = hand.member.user
    known = project.items.filter(exercise__isnull=False, status=Status.IN_REVIEW).exclude(author=user)
    seen = Assignment.objects.filter(user=user, role=Role.REVIEWER).values("item_id")
    known = known.exclude(decisions__user=user).exclude(pk__in=seen)
    for item in _light(known).order_by("?"):
        if hand.skilled(item.genre, item.category):
            give(item, user, Role.REVIEWER, long=True)
            hand.load += 1
            hand.room -= 1
            return


@dataclass
class Place:
    """An item, and how many people it needs."""

    item: Item
    free: int

    @property
    def pk(self) -> int:
        return self.item.pk

    @property
    def genre(self) -> str:
        return self.item.genre

    @property
    def category(self) -> str:
        return self.item.category


def _least(place: Place, able: list[Hand]) -> Hand | None:
    free = [hand for hand in able if hand.room > 0]
    if not free:
        return None
    author = place.item.author_id
    return min(
        free,
        key=lambda hand: (
            hand.member.role != Role.ANNOTATOR or hand.member.user_id != author,
            hand.load,
            not hand.named(place.genre, place.category),
            hand.member.pk,
        ),
    )


def waiting(project: Project, role: Role) -> int:
    """Places that nobody fills yet."""
    return sum(place.free for place in (_to_write if role is Role.ANNOTATOR else _to_review)(project))


def _to_write(project: Project) -> list[Place]:
    held = Assignment.objects.filter(role=Role.ANNOTATOR, ended=None).values("item_id")
    items = project.items.filter(status__in=CLAIMABLE, exercise__isnull=True).exclude(pk__in=held)
    return [Place(item, 1) for item in _light(items).order_by("-head", "id")]


def _to_review(project: Project) -> list[Place]:
    items = project.items.filter(status=Status.IN_REVIEW, exercise__isnull=True).annotate(
        busy=Count("assignments", filter=Q(assignments__role=Role.REVIEWER, assignments__ended=None), distinct=True),
        judged=Count("decisions", filter=Q(decisions__round=F("round"), decisions__kind="review"), distinct=True),
    )
    places = [
        Place(item, item.reviewers_needed - item.busy - item.judged)
        for item in _light(items).order_by("first_submitted", "id")
    ]
    return [place for place in places if place.free > 0]


def _light(items: Any) -> Any:
    return items.select_related("project").defer("article_json", "draft_json")


def _barred(project: Project, role: Role, *, back: bool = True) -> dict[int, set[int]]:
    """Item → who may not have it: nobody judges what they wrote, writes what they judged, or gets what they gave back.

    Args:
        back: whether what somebody gave back counts.
    """
    held = Assignment.objects.filter(item__project=project, role=role)
    decided = Decision.objects.filter(item__project=project)
    pairs = [*held.filter(outcome="released").values_list("item_id", "user_id")] if back else []
    if role is Role.REVIEWER:
        decided = decided.filter(round=F("item__round"))
        wrote = Version.objects.filter(item__project=project, author__isnull=False)
        pairs += held.filter(ended=None).values_list("item_id", "user_id")
        pairs += wrote.values_list("item_id", "author_id").distinct()
        pairs += project.items.exclude(author=None).values_list("pk", "author_id")
    barred: dict[int, set[int]] = defaultdict(set)
    for item, user in [*pairs, *decided.values_list("item_id", "user_id")]:
        barred[item].add(user)
    return barred
