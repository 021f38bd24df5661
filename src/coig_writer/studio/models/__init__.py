"""What the studio stores."""

from coig_writer.studio.models.audit import AuditEntry
from coig_writer.studio.models.items import Assignment, Comment, Decision, Item, Version
from coig_writer.studio.models.people import Invitation, Membership, Project, SignInFailure

__all__ = [
    "Assignment",
    "AuditEntry",
    "Comment",
    "Decision",
    "Invitation",
    "Item",
    "Membership",
    "Project",
    "SignInFailure",
    "Version",
]
