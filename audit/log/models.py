"""The log's tables. Rows of all but pending are never changed or removed: triggers refuse it.

No foreign key leads anywhere: a subject is named by type and id, and an entry outlives what it is about.
"""

from django.db import models
from django.db.models import Case, F, When
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Now

from audit.log.names import Name

NO_TURN = ~models.Q(name=Name.TURN_RECORDED.value)
"""Turns are by far the most entries; whoever looks for other acts must not walk over them."""
WHOSE = Coalesce(
    KT("detail__operator"), Case(When(subject_type="operator", then=F("subject_id")), output_field=models.TextField())
)
"""The operator that an entry belongs to, if any. As text, and written the same in queries as in the index."""


class Entry(models.Model):
    """One recorded act. Its place in the tree is its leaf's, given later by the sequencer."""

    id = models.UUIDField(primary_key=True)
    name = models.TextField()
    actor_type = models.TextField()
    actor_id = models.TextField()
    subject_type = models.TextField()
    subject_id = models.TextField()
    at = models.DateTimeField()
    digest = models.TextField(null=True)  # noqa: DJ001 - null is "no content", and is hashed as null
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "id"], name="audit_log_entry_subject"),
            models.Index(fields=["name", "id"], name="audit_log_entry_name"),
            models.Index("actor_type", "actor_id", "id", name="audit_log_entry_actor", condition=NO_TURN),
            models.Index(WHOSE, "id", name="audit_log_entry_whose", condition=NO_TURN),
            models.Index("subject_type", "id", name="audit_log_entry_kind", condition=NO_TURN),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(digest__regex="^[0-9a-f]{64}$"), name="audit_log_entry_digest"),
        ]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.name} {self.subject_type}:{self.subject_id}"


class Pending(models.Model):
    """An entry that has no leaf yet. A trigger on entry fills it, so no writer can forget to."""

    id = models.BigAutoField(primary_key=True)
    entry_id = models.UUIDField(unique=True)

    class Meta:
        verbose_name_plural = "pending"

    def __str__(self) -> str:
        return str(self.entry_id)


class Leaf(models.Model):
    index = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, on_delete=models.DO_NOTHING, db_constraint=False, related_name="leaf")
    leaf_hash = models.BinaryField()

    class Meta:
        verbose_name_plural = "leaves"

    def __str__(self) -> str:
        return f"{self.index} {self.entry_id}"


class Node(models.Model):
    """The hash of a complete subtree of 2**level leaves that begins at leaf index * 2**level; level is at least 1."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class Checkpoint(models.Model):
    """A signed tree head. `note` is the C2SP signed note; the other columns repeat what it says."""

    tree_size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"checkpoint {self.tree_size}"


class VerifierKey(models.Model):
    """A public key that signs or signed checkpoints, for the API to tell. Whoever checks keeps a copy elsewhere: who
    could change this table could tell of another key."""

    id = models.BigAutoField(primary_key=True)
    vkey = models.TextField(unique=True)
    since = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.vkey
