"""Projects, who may do what in them, and invitations."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from coig_writer.schema import GATE_EACH, GATE_SUM
from coig_writer.studio.workflow import Role

ROLES = [(role.value, role.value) for role in Role]
INVITATION_DAYS = 7


def _secret() -> str:
    return secrets.token_hex(16)


class Project(models.Model):
    """A set that is being made, with its own people and thresholds."""

    name = models.CharField(max_length=120)
    reviewers = models.PositiveSmallIntegerField(default=2)
    """Reviewers of an ordinary item (paper, section 2.3)."""
    specialist_reviewers = models.PositiveSmallIntegerField(default=4)
    """Reviewers of an item that needs special cultural or stylistic knowledge."""
    gate_sum = models.PositiveSmallIntegerField(default=GATE_SUM)
    gate_each = models.PositiveSmallIntegerField(default=GATE_EACH)
    lease_hours = models.PositiveSmallIntegerField(default=8)
    """How long somebody keeps an item without saving anything."""
    due_days = models.PositiveSmallIntegerField(default=7)
    most_held = models.PositiveSmallIntegerField(default=5)
    """Items that one person may hold unfinished in one role before getting another."""
    shares_out = models.BooleanField(default=False)
    """Whether what waits is given to people by rule as soon as it waits."""
    course_required = models.BooleanField(default=False)
    """Whether items are given out only to who has passed the course."""
    gold_every = models.PositiveSmallIntegerField(default=10)
    """On average one in so many reviews is of an item whose answer is known; 0: none."""
    handle_secret = models.CharField(max_length=32, default=_secret, editable=False)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    def handle(self, user_id: int) -> str:
        """The name under which a person appears in exports: stable within the project, and nobody's."""
        digest = hmac.new(self.handle_secret.encode(), str(user_id).encode(), hashlib.sha256)
        return f"p-{digest.hexdigest()[:8]}"


class Membership(models.Model):
    """One role of one person in one project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=ROLES)
    skills = models.JSONField(default=list, blank=True)
    """Slugs of categories and genres that this person is at home in; empty: all."""
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user", "role"], name="one_membership_a_role")]


def _invitation_end():
    return timezone.now() + timedelta(days=INVITATION_DAYS)


class Invitation(models.Model):
    """A link that lets one person in. The link itself is shown once; what is stored is its hash."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=12, choices=ROLES)
    token_hash = models.CharField(max_length=64, unique=True)
    note = models.CharField(max_length=120, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    expires = models.DateTimeField(default=_invitation_end)
    used_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    used_at = models.DateTimeField(null=True)

    @staticmethod
    def hash_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @property
    def open(self) -> bool:
        return self.used_at is None and self.expires > timezone.now()


class SignInFailure(models.Model):
    """A wrong password; too many of them make a name or an address wait."""

    name_hash = models.CharField(max_length=64, db_index=True)
    address = models.CharField(max_length=64, db_index=True)
    at = models.DateTimeField(auto_now_add=True, db_index=True)
