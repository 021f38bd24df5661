"""What the studio stores."""

from coig_writer.studio.models.arena import Answer, Contest, Sheet
from coig_writer.studio.models.audit import AuditEntry
from coig_writer.studio.models.items import Assignment, Comment, Decision, Item, Version
from coig_writer.studio.models.people import Invitation, Membership, Project, SignInFailure
from coig_writer.studio.models.programs import Delivery, Token, Webhook

__all__ = [
    "Answer",
    "Assignment",
    "AuditEntry",
    "Comment",
    "Contest",
    "Decision",
    "Delivery",
    "Invitation",
    "Item",
    "Membership",
    "Project",
    "Sheet",
    "SignInFailure",
    "Token",
    "Version",
    "Webhook",
]
