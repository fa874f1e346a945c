"""The alarm for a log that falls behind."""

import logging

from celery import shared_task
from django.conf import settings

from audit.log.receipts import lag

log = logging.getLogger(__name__)


@shared_task(name="audit_log.watch")
def watch() -> bool:
    """True while entries get their place in time; an error in our log for each time that they do not."""
    now = lag()
    if now.oldest_seconds <= settings.LOG_LAG_SECONDS:
        return True
    log.error(
        "the audit log is behind: %d entries wait for their place, the oldest for %.0f s; is a sequencer running?",
        now.pending,
        now.oldest_seconds,
    )
    return False
