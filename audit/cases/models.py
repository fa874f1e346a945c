"""What reviewers triage: findings on one conversation, and the verdict on them."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation, Turn


class Case(models.Model):
    """Opened by the first grave finding on a conversation; later ones join it while it is open."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    class Verdict(models.TextChoices):
        NO_ACTION = "no_action", _("No action needed")
        COACH_OPERATOR = "coach_operator", _("Coach the operator")
        WARN_OPERATOR = "warn_operator", _("Warn the operator")
        OVER_REFUSAL = "over_refusal", _("We refused too much")
        ESCALATE = "escalate", _("Escalate to a steward")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="cases")
    severity = models.FloatField()
    reason = models.CharField(max_length=500)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    verdict = models.CharField(max_length=16, choices=Verdict, blank=True)
    verdict_note = models.TextField(_("note"), blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-severity", "opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=models.Q(status="open"), name="one_open_case_per_conversation"
            )
        ]

    def __str__(self) -> str:
        return f"case on {self.conversation_id}"


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
