from celery import shared_task

from operators.scheduling import publish_due


@shared_task(name="operators.publish_scheduled")
def publish_scheduled(publication_id: int) -> bool:
    """True where it is live now."""
    return publish_due(publication_id)
