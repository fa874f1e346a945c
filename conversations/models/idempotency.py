"""Requests that must not be answered twice: what an app named in the header `Idempotency-Key`."""

from django.db import models

from operators.models import Deployment


class IdempotencyKey(models.Model):
    """One key of one deployment, for a day. Held by an attempt to answer while it runs, then it names the turn.

    Rows are written by conversations/idempotency.py, never through the ORM. The digests are keyed by the deployment's
    secret.
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="+", db_index=False)
    key_digest = models.BinaryField(max_length=32)
    body_digest = models.BinaryField(max_length=32)
    owner = models.UUIDField(unique=True)
    """The attempt that holds it."""
    lease_until = models.DateTimeField()
    """An attempt that has not been heard of since may be replaced by another."""
    expires_at = models.DateTimeField(db_index=True)
    turn_id = models.UUIDField(null=True)
    """No foreign key: a turn may be deleted, and its key must still not be answered anew."""
    envelope = models.BinaryField(null=True)
    """{"message": the answer less its content, "dropped"}, sealed with the turn's key; where the deployment keeps no
    content the answer whole, for as long as the row is there. Empty where the turn was erased since."""

    class Meta:
        indexes = [models.Index("turn_id", name="idempotency_key_of_turn")]
        constraints = [models.UniqueConstraint(fields=["deployment", "key_digest"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return str(self.owner)
