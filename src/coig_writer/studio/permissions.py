"""Who may do what with an item. Every page and every call asks here, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404

from coig_writer.studio.models import Item, Membership, Project
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.workflow import FINISHED, INSPECTABLE, WRITABLE, Role, Status

LEADS = frozenset({Role.MANAGER, Role.ADMIN})
LARGEST = 2**63 - 1
"""Number that a row can have; a database refuses to look for a larger one."""


@dataclass(frozen=True)
class Access:
    """What one person may do with one item now."""

    roles: frozenset[Role]
    author: bool = False
    """Has written a version of it."""
    write: bool = False
    review: bool = False
    inspect: bool = False
    lead: bool = False

    @property
    def read(self) -> bool:
        return self.author or self.write or self.review or self.inspect or self.lead

    @property
    def names(self) -> bool:
        """Whether people are shown by name; handles otherwise."""
        return self.lead

    def sees_decisions(self, item: Item) -> bool:
        """Reviewers and author see this round's verdicts once all are in, so that none follows another."""
        return self.lead or item.status != Status.IN_REVIEW


def roles_in(user: Any, project_id: int) -> frozenset[Role]:
    """The person's roles in a project; the operator of the server has all."""
    if not user.is_authenticated or project_id > LARGEST:
        return frozenset()
    if user.is_superuser:
        return frozenset(Role)
    found = Membership.objects.filter(user=user, project_id=project_id).values_list("role", flat=True)
    return frozenset(map(Role, found))


def project_for(user: Any, project_id: int, *needed: Role) -> tuple[Project, frozenset[Role]]:
    """The project and the person's roles in it.

    Raises:
        Http404: no such project, or none that this person is in; the two cannot be told apart.
        Refusal: in it, and without any of the roles that are needed.
    """
    roles = roles_in(user, project_id)
    project = Project.objects.filter(pk=project_id).first() if roles else None
    if project is None:
        raise Http404
    if needed and not roles & {*needed, Role.ADMIN}:
        raise Refusal(
            "这一页不对你的角色开放；需要的话请项目经理给你加角色。",
            "This page is not open to your role; ask the project's manager for it if you need it.",
            status=403,
        )
    return project, roles


def access_to(user: Any, item: Item) -> Access:
    """What the person may do with the item."""
    roles = roles_in(user, item.project_id)
    if not roles:
        return Access(roles)
    held = set(item.assignments.filter(user=user, ended=None).values_list("role", flat=True))
    author = item.author_id == user.pk or item.versions.filter(author=user).exists()
    decided = item.decisions.filter(user=user)
    return Access(
        roles,
        author=author,
        write=Role.ANNOTATOR in held and item.status in {*WRITABLE, Status.CANDIDATE},
        review=not author
        and Role.REVIEWER in roles
        and (Role.REVIEWER in held or decided.filter(kind="review").exists()),
        inspect=not author
        and Role.INSPECTOR in roles
        and item.status in INSPECTABLE | FINISHED
        and not decided.filter(kind="review", round=item.round).exists(),
        lead=bool(roles & LEADS),
    )


def item_for(user: Any, item_id: int) -> tuple[Item, Access]:
    """The item and what the person may do with it.

    Raises:
        Http404: no such item, or none that this person may read; the two cannot be told apart.
    """
    item = Item.objects.select_related("project").filter(pk=item_id).first() if user.is_authenticated else None
    access = access_to(user, item) if item else None
    if item is None or access is None or not access.read:
        raise Http404
    return item, access
