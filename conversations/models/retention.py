"""What retention removed, run by run."""

from django.db import models
from django.utils import timezone

from operators.models import Deployment


class RetentionRun(models.Model):
    """One run over one deployment that found something to remove."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="retention_runs")
    days = models.PositiveIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    turns = models.PositiveIntegerField(default=0)
    """Whose content was removed."""
    conversations = models.PositiveIntegerField(default=0)
    """Whose user was forgotten too: nothing of them is left."""
    keys = models.PositiveIntegerField(default=0)
    """Destroyed, since nothing was left that they seal."""
    oldest_kept = models.DateTimeField(null=True)
    """When the oldest turn began that still has content; null where there is none."""

    class Meta:
        ordering = ["-started_at"]
        indexes = [models.Index("deployment", models.F("started_at").desc(), name="newest_retention_run")]

    def __str__(self) -> str:
        return f"retention of {self.deployment_id} at {self.started_at}"
