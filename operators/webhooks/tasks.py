from celery import shared_task

from operators.webhooks.deliveries import deliver
from operators.webhooks.replaying import purge


@shared_task(name="operators.deliver_webhook")
def deliver_webhook(delivery_id: int) -> bool:
    """True if it was delivered now."""
    return deliver(delivery_id)


@shared_task(name="operators.purge_webhook_deliveries")
def purge_webhook_deliveries() -> int:
    return purge()
