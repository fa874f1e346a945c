"""The outbox: review jobs, written in the turn's own transaction."""

from django.db import models

from config.outbox import Owed
from conversations.models.record import Turn


class Job(Owed):
    """A review that is owed. The relay hands it to Celery; the finished task marks it done."""

    kind = models.CharField(max_length=32)
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="jobs")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["turn", "kind"], name="one_job_per_turn_and_kind")]
        indexes = [
            models.Index("id", condition=models.Q(done_at=None, dead_at=None), name="job_open"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of turn {self.turn_id}"
