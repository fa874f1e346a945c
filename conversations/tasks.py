from celery import shared_task

from conversations.outboxes import OUTBOXES


@shared_task(name="conversations.requeue_forgotten_jobs")
def requeue_forgotten_jobs() -> int:
    return sum(outbox.requeue_forgotten() for outbox in OUTBOXES)
