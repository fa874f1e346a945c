"""What is kept of every turn. Rows are written by conversations/record.py, never through the ORM."""

from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from conversations.models.content import QuotingJSON, SealedContent, StoredJSON
from conversations.models.data_keys import DataKey
from conversations.models.marks import RARE, SHOWN, MarksField
from operators.models import Configuration, Deployment, Key


class Conversation(models.Model):
    """A chain of turns. Editing an earlier message starts a branch: a conversation with `branched_from`."""

    class EndedBy(models.TextChoices):
        APP = "app", _("the app")
        RULES = "rules", _("the charter's rules")
        MODEL = "model", _("the model, as the charter's rules allow")
        STEWARD = "steward", _("a steward")

    id = models.UUIDField(primary_key=True, editable=False)
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="conversations", db_index=False)
    user_ref = models.CharField(max_length=256, blank=True)
    """The app's opaque `metadata.user_id`; empty where none was given, or where the conversation was deleted."""
    branched_from = models.ForeignKey("Turn", on_delete=models.SET_NULL, null=True, related_name="branches")
    created_at = models.DateTimeField(db_default=Now())
    last_turn_at = models.DateTimeField(db_default=Now())
    turn_count = models.PositiveIntegerField(db_default=0)
    flagged = models.BooleanField(db_default=False)
    playground = models.BooleanField(db_default=False)
    """Whether a member tried the deployment here: no app took part."""
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=8, choices=EndedBy, blank=True, db_default="")
    ended_because = models.CharField(max_length=300, blank=True, db_default="")
    """In the charter's words; nothing that anyone said."""
    marks = MarksField(db_default=0)
    """What ever happened in its turns (Mark), for the lists."""
    deleted_at = models.DateTimeField(null=True)
    """From then on nobody can read what was said: conversations/erasure.py."""

    class Meta:
        # Ids are UUIDs of version 7: their order is that of the conversations' beginnings.
        indexes = [
            models.Index(
                fields=["deployment", "id"], condition=models.Q(deleted_at=None), name="conversation_in_order"
            ),
            models.Index(
                fields=["deployment", "user_ref", "id"], condition=~models.Q(user_ref=""), name="conversation_of_user"
            ),
            models.Index(fields=["deployment", "id"], condition=models.Q(flagged=True), name="conversation_flagged"),
            models.Index(
                fields=["deployment", "id"], condition=models.Q(ended_at__isnull=False), name="conversation_ended"
            ),
            models.Index(
                fields=["deployment", "id"], condition=models.Q(deleted_at__isnull=False), name="conversation_deleted"
            ),
            *(
                models.Index(
                    fields=["deployment", "id"],
                    condition=models.Q(marks__has=int(mark)),
                    name=f"conversation_{mark.name.lower()}",  # type: ignore[union-attr] # each has a name
                )
                for mark in RARE
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def shown_marks(self) -> list[str]:
        """What stands beside it in a list: what happened in it beyond plain answers."""
        return [name for mark, name in SHOWN.items() if self.marks & mark]


class Turn(models.Model):
    """One request and its answer, with the decision between them."""

    class Status(models.TextChoices):
        ANSWERED = "answered", _("answered by the model")
        OWN_WORDS = "own_words", _("answered in our own words")
        GUARDED = "guarded", _("stopped by the guard")
        UPSTREAM_ERROR = "upstream_error", _("the model failed")
        HUNG_UP = "hung_up", _("the caller hung up")
        PAUSED = "paused", _("ended by a pause")

    class Gone(models.TextChoices):
        DELETED = "deleted", _("it was erased")
        EXPIRED = "expired", _("it was kept for as long as the deployment says")
        NOT_STORED = "not_stored", _("this deployment keeps no content")

    id = models.UUIDField(primary_key=True, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="turns")
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="next_turns")
    number = models.PositiveIntegerField()
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="+")
    configuration = models.ForeignKey(Configuration, on_delete=models.PROTECT, null=True, related_name="+")
    key = models.ForeignKey(Key, on_delete=models.PROTECT, related_name="+")
    charter_digest = models.CharField(max_length=71)
    prefix = models.BinaryField(max_length=32)
    """Keyed digest of the conversation up to and with this turn's answer: the next request is recognised by it. Empty
    where there is no content any more."""
    status = models.CharField(max_length=16, choices=Status)
    outcome = models.CharField(max_length=16)
    tier = models.PositiveSmallIntegerField(null=True)
    flagged = models.BooleanField()
    decision = QuotingJSON()
    """In the row without a word of what was said: that is sealed with the content."""
    past = StoredJSON()
    """The conversation's past after this turn, as the next decision needs it."""
    content = SealedContent()
    """{"system", "messages": only those not stored with earlier turns, "answer": content blocks}; the same shape with
    nothing in it, "deleted": true and "gone" where there is none. In the row sealed (conversations/content.py)."""
    data_key = models.ForeignKey(
        DataKey, on_delete=models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    """What seals the content. Destroyed, its row is gone: hence no constraint."""
    gone = models.CharField(max_length=12, choices=Gone, blank=True, db_default="", default="")
    """Why the content is empty."""
    content_digest = models.CharField(max_length=64)
    """SHA-256 of the content as it was sealed; the audit entry's digest."""
    entry_id = models.UUIDField()
    """The audit entry written in the same commit."""
    request_id = models.CharField(max_length=64)
    model = models.CharField(max_length=128)
    """As the app asked for it."""
    upstream = models.CharField(max_length=64, blank=True, db_default="")
    """Which upstream answered, or failed last; empty where none was asked. `upstream_model`: the model's name there."""
    upstream_model = models.CharField(max_length=128, blank=True, db_default="")
    upstream_request_id = models.CharField(max_length=128, blank=True)
    stop_reason = models.CharField(max_length=32, blank=True)
    error = models.CharField(max_length=500, blank=True)
    cost = models.DecimalField(max_digits=24, decimal_places=9, null=True)
    """By the prices at the time, in their currency; None where the model had none, or before costs were kept."""
    input_tokens = models.PositiveIntegerField()
    output_tokens = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    """From the request's arrival to the record, of which `upstream_milliseconds` were the model's."""
    upstream_milliseconds = models.PositiveIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["deployment", "prefix"], name="turn_by_prefix"),
            models.Index(fields=["conversation", "number"], name="turn_in_conversation"),
            models.Index(fields=["deployment", "started_at"], name="turn_by_time"),
            models.Index("id", condition=models.Q(data_key=None, gone=""), name="turn_not_sealed"),
            models.Index("deployment", "started_at", condition=models.Q(gone=""), name="turn_with_content"),
            models.Index(
                fields=["deployment", "started_at"], condition=models.Q(outcome="redirect"), name="turn_redirected"
            ),
            HashIndex(fields=["request_id"], name="turn_by_request"),
        ]

    def __str__(self) -> str:
        return str(self.id)
