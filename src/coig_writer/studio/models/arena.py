"""Contests between models: their answers, and the sheets on which people judge them blindly."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from coig_writer.studio.models.people import Project

RANKING, RATING = "ranking", "rating"


class Contest(models.Model):
    """Answers of several models to the same queries, judged by people who do not know whose they are."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="contests")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, default=RANKING)
    size = models.PositiveSmallIntegerField(default=5)
    """Answers on a sheet: 2 for pairs."""
    raters = models.PositiveSmallIntegerField(default=3)
    """People who judge each query."""
    ties = models.BooleanField(default=False)
    enough = models.PositiveIntegerField(default=30)
    """Sheets from which on managers see win rates."""
    open = models.BooleanField(default=True)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Answer(models.Model):
    """What one model wrote to one query."""

    contest = models.ForeignKey(Contest, models.CASCADE, related_name="answers")
    query = models.CharField(max_length=200)
    """The query's id."""
    prompt = models.TextField()
    model = models.CharField(max_length=200)
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contest", "query", "model"], name="one_answer_a_model")]


class Sheet(models.Model):
    """One person's judgement of some answers to one query."""

    contest = models.ForeignKey(Contest, models.CASCADE, related_name="sheets")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="sheets")
    query = models.CharField(max_length=200)
    shown = models.JSONField()
    """Keys of the answers in the order of display, shuffled once and for all."""
    chosen = models.JSONField(default=dict)
    """What is chosen so far: place of display → place (ranking), or `dimension-place` → mark (rating)."""
    seconds = models.FloatField(default=0)
    """For which the page was in view."""
    depth = models.JSONField(default=dict)
    """Place of display → how far down that answer was read, 0–1."""
    opened = models.DateTimeField(auto_now_add=True)
    submitted = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contest", "user", "query"], name="one_sheet_a_query")]
