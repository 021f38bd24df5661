"""Items with their versions, and who works on them, decides and comments."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property

from coig_writer.schema import Article, Draft, Scores, Verdict
from coig_writer.studio.models.people import ROLES, Project
from coig_writer.studio.workflow import Status

USER = settings.AUTH_USER_MODEL


class Item(models.Model):
    """An article on its way to becoming a triplet."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="items")
    key = models.CharField(max_length=64)
    """The article's id, from its content."""
    title = models.CharField(max_length=300)
    genre = models.CharField(max_length=64, blank=True)
    category = models.CharField(max_length=64, blank=True)
    platform = models.CharField(max_length=120, blank=True)
    length = models.PositiveIntegerField()
    """Of the article, in characters."""
    status = models.CharField(max_length=12, default=Status.CANDIDATE, choices=[(s.value, s.value) for s in Status])
    specialist = models.BooleanField(default=False)
    """Whether it needs as many reviewers as special knowledge asks for."""
    round = models.PositiveSmallIntegerField(default=1)
    head = models.PositiveIntegerField(default=0)
    """Number of the latest version; 0: there is none."""
    submitted = models.PositiveIntegerField(default=0)
    """Number of the version that reviewers see; 0: none has passed the gate."""
    author = models.ForeignKey(USER, models.PROTECT, null=True, related_name="written_items")
    article_json = models.JSONField()
    """The `Article`."""
    draft_json = models.JSONField(null=True)
    """The `Draft` of a model that it came with, without its article."""
    shortfalls = models.JSONField(default=list)
    """Why the latest submission did not pass the gate."""
    doubt = models.CharField(max_length=40, null=True)
    """What speaks against the work on it, a code of `corpus.reasons.REASONS`; blank: nothing; None: not looked at."""
    doubt_detail = models.CharField(max_length=300, blank=True, default="")
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)
    first_submitted = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    exercise = models.JSONField(null=True)
    """Known answers, for an item that only trains or checks people; it is never released."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="an_article_once_a_project")]
        indexes = [models.Index(fields=["project", "status", "id"], name="items_by_status")]

    def __str__(self) -> str:
        return self.title

    @cached_property
    def article(self) -> Article:
        return Article.model_validate(self.article_json)

    @cached_property
    def draft(self) -> Draft | None:
        """What a model drafted for it before it came here."""
        if not self.draft_json:
            return None
        return Draft.model_validate({**self.draft_json, "article": self.article_json})

    @property
    def reviewers_needed(self) -> int:
        return self.project.specialist_reviewers if self.specialist else self.project.reviewers


class Version(models.Model):
    """The text at one moment. Versions are added and never changed."""

    item = models.ForeignKey(Item, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    """1, 2, 3 … within the item."""
    base = models.PositiveIntegerField(default=0)
    """The version that the writer had before them."""
    author = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    """None: it came with the import."""
    origin = models.CharField(max_length=8, default="person")
    """`import`, `person` or `merge`."""
    prompt = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    scores = models.JSONField(default=dict)
    """Dimension → 1–10, as far as they are given."""
    coherent = models.BooleanField(null=True)
    """The author's own answer at the third step: whether the three parts hold together."""
    save_key = models.CharField(max_length=40, null=True, unique=True)
    """Made by the browser for each save, so that one which is sent twice is stored once."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "number"], name="one_version_a_number")]

    def scores_by(self, handle: str) -> Scores | None:
        """The six scores as a record, if all are given."""
        from coig_writer.schema import DIMENSIONS

        if set(self.scores) != set(DIMENSIONS):
            return None
        return Scores(**self.scores, by=f"human:{handle}", at=self.at)


class Assignment(models.Model):
    """Somebody has an item to write, to review or to inspect, for as long as the lease lasts."""

    item = models.ForeignKey(Item, models.CASCADE, related_name="assignments")
    user = models.ForeignKey(USER, models.CASCADE, related_name="assignments")
    role = models.CharField(max_length=12, choices=ROLES)
    made_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    """Who assigned it by name; None: taken from the queue."""
    since = models.DateTimeField(auto_now_add=True)
    lease_until = models.DateTimeField()
    due = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, blank=True)
    """`done`, `released` or `expired`, once ended."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item"], condition=Q(role="annotator", ended=None), name="one_writer_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["item", "user", "role"], condition=Q(ended=None), name="one_open_assignment_a_role"
            ),
        ]
        indexes = [models.Index(fields=["user", "ended"], name="assignments_of_user")]


class Decision(models.Model):
    """A reviewer's or inspector's verdict on one round."""

    REVIEW, INSPECTION = "review", "inspection"

    item = models.ForeignKey(Item, models.CASCADE, related_name="decisions")
    kind = models.CharField(max_length=10, default=REVIEW)
    round = models.PositiveSmallIntegerField()
    version = models.PositiveIntegerField()
    """What was judged."""
    user = models.ForeignKey(USER, models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=10, choices=[(v.value, v.value) for v in Verdict])
    semantic_consistency = models.PositiveSmallIntegerField(null=True)
    authenticity = models.PositiveSmallIntegerField(null=True)
    coherence = models.PositiveSmallIntegerField(null=True)
    diversity = models.PositiveSmallIntegerField(null=True)
    comment = models.TextField(blank=True)
    overruled = models.BooleanField(default=False)
    """An inspector decided otherwise."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "round", "user", "kind"], name="one_decision_a_round"),
        ]


class Comment(models.Model):
    """A remark about a span of a text, or an answer to one."""

    item = models.ForeignKey(Item, models.CASCADE, related_name="comments")
    user = models.ForeignKey(USER, models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField()
    version = models.PositiveIntegerField()
    part = models.CharField(max_length=10)
    """`article`, `prompt`, `reasoning`."""
    start = models.PositiveIntegerField(null=True)
    end = models.PositiveIntegerField(null=True)
    """The span in UTF-16 units, as browsers count; None: about the part as a whole."""
    quote = models.CharField(max_length=400, blank=True)
    body = models.TextField()
    answers = models.ForeignKey("self", models.CASCADE, null=True, related_name="replies")
    settled = models.BooleanField(default=False)
    at = models.DateTimeField(auto_now_add=True)
