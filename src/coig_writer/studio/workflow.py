"""The life of an item, as pure functions: which status follows which, and how many reviewers decide.

```
candidate ─▶ draft ─▶ in_review ─▶ accepted ─▶ approved
               │ ▲       │  │  ▲        │
      gate not │ │       │  └──┼▶ disputed ─▶ approved, sent_back or removed
          met  ▼ │       ▼     │
              refine  sent_back ┘            removed
```
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from coig_writer.schema import Gate, Verdict


class Role(StrEnum):
    """What a person may be in a project; one person may be several."""

    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    INSPECTOR = "inspector"
    EVALUATOR = "evaluator"
    MANAGER = "manager"
    ADMIN = "admin"


class Status(StrEnum):
    """Where an item stands."""

    CANDIDATE = "candidate"
    """Nobody has begun."""
    DRAFT = "draft"
    REFINE = "refine"
    """Submitted, and below the gate."""
    IN_REVIEW = "in_review"
    DISPUTED = "disputed"
    """The reviewers disagree; an inspector decides."""
    SENT_BACK = "sent_back"
    ACCEPTED = "accepted"
    """All reviewers accept; the final check is to come."""
    APPROVED = "approved"
    REMOVED = "removed"


WRITABLE = frozenset({Status.DRAFT, Status.REFINE, Status.SENT_BACK})
"""In which the author may change the text."""
CLAIMABLE = frozenset({Status.CANDIDATE, *WRITABLE})
"""In which an annotator may take the item, if nobody holds it."""
INSPECTABLE = frozenset({Status.DISPUTED, Status.ACCEPTED})
FINISHED = frozenset({Status.APPROVED, Status.REMOVED})


def after_submission(gate: Gate) -> Status:
    """What passes the gate is reviewed, the rest goes back for refinement (paper, section 2.3)."""
    return Status.IN_REVIEW if gate.passed else Status.REFINE


def after_reviews(verdicts: Sequence[Verdict], needed: int) -> Status:
    """In review until all are in; then what they agree on, or an inspector's decision."""
    if len(verdicts) < needed:
        return Status.IN_REVIEW
    if len(set(verdicts)) > 1:
        return Status.DISPUTED
    return {
        Verdict.ACCEPT: Status.ACCEPTED,
        Verdict.SEND_BACK: Status.SENT_BACK,
        Verdict.REMOVE: Status.REMOVED,
    }[verdicts[0]]


def after_inspection(verdict: Verdict) -> Status:
    """The final check approves, or overrules the reviewers."""
    return {
        Verdict.ACCEPT: Status.APPROVED,
        Verdict.SEND_BACK: Status.SENT_BACK,
        Verdict.REMOVE: Status.REMOVED,
    }[verdict]
