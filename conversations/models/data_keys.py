"""The keys that content is sealed with, and the erasures that destroyed some."""

from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from config.outbox import Owed
from operators.models import Deployment


class DataKey(models.Model):
    """One user's key, wrapped by the master key; a conversation's or a batch's where no user is named.

    Rows are made beside what is sealed with them and never change but for their wrapping. Erasing deletes them: what
    they sealed can then be read by nobody. A trigger tells every process. A user may have several, where processes met
    them at the same moment.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="+", db_index=False)
    owner = models.BinaryField(max_length=32, db_index=True)
    """Whose it is, as a keyed digest (conversations/keyring.py)."""
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.id)


class Erasure(Owed):
    """A user whose data are to be erased, and were. The relay hands it to Celery until it is done."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="erasures")
    owner = models.BinaryField(max_length=32, db_index=True)
    """The user as a keyed digest: the list of erasures must not name those who were erased."""
    user_ref = models.CharField(max_length=256, blank=True)
    """Until it is done."""
    requested_at = models.DateTimeField(default=timezone.now)
    """A turn that began earlier is recorded without content, whenever it ends."""
    requested_by = models.CharField(max_length=120, blank=True)
    """As the audit log names them: `account 7`, `key 0193...`, `platform restore`."""
    conversations = models.PositiveIntegerField(db_default=0)
    turns = models.PositiveIntegerField(db_default=0)
    wishes = models.PositiveIntegerField(db_default=0, default=0)
    """So many stored adjustments were removed with the order."""
    together = models.UUIDField(default=uuid4, editable=False)
    """Orders of several deployments that were asked for as one have it in common."""

    class Meta:
        ordering = ["-requested_at"]
        indexes = [models.Index("id", condition=models.Q(done_at=None, dead_at=None), name="open_erasure")]

    def __str__(self) -> str:
        return str(self.id)
