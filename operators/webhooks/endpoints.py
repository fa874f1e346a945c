"""Webhooks made, changed, given new secrets, switched off and on, tested and removed: for pages and API alike.

`actor` is who does it, for the audit log: ("account", id) or ("key", id). What cannot be is a ValidationError that
names the field.
"""

import base64
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.log.names import Name
from audit.log.writer import write
from config.sealing import SealError
from operators.models import Operator, Webhook, WebhookDelivery
from operators.models.webhooks import TEST

MOST = 20
"""Of one operator: each event is inserted once for every webhook that listens."""
SECRET_BYTES = 32
USUAL_OVERLAP = timedelta(days=1)
LONGEST_OVERLAP = timedelta(days=7)
CHANGEABLE = frozenset({"url", "description", "types", "deployment_ids"})

Actor = tuple[str, Any]


def create_webhook(
    operator: Operator,
    *,
    url: str,
    types: list[str],
    description: str = "",
    deployment_ids: Iterable[str] = (),
    actor: Actor,
) -> tuple[Webhook, str]:
    """A new webhook and its secret, which is shown once. Raises ValidationError."""
    webhook = Webhook(
        operator=operator, url=url, types=types, description=description, deployment_ids=list(deployment_ids)
    )
    secret = _give_secret(webhook, overlap=None)
    webhook.full_clean()
    with transaction.atomic():
        # The operator's row is the lock: two requests at once do not go over the limit.
        Operator.objects.select_for_update().get(pk=operator.pk)
        if operator.webhooks.count() >= MOST:
            raise ValidationError(_("An operator has at most %(most)d webhooks.") % {"most": MOST})
        webhook.save()
        _write(Name.WEBHOOK_CREATED, webhook, actor, operator=str(operator.pk), types=types)
    return webhook, secret


def change_webhook(webhook: Webhook, *, actor: Actor, **fields: Any) -> None:
    """Sets some of CHANGEABLE. A new address begins with a clean bill of health. Raises ValidationError."""
    if unknown := fields.keys() - CHANGEABLE:
        raise TypeError(f"not fields of a webhook: {sorted(unknown)}")
    changed = sorted(name for name, value in fields.items() if getattr(webhook, name) != value)
    for name in changed:
        setattr(webhook, name, fields[name])
    webhook.full_clean()
    if not changed:
        return
    if "url" in changed:
        webhook.failing_since = webhook.last_failure_at = webhook.resting_until = None
        changed += ["failing_since", "last_failure_at", "resting_until"]
    with transaction.atomic():
        webhook.save(update_fields=changed)
        _write(Name.WEBHOOK_CHANGED, webhook, actor, fields=sorted(CHANGEABLE & set(changed)))


def rotate_secret(webhook: Webhook, *, overlap: timedelta = USUAL_OVERLAP, actor: Actor) -> str:
    """The new secret. The old one signs beside it for the overlap, at most LONGEST_OVERLAP. Raises ValidationError."""
    overlap = max(timedelta(0), min(overlap, LONGEST_OVERLAP))
    with transaction.atomic():
        webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)
        secret = _give_secret(webhook, overlap=overlap or None)
        webhook.save(update_fields=["sealed_secret", "sealed_old_secret", "old_secret_until"])
        _write(Name.WEBHOOK_SECRET_ROTATED, webhook, actor, overlap_seconds=int(overlap.total_seconds()))
    return secret


def disable(webhook: Webhook, because: str = Webhook.Disabled.BY_HAND, *, actor: Actor) -> None:
    """Nothing is sent until it is enabled, and what is owed waits. Doing so twice changes nothing."""
    with transaction.atomic():
        enabled = Webhook.objects.filter(pk=webhook.pk, enabled=True)
        if enabled.update(enabled=False, disabled_because=because, disabled_at=timezone.now()):
            _write(Name.WEBHOOK_DISABLED, webhook, actor, because=str(because))


def enable(webhook: Webhook, *, actor: Actor) -> None:
    """What waited goes out, and its health begins anew. Doing so twice changes nothing."""
    anew = {"failing_since": None, "last_failure_at": None, "resting_until": None}
    with transaction.atomic():
        disabled = Webhook.objects.filter(pk=webhook.pk, enabled=False)
        if disabled.update(enabled=True, disabled_because="", disabled_at=None, **anew):
            _write(Name.WEBHOOK_ENABLED, webhook, actor)


def remove(webhook: Webhook, *, actor: Actor) -> None:
    """Its deliveries are gone from sight at once, and from the database with the next purge."""
    with transaction.atomic():
        if Webhook.objects.filter(pk=webhook.pk).delete()[0]:
            _write(Name.WEBHOOK_REMOVED, webhook, actor, operator=str(webhook.operator_id))


def send_test(webhook: Webhook, *, actor: Actor) -> WebhookDelivery:
    """A test event for this webhook alone, or the one that is still on its way. Raises ValidationError."""
    with transaction.atomic():
        webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)
        if not webhook.enabled:
            raise ValidationError(_("It is switched off. Switch it on to test it."))
        on_its_way = WebhookDelivery.objects.filter(webhook=webhook, type=TEST, done_at=None, dead_at=None).first()
        if on_its_way is not None:
            return on_its_way
        _write(Name.WEBHOOK_TESTED, webhook, actor)
        told = {"webhook_id": str(webhook.pk)}
        return WebhookDelivery.objects.create(
            event_id=uuid4(), webhook=webhook, type=TEST, data=told, occurred_at=timezone.now()
        )


def _give_secret(webhook: Webhook, *, overlap: timedelta | None) -> str:
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    try:
        webhook.set_secret(secret, old_until=timezone.now() + overlap if overlap else None)
    except SealError as error:
        raise ValidationError(_("No secret can be kept: %(why)s.") % {"why": error}) from None
    return secret


def _write(name: Name, webhook: Webhook, actor: Actor, **detail: Any) -> None:
    write(name, actor=actor, subject=("webhook", webhook.pk), detail=detail)
