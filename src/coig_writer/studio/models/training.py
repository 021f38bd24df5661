"""The course that people pass, and sessions in which they score the same items."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from coig_writer.studio.models.items import Item
from coig_writer.studio.models.people import Project


class Attempt(models.Model):
    """One try at the exercises of a unit."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="attempts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="attempts")
    unit = models.CharField(max_length=20)
    share = models.FloatField()
    """Right answers, 0–1."""
    at = models.DateTimeField(auto_now_add=True)


class Calibration(models.Model):
    """Items that several people score, to see how far they agree."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="calibrations")
    name = models.CharField(max_length=120)
    items = models.ManyToManyField(Item, related_name="+")
    made = models.DateTimeField(auto_now_add=True)


class CalibrationScore(models.Model):
    """One person's six scores of one item of a session."""

    calibration = models.ForeignKey(Calibration, models.CASCADE, related_name="scores")
    item = models.ForeignKey(Item, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    scores = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["calibration", "item", "user"], name="one_score_a_session")]
