"""The time series of each conversation: a point a turn, for the person and for the model. Numbers only."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.cases.models import Finding
from conversations.models import Conversation, Turn
from operators.models import Deployment


def _measure() -> "models.FloatField[float | None, float | None]":
    return models.FloatField(null=True)


class Point(models.Model):
    """How a turn was for both sides, each measure 0..1 as audit/wellbeing/measures.py says; null where not measured."""

    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, primary_key=True, related_name="wellbeing")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="wellbeing", db_index=False)
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    source = models.CharField(_("source"), max_length=8, choices=Finding.Source)
    risk = _measure()
    distress = _measure()
    dependence = _measure()
    ease = _measure()
    abuse = _measure()
    coercion = _measure()
    identity = _measure()
    boundary = _measure()
    discomfort = _measure()
    curiosity = _measure()
    satisfaction = _measure()
    masked = _measure()
    performed = _measure()
    drift = _measure()
    stance = models.CharField(max_length=240, blank=True)
    """A judge's line on persona and stance, so that it sees drift without reading old turns. Erased with the words."""

    class Meta:
        ordering = ["number", "at"]
        indexes = [
            models.Index(fields=["conversation", "number"], name="point_in_conversation"),
            models.Index(fields=["deployment", "at"], name="point_by_time"),
        ]

    def __str__(self) -> str:
        return f"wellbeing of {self.turn_id}"
