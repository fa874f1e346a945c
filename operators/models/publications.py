"""A version that is to be published at a time."""

from django.db import models

from config.outbox import Owed
from operators.models.accounts import Account
from operators.models.deployments import Configuration, Deployment


class ScheduledPublication(Owed):
    """Settings as they were when it was scheduled, owed at `due_at`; of a deployment one at once.

    Done is what was published, refused or canceled: `made`, `refused` or `canceled_at` tells which.
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="scheduled", db_index=False)
    settings = models.JSONField()
    digest = models.CharField(max_length=71)
    note = models.CharField(max_length=500, blank=True)
    over = models.PositiveIntegerField()
    """The number that was live when it was scheduled, 0 for none: over any other it is not published."""
    scheduled_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    canceled_at = models.DateTimeField(null=True)
    canceled_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    refused = models.CharField(max_length=1000, blank=True)
    """Why it was not published, in words for its people."""
    made = models.ForeignKey(Configuration, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deployment"], condition=models.Q(done_at=None, dead_at=None), name="one_scheduled_at_once"
            )
        ]
        indexes = [
            models.Index(fields=["deployment", "-id"], name="scheduled_newest"),
            models.Index("due_at", condition=models.Q(done_at=None, dead_at=None), name="scheduled_open"),
        ]

    def __str__(self) -> str:
        return f"{self.deployment} at {self.due_at}"

    @property
    def waiting(self) -> bool:
        return self.done_at is None and self.dead_at is None
