"""Batches: requests that are answered as turns later, by workers. Rows are written by conversations/batches/."""

from django.db import models
from django.db.models.functions import Now

from operators.models import Deployment, Key


class Batch(models.Model):
    """What one `POST /v1/messages/batches` brought. Deleted, its row stays, without what was asked and answered."""

    id = models.UUIDField(primary_key=True, editable=False)
    """Version 7, so newer ones sort later. Callers see it as `msgbatch_<hex>`."""
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="batches")
    key = models.ForeignKey(Key, on_delete=models.PROTECT, related_name="+")
    """Who asked; each turn is answered only while this key may still be used."""
    headers = models.JSONField(default=dict)
    """Those of the caller's headers that go out with each turn."""
    size = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    cancel_initiated_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    succeeded = models.PositiveIntegerField(db_default=0)
    """This and the next three are counted once, when the batch ends; then they add up to `size`."""
    errored = models.PositiveIntegerField(db_default=0)
    canceled = models.PositiveIntegerField(db_default=0)
    expired = models.PositiveIntegerField(db_default=0)
    archived_at = models.DateTimeField(null=True)
    """Since then its results are gone."""
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index("deployment", models.F("id").desc(), name="newest_batch"),
            models.Index("deployment", condition=models.Q(ended_at=None), name="open_batch"),
        ]

    def __str__(self) -> str:
        return f"msgbatch_{self.id.hex}"


class BatchPiece(models.Model):
    """A stretch of a batch's items, worked on by one task at a time. It is the row that cannot be lost in a queue."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    """Numbers of its first and last item."""
    not_before = models.DateTimeField(null=True)
    handed_at = models.DateTimeField(null=True)
    holder = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    """Renewed by its holder while it works; past, where the holder was killed."""
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="batch_piece_once")]
        indexes = [models.Index("number", "batch", condition=models.Q(done_at=None), name="open_batch_piece")]

    def __str__(self) -> str:
        return f"piece {self.number} of {self.batch_id}"


class BatchItem(models.Model):
    """One request of a batch, and its result."""

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded"
        ERRORED = "errored"
        CANCELED = "canceled"
        EXPIRED = "expired"

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    number = models.PositiveIntegerField()
    custom_id = models.CharField(max_length=64)
    params = models.BinaryField()
    """The request's JSON, sealed; emptied with its result, for the turn's record has it then."""
    data_key_id = models.UUIDField(null=True)
    """What seals `params`, and later `result`: the key of the request's user, or the batch's own."""
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True, db_default="")
    """Empty until it is settled, once and for good."""
    result = models.BinaryField(null=True)
    """Sealed; empty where its turn was erased since."""
    claim = models.UUIDField(null=True)
    """Of the try under way. A turn is recorded only together with its item, and only while its claim holds."""
    attempts = models.PositiveSmallIntegerField(db_default=0)
    not_before = models.DateTimeField(null=True)
    turn_id = models.UUIDField(null=True)
    """Of the turn that settled it. Not a foreign key: a turn may be erased before its batch."""
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="batch_item_once")]
        indexes = [
            models.Index("batch", "number", condition=models.Q(outcome=""), name="open_batch_item"),
            models.Index("turn_id", condition=models.Q(turn_id__isnull=False), name="batch_item_of_turn"),
            models.Index("data_key_id", condition=models.Q(outcome=""), name="open_batch_item_of_key"),
        ]

    def __str__(self) -> str:
        return f"{self.custom_id} of {self.batch_id}"
