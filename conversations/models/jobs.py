"""The outbox: review jobs, written in the turn's own transaction, and what their judge is known to be capable of."""

from django.db import models
from django.db.models.functions import Now

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
            models.Index("dead_at", condition=models.Q(done_at=None, dead_at__isnull=False), name="job_given_up"),
            models.Index("done_at", condition=models.Q(done_at__isnull=False), name="job_done"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of turn {self.turn_id}"


class JudgeState(models.Model):
    """The judge of the reviews as all workers know it: a bucket of requests, and whether it rests. One row a judge."""

    name = models.CharField(max_length=200, primary_key=True)
    level = models.FloatField()
    """How many requests may be made at `at`; it fills with time."""
    at = models.DateTimeField(db_default=Now())
    failures = models.PositiveIntegerField(db_default=0)
    """In a row."""
    rests_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class BatchedReview(models.Model):
    """A review whose question goes to the judge with many others, in a batch of the provider's."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        SENT = "sent"
        DIRECT = "direct"
        """The batch brought no answer that can be used: it is asked by itself."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="batched")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    batch = models.CharField(max_length=128, blank=True)
    """The provider's id of it."""
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["state", "at"], name="batched_review_by_state")]

    def __str__(self) -> str:
        return f"{self.state}: {self.job_id}"
