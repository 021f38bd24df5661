"""Programs that work with a project: tokens to come in with, webhooks to be told by."""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.db import models

from coig_writer.studio.models.people import Project


class Token(models.Model):
    """Lets a program act as a person in one project. What is stored is its hash."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="tokens")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    token_hash = models.CharField(max_length=64, unique=True)
    made = models.DateTimeField(auto_now_add=True)
    used = models.DateTimeField(null=True)

    @staticmethod
    def hash_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()


def _secret() -> str:
    return secrets.token_hex(24)


class Webhook(models.Model):
    """An address that is told of every approval, with a signature made of the secret."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="webhooks")
    url = models.URLField(max_length=500)
    secret = models.CharField(max_length=48, default=_secret)
    made = models.DateTimeField(auto_now_add=True)


class Delivery(models.Model):
    """One message to one webhook; written together with what it tells of, so that none is lost."""

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    body = models.JSONField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try = models.DateTimeField(auto_now_add=True, db_index=True)
    delivered = models.DateTimeField(null=True)
    answer = models.CharField(max_length=120, blank=True)
