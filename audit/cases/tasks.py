from celery import shared_task

from audit.cases.service_levels import watch
from audit.cases.settling import settle_due


@shared_task(name="audit.settle_verdicts")
def settle_verdicts() -> int:
    return settle_due()


@shared_task(name="audit.watch_service_levels")
def watch_service_levels() -> int:
    return watch()
