"""Who takes which item: from the queue by skill and age, or by name. `sharing` gives out by rule."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from coig_writer.schema import Verdict
from coig_writer.studio import gold, training
from coig_writer.studio.models import Assignment, Decision, Item, Membership, Project
from coig_writer.studio.models.audit import record
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.sharing import expire, give
from coig_writer.studio.workflow import CLAIMABLE, Role, Status

_QUEUE_EMPTY = Refusal("队列里暂时没有适合你的。", "There is nothing in the queue for you now.", status=409)


def to_write(project: Project, user: Any) -> QuerySet[Item]:
    """What the person may take to write: in their genres, held by nobody, what was sent back first."""
    held = Assignment.objects.filter(role=Role.ANNOTATOR, ended=None).values("item_id")
    items = project.items.filter(status__in=CLAIMABLE, exercise__isnull=True).exclude(pk__in=held)
    items = items.exclude(decisions__user=user)
    return _skilled(items, project, user, Role.ANNOTATOR).order_by("-head", "id")


def to_review(project: Project, user: Any) -> QuerySet[Item]:
    """What the person may take to review: never their own, and not more reviewers than are needed."""
    items = project.items.filter(status=Status.IN_REVIEW, exercise__isnull=True)
    items = items.exclude(author=user).exclude(versions__author=user)
    holds = Assignment.objects.filter(item=OuterRef("pk"), user=user, ended=None)
    judged = Decision.objects.filter(item=OuterRef("pk"), user=user, round=OuterRef("round"))
    items = items.filter(~Exists(holds), ~Exists(judged))
    items = items.annotate(
        busy=Count("assignments", filter=Q(assignments__role=Role.REVIEWER, assignments__ended=None), distinct=True),
        judged=Count("decisions", filter=Q(decisions__round=F("round"), decisions__kind="review"), distinct=True),
    )
    need = Q(specialist=True, taken__lt=project.specialist_reviewers) | Q(specialist=False, taken__lt=project.reviewers)
    items = items.annotate(taken=F("busy") + F("judged")).filter(need)
    return _skilled(items, project, user, Role.REVIEWER).order_by("first_submitted", "id")


def to_check(project: Project, user: Any) -> QuerySet[Item]:
    """Items with known answers that the person has not judged, in an order of chance."""
    items = project.items.filter(exercise__isnull=False, status=Status.IN_REVIEW).exclude(author=user)
    items = items.exclude(decisions__user=user).exclude(assignments__user=user, assignments__ended=None)
    return _skilled(items, project, user, Role.REVIEWER).order_by("?")


def _skilled(items: QuerySet[Item], project: Project, user: Any, role: Role) -> QuerySet[Item]:
    member = Membership.objects.filter(project=project, user=user, role=role).first()
    skills = member.skills if member else []
    return items.filter(Q(genre__in=skills) | Q(category__in=skills)) if skills else items


def claim(project: Project, user: Any, role: Role) -> Item:
    """Gives the person the next item of the queue.

    Raises:
        Refusal: nothing waits, or they hold as many as one may.
    """
    if not training.may_work(project, user):
        raise Refusal(
            "先学完课程、通过练习，再来领稿。", "Pass the course first; then items are given out.", status=403
        )
    expire(project)
    open_now = Assignment.objects.filter(user=user, role=role, ended=None, item__project=project).count()
    if open_now >= project.most_held:
        raise Refusal(
            f"你手上已有 {open_now} 篇，先完成一些再领。",
            f"You hold {open_now} items already; finish some before taking more.",
            status=409,
        )
    queue = to_write if role is Role.ANNOTATOR else _mixed
    for _ in range(5):
        with transaction.atomic():
            item = queue(project, user).defer("article_json", "draft_json").first()
            if item is None:
                raise _QUEUE_EMPTY
            try:
                with transaction.atomic():
                    give(item, user, role)
                return item
            except IntegrityError:  # somebody was faster; take the next
                continue
    raise _QUEUE_EMPTY


def _mixed(project: Project, user: Any) -> QuerySet[Item]:
    """The reviewers' queue, or by chance the known items.

    These come only while two wait, so that the page says the same afterwards as if an ordinary one had been taken.
    """
    ordinary = to_review(project, user)
    if gold.is_time(project) and len(ordinary.values_list("pk")[:2]) == 2:
        checks = to_check(project, user)
        return checks if checks.exists() else ordinary
    return ordinary


def assign(item: Item, user: Any, role: Role, *, made_by: Any) -> Assignment:
    """Gives a person an item by name.

    Raises:
        Refusal: they lack the role, wrote it themselves, or somebody holds it.
    """
    if not Membership.objects.filter(project=item.project, user=user, role=role).exists():
        raise Refusal("这个人在项目里没有这个角色。", "This person does not have that role in the project.")
    if role is Role.REVIEWER:
        _check_reviewer(item, user)
    elif item.status not in CLAIMABLE:
        raise Refusal("这一篇现在不能分派给作者。", "This item cannot be given to a writer now.", status=409)
    expire(item.project)
    try:
        with transaction.atomic():
            return give(item, user, role, made_by=made_by)
    except IntegrityError as error:
        raise Refusal("这一篇已有人在做。", "Somebody holds this item already.", status=409) from error


def _check_reviewer(item: Item, user: Any) -> None:
    if item.status != Status.IN_REVIEW:
        raise Refusal("这一篇不在审阅中。", "This item is not in review.", status=409)
    if item.author_id == user.pk or item.versions.filter(author=user).exists():
        raise Refusal("作者不能审自己的稿。", "An author never reviews their own item.", status=403)
    if item.decisions.filter(user=user, round=item.round).exists():
        raise Refusal("这个人这一轮已经审过。", "This person has decided in this round.", status=409)
    busy = item.assignments.filter(role=Role.REVIEWER, ended=None).count()
    judged = item.decisions.filter(round=item.round, kind="review").count()
    if busy + judged >= item.reviewers_needed:
        raise Refusal("审阅员已够。", "The item has all the reviewers it needs.", status=409)


def release(item: Item, user: Any, role: Role) -> None:
    """Gives an item back to the queue; what was written stays."""
    with transaction.atomic():
        done = item.assignments.filter(user=user, role=role, ended=None).update(
            ended=timezone.now(), outcome="released"
        )
        if done:
            record("give back", actor=user, item=item, role=str(role))


def can_set_aside(item: Item) -> bool:
    """Whether a manager may take an item out of the queue, or put back one that is out of it."""
    if item.status == Status.REMOVED:
        return not item.decisions.filter(verdict=Verdict.REMOVE).exists()
    return item.status in CLAIMABLE and item.exercise is None and not item.assignments.filter(ended=None).exists()


def set_aside(item: Item, *, by: Any) -> None:
    """Takes an item that nobody works on out of the queue: it is not worth the work, or a copy.

    Raises:
        Refusal: somebody holds it, or it is in review or decided.
    """
    expire(item.project)
    with transaction.atomic():
        held = Assignment.objects.filter(item=OuterRef("pk"), ended=None)
        free = Item.objects.filter(~Exists(held), pk=item.pk, status__in=CLAIMABLE, exercise__isnull=True)
        if not free.update(status=Status.REMOVED, finished=timezone.now()):
            raise Refusal(
                "这一篇有人在写，或已交审、已定，不能搁下。",
                "Somebody is writing this item, or it is in review or decided; it cannot be set aside.",
                status=409,
            )
        record("set aside", actor=by, item=item)


def take_up(item: Item, *, by: Any) -> None:
    """Puts an item that was set aside back into the queue.

    Raises:
        Refusal: it was not set aside, but removed by a verdict.
    """
    with transaction.atomic():
        judged = item.decisions.filter(verdict=Verdict.REMOVE).exists()
        status = Status.DRAFT if item.author_id else Status.CANDIDATE
        gone = Item.objects.filter(pk=item.pk, status=Status.REMOVED)
        if judged or not gone.update(status=status, finished=None):
            raise Refusal("这一篇不是搁下的。", "This item was not set aside.", status=409)
        record("take up", actor=by, item=item)
