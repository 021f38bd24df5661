"""Who did what, when. Entries are added and never changed; triggers in the database hold to that too."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models


class AuditEntry(models.Model):
    """One action. `detail` holds codes, numbers and names, never texts or passwords."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, related_name="+")
    project = models.ForeignKey("studio.Project", models.DO_NOTHING, null=True, related_name="+")
    item = models.ForeignKey("studio.Item", models.DO_NOTHING, null=True, related_name="+")
    action = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"], name="audit_of_project"),
            models.Index(fields=["item", "-id"], name="audit_of_item"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("an audit entry is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("an audit entry is never deleted")


def record(action: str, *, actor: Any = None, project: Any = None, item: Any = None, **detail: Any) -> None:
    """Adds an entry; inside a transaction it stands or falls with the rest."""
    AuditEntry.objects.create(
        action=action,
        actor=actor if actor is not None and actor.is_authenticated else None,
        project_id=project.pk if project else item.project_id if item else None,
        item=item,
        detail=detail,
    )
