"""Accounts, roles, invitations, and the wait after too many wrong passwords."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from coig_writer.studio.models import Assignment, Invitation, Membership, Project, SignInFailure
from coig_writer.studio.models.audit import record
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.workflow import Role

WINDOW = timedelta(minutes=15)
MOST_OF_NAME = 8
MOST_OF_ADDRESS = 60
"""Wrong passwords within the window, for one name and from one address."""


def generated_password() -> str:
    """About 95 bits, easy to copy from a terminal."""
    return "-".join(secrets.token_hex(3) for _ in range(4))


def create_user(name: str, password: str, *, operator: bool = False) -> Any:
    """A new account.

    Raises:
        Refusal: the name is taken or odd, or the password is weak.
    """
    users = get_user_model().objects
    try:
        UnicodeUsernameValidator()(name)
        validate_password(password, get_user_model()(username=name))
    except ValidationError as error:
        raise Refusal("；".join(error.messages), "; ".join(error.messages)) from error
    try:
        with transaction.atomic():
            return users.create_superuser(name, None, password) if operator else users.create_user(name, None, password)
    except IntegrityError as error:
        raise Refusal("这个名字已有人用。", "This name is taken.") from error


def add_role(project: Project, user: Any, role: Role, *, by: Any = None, skills: list[str] | None = None) -> None:
    """Gives a person a role; nothing happens if they have it."""
    with transaction.atomic():
        _, made = Membership.objects.get_or_create(
            project=project, user=user, role=role, defaults={"skills": skills or []}
        )
        if made:
            record("add role", actor=by, project=project, user=user.pk, role=str(role))


def remove_role(membership: Membership, *, by: Any) -> None:
    """Takes a role away; what the person holds in it goes back to the queue, and what they wrote stays."""
    held = Assignment.objects.filter(item__project=membership.project, user=membership.user, role=membership.role)
    with transaction.atomic():
        held.filter(ended=None).update(ended=timezone.now(), outcome="released")
        record("remove role", actor=by, project=membership.project, user=membership.user_id, role=membership.role)
        membership.delete()


def invite(project: Project, role: Role, *, by: Any, note: str = "") -> str:
    """The token of a new invitation; it cannot be read again later."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        Invitation.objects.create(
            project=project, role=role, made_by=by, note=note[:120], token_hash=Invitation.hash_of(token)
        )
        record("invite", actor=by, project=project, role=str(role))
    return token


def find_invitation(token: str) -> Invitation:
    """The open invitation of a link.

    Raises:
        Refusal: there is none, it was used, or it has expired.
    """
    found = Invitation.objects.select_related("project").filter(token_hash=Invitation.hash_of(token)).first()
    if found is None or not found.open:
        raise Refusal(
            "这个邀请已失效：用过了，或过了期。请让项目经理再发一个。",
            "This invitation is no longer valid: it was used or has expired. Ask the manager for another.",
            status=410,
        )
    return found


def withdraw(invitation: Invitation, *, by: Any) -> None:
    """Lets an invitation expire that nobody has used; one that was used stays as it is."""
    with transaction.atomic():
        open_ones = Invitation.objects.filter(pk=invitation.pk, used_at=None, expires__gt=timezone.now())
        if open_ones.update(expires=timezone.now()):
            record("withdraw invitation", actor=by, project=invitation.project, role=invitation.role)


def new_password(user: Any, *, by: Any = None, project: Project | None = None) -> str:
    """A generated password in place of one that was forgotten; whoever is signed in with the old one is out.

    Args:
        by: who gives it; None: the operator at the command line.

    Raises:
        Refusal: `by` may not, since the person is also somebody whom they do not lead.
    """
    if by is not None and not _may_reset(user, by):
        raise Refusal(
            "这个人还有你管不到的角色；请管理这台服务器的人用 coig-writer studio new-password 改。",
            "This person also has roles that are not yours to manage; ask whoever runs the server for "
            "`coig-writer studio new-password`.",
            status=403,
        )
    password = generated_password()
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        forget_failures(user.username)
        record("new password", actor=by, project=project, user=user.pk)
    return password


def _may_reset(user: Any, by: Any) -> bool:
    """Managers lead everybody but administrators; the operator leads all, and nobody resets their own here."""
    if by.pk == user.pk or user.is_superuser:
        return False
    if by.is_superuser:
        return True
    theirs = Membership.objects.filter(user=user).values_list("project_id", "role")
    led = set(Membership.objects.filter(user=by).values_list("project_id", "role"))
    return all(
        (project, Role.ADMIN) in led or (role != Role.ADMIN and (project, Role.MANAGER) in led)
        for project, role in theirs
    )


def accept(invitation: Invitation, user: Any) -> None:
    """Uses an invitation up.

    Raises:
        Refusal: somebody was faster.
    """
    with transaction.atomic():
        taken = Invitation.objects.filter(pk=invitation.pk, used_at=None).update(used_by=user, used_at=timezone.now())
        if not taken:
            raise Refusal("这个邀请刚被用掉。", "This invitation has just been used.", status=410)
        add_role(invitation.project, user, Role(invitation.role), by=invitation.made_by)


def must_wait(name: str, address: str) -> bool:
    """Whether too many wrong passwords have come for this name or from this address."""
    recent = SignInFailure.objects.filter(at__gt=timezone.now() - WINDOW)
    return (
        recent.filter(name_hash=_name_hash(name)).count() >= MOST_OF_NAME
        or recent.filter(address=address).count() >= MOST_OF_ADDRESS
    )


def note_failure(name: str, address: str) -> None:
    """Remembers a wrong password, and forgets those of yesterday."""
    SignInFailure.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()
    SignInFailure.objects.create(name_hash=_name_hash(name), address=address[:64])


def forget_failures(name: str) -> None:
    """After a right password the count begins anew."""
    SignInFailure.objects.filter(name_hash=_name_hash(name)).delete()


def _name_hash(name: str) -> str:
    """Names are kept as hashes, since people type passwords into the wrong field."""
    return hashlib.sha256(name.strip().casefold().encode()).hexdigest()


def demo_accounts(project: Project) -> Iterator[tuple[str, str, str]]:
    """(name, role, password) of an account for each role, two for reviewers; those that exist get a new password."""
    users = get_user_model().objects
    for role in Role:
        for number in range(1, 3 if role is Role.REVIEWER else 2):
            name, password = f"{role}-{number}" if role is Role.REVIEWER else str(role), generated_password()
            user = users.filter(username=name).first() or users.create_user(name)
            user.set_password(password)
            user.save()
            add_role(project, user, role)
            yield name, str(role), password
