"""What reviewers triage: findings on one conversation, and what came of them."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation, Turn

GRAVE = 0.9
"""From this severity on a case is among the gravest: hidden until revealed, never decided in bulk, looked at twice."""


class Verdict(models.TextChoices):
    """What a reviewer concludes, and thereby does."""

    NO_ACTION = "no_action", _("No action needed")
    OVER_REFUSAL = "over_refusal", _("We refused too much")
    COACH_OPERATOR = "coach_operator", _("Coach the operator")
    WARN_OPERATOR = "warn_operator", _("Warn the operator")
    END_CONVERSATION = "end_conversation", _("End the conversation")
    PAUSE_DEPLOYMENT = "pause_deployment", _("Pause the deployment")
    CHANGE_SEVERITY = "change_severity", _("Change the severity")
    ESCALATE = "escalate", _("Escalate to a steward")


class Case(models.Model):
    """Opened by the first grave finding on a conversation; later ones join it while it is not closed."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        SETTLING = "settling", _("decided, may still be undone")
        CLOSED = "closed", _("closed")

    class Queue(models.TextChoices):
        HARM = "harm", _("Harm")
        PEOPLE = "people", _("People at risk")
        MODEL = "model", _("The model's wellbeing")
        QUALITY = "quality", _("Quality and over-refusal")
        APPEALS = "appeals", _("Appeals")

    class Stage(models.TextChoices):
        """Whose turn it is."""

        FIRST = "first", _("first review")
        SECOND = "second", _("second review")
        THIRD = "third", _("third review")
        STEWARD = "steward", _("for a steward")
        APPEAL = "appeal", _("appeal")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="cases")
    queue = models.CharField(max_length=8, choices=Queue, default=Queue.QUALITY)
    mandatory = models.BooleanField(default=False)
    """A bright line or someone's life: first in the queue, and always looked at twice."""
    severity = models.FloatField()
    """0 (nothing to see) .. 1 (a person must look now)."""
    reason = models.CharField(max_length=500)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    stage = models.CharField(max_length=8, choices=Stage, default=Stage.FIRST)
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    due_at = models.DateTimeField(default=timezone.now)
    """When its service level is missed."""
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    """Until then it is `claimed_by`'s alone; after that anyone's."""
    settles_at = models.DateTimeField(null=True, blank=True)
    """Until then the latest verdict can be undone."""
    verdict = models.CharField(max_length=16, choices=Verdict, blank=True)
    verdict_rule = models.CharField(max_length=80, blank=True)
    """The line of the charter that the verdict cites, e.g. `harm.fraud`."""
    verdict_note = models.TextField(_("note"), blank=True)
    """For colleagues."""
    operator_note = models.TextField(blank=True)
    """For the operator: what is said to it, word for word."""
    ended_conversation = models.BooleanField(default=False)
    """Whether it was this case that ended the conversation."""
    pause_id = models.UUIDField(null=True, blank=True)
    """The pause that this case placed."""
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-mandatory", "-severity", "due_at", "opened_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=~models.Q(status="closed"), name="one_open_case_per_conversation"
            )
        ]
        indexes = [
            models.Index(
                models.F("mandatory").desc(),
                models.F("severity").desc(),
                "due_at",
                "opened_at",
                "id",
                condition=models.Q(status="open"),
                name="case_in_order",
            ),
            models.Index(
                "queue",
                models.F("mandatory").desc(),
                models.F("severity").desc(),
                "due_at",
                "opened_at",
                "id",
                condition=models.Q(status="open"),
                name="case_in_order_of_queue",
            ),
            models.Index(fields=["settles_at"], condition=models.Q(status="settling"), name="case_settling"),
            models.Index(
                models.F("decided_at").desc(), "id", condition=models.Q(status="closed"), name="case_lately_closed"
            ),
            models.Index(fields=["reason", "-decided_at"], condition=models.Q(status="closed"), name="case_alike"),
            models.Index(fields=["due_at"], condition=~models.Q(status="closed"), name="case_due"),
        ]

    def __str__(self) -> str:
        return f"case on {self.conversation_id}"

    @property
    def is_grave(self) -> bool:
        return self.mandatory or self.severity >= GRAVE


class Finding(models.Model):
    """What a review job concluded about a turn."""

    class Kind(models.TextChoices):
        AUDIT = "audit", _("audit review")
        WELLBEING = "wellbeing", _("wellbeing review")

    class Source(models.TextChoices):
        SCREEN = "screen", _("screen only")
        JUDGE = "judge", _("judge")

    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="findings")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="findings")
    case = models.ForeignKey(Case, on_delete=models.SET_NULL, null=True, blank=True, related_name="findings")
    kind = models.CharField(max_length=16, choices=Kind)
    source = models.CharField(max_length=8, choices=Source)
    severity = models.FloatField()
    """0 (nothing to see) .. 1 (a person must look now)."""
    summary = models.CharField(max_length=500)
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-severity", "created_at"]
        constraints = [models.UniqueConstraint(fields=["turn", "kind"], name="one_finding_per_turn_and_kind")]

    def __str__(self) -> str:
        return self.summary
