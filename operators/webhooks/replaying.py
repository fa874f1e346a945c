"""Deliveries sent anew, and those that are too old to keep."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from audit.log.names import Name
from audit.log.writer import write
from operators.models import Webhook, WebhookDelivery
from operators.webhooks.endpoints import Actor

KEPT = timedelta(days=30)
AT_ONCE = 2000


def replay(delivery: WebhookDelivery, *, actor: Actor) -> bool:
    """Sends it anew, under its old id, beside the attempts there were. False where it is on its way anyway."""
    settled = Q(done_at__isnull=False) | Q(dead_at__isnull=False)
    found = WebhookDelivery.objects.filter(settled, pk=delivery.pk)
    return _replay(delivery.webhook, found, actor, delivery.message_id) == 1


def replay_failed(webhook: Webhook, since: datetime, *, actor: Actor) -> int:
    """Sends anew all that failed of what happened since then; returns how many."""
    failed = WebhookDelivery.objects.filter(webhook=webhook, dead_at__isnull=False, occurred_at__gte=since)
    return _replay(webhook, failed, actor, f"failed since {since.isoformat(timespec='seconds')}")


def _replay(webhook: Webhook, found: QuerySet[WebhookDelivery], actor: Actor, what: str) -> int:
    anew = {"done_at": None, "dead_at": None, "handed_at": None, "attempts": 0, "error": ""}
    with transaction.atomic():
        count = found.update(due_at=timezone.now(), **anew)
        if count:
            detail = {"what": what, "deliveries": count}
            write(Name.WEBHOOK_REPLAYED, actor=actor, subject=("webhook", webhook.pk), detail=detail)
    return count


def purge() -> int:
    """Removes deliveries older than KEPT, whatever became of them, and removed webhooks' own; returns how many."""
    orphaned = ~Exists(Webhook.objects.filter(pk=OuterRef("webhook_id")))
    old = Q(created_at__lt=timezone.now() - KEPT)
    removed = 0
    while ids := list(WebhookDelivery.objects.filter(old | orphaned).values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            WebhookDelivery.objects.filter(pk__in=ids).delete()
            write(
                Name.RETENTION_APPLIED,
                actor=("platform", "webhooks"),
                subject=("webhook_deliveries", f"{KEPT.days} days"),
                detail={"removed": len(ids)},
            )
        removed += len(ids)
    return removed
