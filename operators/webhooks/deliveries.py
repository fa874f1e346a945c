"""A delivery's life: handed over when it is due, tried for about three days, then kept as failed until it is replayed.

Delivered at least once: a worker that dies after the answer and before the note has it sent again, under the same id.
"""

import logging
import random
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from config.outbox import Outbox
from config.sealing import SealError
from operators.models import Webhook, WebhookAttempt, WebhookDelivery
from operators.webhooks.endpoints import Actor, disable
from operators.webhooks.sending import Sent, payload, send

log = logging.getLogger(__name__)

PAUSES = [
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
]
"""After each failed attempt, as Standard Webhooks recommends; together a little over three days."""
JITTER = 0.1
LONGEST_REST = timedelta(days=1)
"""What a server asks for beyond this is not granted."""
FORGOTTEN_AFTER = timedelta(minutes=5)
"""Longer than all that are in flight take, were each to run into its time-out, on 32 threads."""
AT_ONCE_EACH = 10
"""How many deliveries of one webhook are under way at most: a slow server holds up its own."""
AT_ONCE_FAILING = 2
"""The same for a webhook of which the last attempt failed."""
DISABLED_AFTER = timedelta(days=5)
"""A webhook of which every attempt failed for this long is switched off."""
LONGEST_SILENCE = timedelta(days=2)
"""Failures further apart than this, the longest pause and some, are not one continuous failure."""
US: Actor = ("platform", "webhooks")


class DeliveryOutbox(Outbox[WebhookDelivery]):
    """Leaves out webhooks that are switched off or asked for quiet: their deliveries wait."""

    def due(self) -> QuerySet[WebhookDelivery]:
        rested = Q(webhook__resting_until=None) | Q(webhook__resting_until__lte=timezone.now())
        return super().due().filter(rested, webhook__enabled=True).order_by("due_at", "id")

    def take(self, limit: int) -> list[WebhookDelivery]:
        """As many of each webhook as it has room for."""
        in_flight = self.open.exclude(handed_at=None).values_list("webhook", "webhook__failing_since")
        counted = in_flight.annotate(Count("pk")).order_by()
        room = {webhook: _most(failing_since) - count for webhook, failing_since, count in counted}
        full = [webhook for webhook, left in room.items() if left <= 0]
        taken = []
        due = self.due().exclude(webhook__in=full).select_related("webhook")
        for delivery in due.select_for_update(of=("self",), skip_locked=True)[:limit]:
            left = room.get(delivery.webhook_id, _most(delivery.webhook.failing_since))
            if left > 0:
                room[delivery.webhook_id] = left - 1
                taken.append(delivery)
        return taken


def _most(failing_since: datetime | None) -> int:
    return AT_ONCE_EACH if failing_since is None else AT_ONCE_FAILING


DELIVERIES = DeliveryOutbox(
    WebhookDelivery,
    lambda _delivery: "operators.deliver_webhook",
    attempts=len(PAUSES) + 1,
    forgotten_after=FORGOTTEN_AFTER,
    in_flight=200,
)


def deliver(delivery_id: int) -> bool:
    """Sends a delivery that was handed over, once. True if it is delivered now."""
    delivery = _claim(delivery_id)
    if delivery is None:
        return False
    body = payload(delivery.type, delivery.occurred_at, delivery.data)
    try:
        secrets = delivery.webhook.secrets()
    except SealError as error:
        log.error("webhook %s cannot sign: %s", delivery.webhook_id, error)  # noqa: TRY400
        sent = Sent(None, 0, error="its signing secret cannot be opened here; rotate it")
    else:
        sent = send(delivery.webhook.url, secrets, delivery.message_id, body)
    with transaction.atomic():
        _note(delivery.pk, sent)
    return sent.succeeded


def _claim(delivery_id: int) -> WebhookDelivery | None:
    """The delivery, if it is to be sent."""
    with transaction.atomic():
        # By its id alone: the task may be here before the relay has committed that it handed it over, and whatever
        # else were asked would be judged by what was there before.
        locked = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("webhook")
        found = locked.filter(pk=delivery_id).first()
        if found is None or found.done_at or found.dead_at or not found.handed_at:
            return None
        if found.webhook.enabled:
            return found
        # Switched off meanwhile: it waits as if it had never been handed over.
        found.handed_at, found.attempts = None, max(0, found.attempts - 1)
        found.save(update_fields=["handed_at", "attempts"])
        return None


def _note(delivery_id: int, sent: Sent) -> None:
    """What came of an attempt: on the delivery, in its log, and on the webhook's health."""
    webhooks = Webhook.objects.select_for_update(of=("self",))
    webhook = webhooks.filter(deliveries__pk=delivery_id).first()
    delivery = WebhookDelivery.objects.select_for_update().filter(pk=delivery_id).first()
    if webhook is None or delivery is None:
        return  # removed meanwhile, and with it anyone who would want to know
    WebhookAttempt.objects.create(
        delivery=delivery,
        status=sent.status,
        milliseconds=sent.milliseconds,
        excerpt=sent.excerpt,
        error=sent.error[:300],
    )
    if delivery.done_at is None and delivery.dead_at is None:
        _settle(delivery, sent)
    if sent.succeeded:
        _succeeded(webhook)
    else:
        _failed(webhook, sent)


def _settle(delivery: WebhookDelivery, sent: Sent) -> None:
    now = timezone.now()
    if sent.succeeded:
        WebhookDelivery.objects.filter(pk=delivery.pk).update(done_at=now, error="")
    elif sent.status == 410:
        WebhookDelivery.objects.filter(pk=delivery.pk).update(dead_at=now, error=sent.error)
    else:
        pause = PAUSES[min(max(delivery.attempts, 1), len(PAUSES)) - 1]
        jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - not a secret
        DELIVERIES.put_off(delivery, max(pause * jitter, _rest(sent)), sent.error)


def _rest(sent: Sent) -> timedelta:
    return timedelta(seconds=min(sent.retry_after, LONGEST_REST.total_seconds()))


def _succeeded(webhook: Webhook) -> None:
    webhook.last_success_at, webhook.failing_since, webhook.resting_until = timezone.now(), None, None
    webhook.save(update_fields=["last_success_at", "failing_since", "resting_until"])


def _failed(webhook: Webhook, sent: Sent) -> None:
    now = timezone.now()
    silent = webhook.last_failure_at is None or now - webhook.last_failure_at > LONGEST_SILENCE
    if webhook.failing_since is None or silent:
        webhook.failing_since = now
    webhook.last_failure_at = now
    if sent.retry_after:
        webhook.resting_until = now + _rest(sent)
    webhook.save(update_fields=["failing_since", "last_failure_at", "resting_until"])
    if sent.status == 410:
        disable(webhook, Webhook.Disabled.GONE, actor=US)
    elif now - webhook.failing_since >= DISABLED_AFTER:
        disable(webhook, Webhook.Disabled.FAILING, actor=US)
