"""Webhooks: where an operator's own servers hear what happened, and every delivery with its attempts.

Deliveries are inserted by SQL beside their cause (operators/webhooks/events.py), the turns' in the hot path. So that no
removed webhook can make a turn's record fail, no constraint ties a delivery to its webhook; the purge removes what
is left behind.
"""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.outbox import Owed
from config.sealing import seal, unseal
from operators.addresses import check_webhook_address
from operators.models.accounts import Operator
from operators.models.deployments import Deployment

TEST = "webhook.test"
"""The type of a test event; it is asked for, never subscribed to."""


class EventType(models.TextChoices):
    TURN_FLAGGED = "turn.flagged", _("a turn was flagged for people to look at")
    CONVERSATION_ENDED = "conversation.ended", _("a conversation was ended")
    BUDGET_ALERTED = "budget.alerted", _("a budget came near its end")
    BUDGET_EXHAUSTED = "budget.exhausted", _("a budget was used up")
    CONFIGURATION_PUBLISHED = "configuration.published", _("a configuration was published or rolled back to")


def check_types(types: Any) -> None:
    """Validates a JSON list of event types. Raises ValidationError."""
    if not isinstance(types, list) or not types:
        raise ValidationError(_("Choose at least one event."))
    for one in types:
        if one not in EventType.values:
            raise ValidationError(_("There is no event %(name)r.") % {"name": one})


def check_ids(ids: Any) -> None:
    """Validates a JSON list of ids as text. Raises ValidationError."""
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise ValidationError(_("A list of deployments' ids is needed."))


def check_printable(text: str) -> None:
    if not text.isprintable():
        raise ValidationError(_("Control characters cannot be kept."))


class Webhook(models.Model):
    """One address of an operator's, and what it wants to hear."""

    class Disabled(models.TextChoices):
        BY_HAND = "by_hand", _("Switched off by a member.")
        FAILING = "failing", _("Switched off by itself: every delivery failed for days.")
        GONE = "gone", _("Switched off by itself: your server answered 410 Gone.")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(_("address"), max_length=1000)
    description = models.CharField(_("description"), max_length=200, blank=True, validators=[check_printable])
    types = models.JSONField(_("events"), validators=[check_types])
    deployment_ids = models.JSONField(default=list, blank=True, validators=[check_ids])
    """The deployments it is narrowed to, as text; empty for all of its operator. One that is gone stays named, so that
    a webhook never hears of more than it was made for."""
    sealed_secret = models.BinaryField(editable=False)
    sealed_old_secret = models.BinaryField(null=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, editable=False)
    enabled = models.BooleanField(default=True, editable=False)
    disabled_because = models.CharField(max_length=16, choices=Disabled, blank=True, editable=False)
    disabled_at = models.DateTimeField(null=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    """Null unless the last attempt failed."""
    last_failure_at = models.DateTimeField(null=True, editable=False)
    last_success_at = models.DateTimeField(null=True, editable=False)
    resting_until = models.DateTimeField(null=True, editable=False)
    """Its server asked for quiet until then."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.description or self.origin

    def clean(self) -> None:
        try:
            check_webhook_address(self.url)
        except ValueError as error:
            raise ValidationError({"url": str(error)}) from None
        own = {str(pk) for pk in Deployment.objects.filter(operator=self.operator_id).values_list("pk", flat=True)}
        if isinstance(self.deployment_ids, list) and set(self.deployment_ids) - own:
            raise ValidationError({"deployment_ids": _("These are not all deployments of this operator.")})

    @property
    def health(self) -> str:
        """`off`, `failing`, `well`, or `new` before the first attempt."""
        if not self.enabled:
            return "off"
        if self.failing_since:
            return "failing"
        return "well" if self.last_success_at else "new"

    @property
    def origin(self) -> str:
        """The address as those may see it who may not change it: the rest may hold a token."""
        scheme, _slashes, rest = self.url.partition("://")
        host = rest.partition("/")[0].partition("?")[0]
        return f"{scheme}://{host}" + ("/…" if rest[len(host) :].strip("/") else "")

    def set_secret(self, secret: str, *, old_until: datetime | None) -> None:
        """Seals the secret. The one before signs beside it until `old_until`. Raises SealError. Does not save."""
        self.sealed_old_secret = self.sealed_secret if old_until else None
        self.old_secret_until = old_until
        self.sealed_secret = seal(secret, self._seal_context)

    def secrets(self) -> list[str]:
        """Those that sign now, the newest first. Raises SealError."""
        sealed = [self.sealed_secret, *([self.sealed_old_secret] if self.old_secret_signs else [])]
        return [unseal(bytes(one), self._seal_context) for one in sealed]

    @property
    def old_secret_signs(self) -> bool:
        return self.old_secret_until is not None and self.old_secret_until > timezone.now()

    @property
    def _seal_context(self) -> str:
        return f"webhook {self.id}"


class WebhookDelivery(Owed):
    """An event on its way to one webhook. `event_id` is the same at each webhook and each attempt."""

    event_id = models.UUIDField(editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.DO_NOTHING, db_constraint=False, related_name="deliveries")
    deployment_id = models.UUIDField(null=True)
    type = models.CharField(max_length=64)
    data = models.JSONField()
    occurred_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "webhook deliveries"
        indexes = [
            models.Index("webhook", models.F("id").desc(), name="newest_delivery"),
            models.Index(
                "due_at", condition=models.Q(done_at=None, dead_at=None, handed_at=None), name="delivery_waiting"
            ),
            models.Index(
                "webhook",
                condition=models.Q(done_at=None, dead_at=None, handed_at__isnull=False),
                name="delivery_in_flight",
            ),
            models.Index("webhook", condition=models.Q(done_at=None, dead_at=None), name="delivery_open"),
            models.Index("webhook", "occurred_at", condition=models.Q(dead_at__isnull=False), name="delivery_failed"),
            models.Index("created_at", name="delivery_age"),
        ]
        constraints = [models.UniqueConstraint(fields=["webhook", "event_id"], name="one_delivery_a_webhook_and_event")]

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"

    @property
    def message_id(self) -> str:
        """What receivers know it by, in the header `webhook-id`."""
        return f"msg_{self.event_id.hex}"

    @property
    def last_try(self) -> "WebhookAttempt | None":
        return max(self.tries.all(), key=lambda one: one.at, default=None)

    @property
    def status(self) -> str:
        """`delivered`, `failed` (given up), `sending`, `retrying`, or `waiting` for its first attempt."""
        if self.done_at:
            return "delivered"
        if self.dead_at:
            return "failed"
        if self.handed_at:
            return "sending"
        return "retrying" if self.attempts else "waiting"


class WebhookAttempt(models.Model):
    """One request, and what came of it."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True)
    """The HTTP status; null where none came."""
    milliseconds = models.PositiveIntegerField()
    excerpt = models.TextField(blank=True)
    """The beginning of the answer's body."""
    error = models.CharField(max_length=300, blank=True)
    """Why it failed, in words; empty where it did not."""

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.status or self.error} at {self.at}"
