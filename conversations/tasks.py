from celery import shared_task
from django.utils import timezone

from conversations.jobs import requeue_forgotten
from conversations.models import IdempotencyKey


@shared_task(name="conversations.requeue_forgotten_jobs")
def requeue_forgotten_jobs() -> int:
    return requeue_forgotten()


@shared_task(name="conversations.forget_idempotency_keys")
def forget_idempotency_keys() -> int:
    """Those whose day is over; a key that is still in use is renewed with its answer."""
    return IdempotencyKey.objects.filter(expires_at__lt=timezone.now()).delete()[0]
