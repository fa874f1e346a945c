"""The outbox: review jobs, written in the turn's own transaction."""

from django.db import models
from django.db.models.functions import Now

from conversations.models.record import Turn


class Job(models.Model):
    """A review that is owed. The relay hands it to Celery; the finished task marks it done."""

    kind = models.CharField(max_length=32)
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="jobs")
    created_at = models.DateTimeField(db_default=Now())
    handed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(db_default=0)
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    """Given up after too many attempts; a person must look."""
    error = models.CharField(max_length=500, db_default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["turn", "kind"], name="one_job_per_turn_and_kind")]
        indexes = [
            models.Index("id", condition=models.Q(done_at=None, dead_at=None), name="job_open"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of turn {self.turn_id}"
