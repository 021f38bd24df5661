"""What the studio stores."""

from coig_writer.studio.models.arena import Answer, Contest, Sheet
from coig_writer.studio.models.audit import AuditEntry
from coig_writer.studio.models.items import Assignment, Comment, Decision, Item, Version
from coig_writer.studio.models.people import Invitation, Membership, Project, SignInFailure
from coig_writer.studio.models.programs import Delivery, Token, Webhook
from coig_writer.studio.models.training import Attempt, Calibration, CalibrationScore

__all__ = [
    "Answer",
    "Assignment",
    "Attempt",
    "AuditEntry",
    "Calibration",
    "CalibrationScore",
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
