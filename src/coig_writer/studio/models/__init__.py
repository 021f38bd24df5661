"""What the studio stores."""

from coig_writer.studio.models.arena import Answer, Contest, Sheet
from coig_writer.studio.models.audit import AuditEntry
from coig_writer.studio.models.items import Assignment, Comment, Decision, Item, Version
from coig_writer.studio.models.people import Invitation, Membership, Project, SignInFailure

__all__ = [
    "Answer",
    "Assignment",
    "AuditEntry",
    "Comment",
    "Contest",
    "Decision",
    "Invitation",
    "Item",
    "Membership",
    "Project",
    "Sheet",
    "SignInFailure",
    "Version",
]
