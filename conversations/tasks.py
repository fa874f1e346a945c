from celery import shared_task

from conversations.jobs import requeue_forgotten


@shared_task(name="conversations.requeue_forgotten_jobs")
def requeue_forgotten_jobs() -> int:
    return requeue_forgotten()
