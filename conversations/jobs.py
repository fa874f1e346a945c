"""Review jobs: done once by their tasks, tried again with growing pauses, given up after too many attempts."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from config.outbox import Outbox
from conversations.models import Job, Turn

TASKS = {"audit": "audit.review_turn", "wellbeing": "audit.review_wellbeing"}
"""Named, not imported: the reviews stand above us."""
FIRST_PAUSE = timedelta(seconds=15)
FORGOTTEN_AFTER = timedelta(minutes=15)
"""Longer than the broker's own redelivery."""

REVIEWS = Outbox(Job, lambda job: TASKS[job.kind], attempts=8, forgotten_after=FORGOTTEN_AFTER)


def perform(job_id: int, work: Callable[[Turn], None]) -> bool:
    """Does a job once; False if it was done already. An error is noted on the job, which is tried again later."""
    try:
        return _perform(job_id, work)
    except Exception as error:
        job = Job.objects.filter(pk=job_id, done_at=None).first()
        if job is not None:
            # Each pause is twice the last.
            pause = min(FORGOTTEN_AFTER, FIRST_PAUSE * 2**job.attempts)
            # An error's text may quote what was said.
            REVIEWS.put_off(job, pause, type(error).__name__)
        raise


def _perform(job_id: int, work: Callable[[Turn], None]) -> bool:
    """The row is locked, and `work` commits together with the mark."""
    with transaction.atomic():
        job = (
            Job.objects.select_for_update(of=["self"])
            .select_related("turn__conversation", "turn__deployment")
            .filter(done_at=None, pk=job_id)
            .first()
        )
        if job is None:
            return False
        work(job.turn)
        Job.objects.filter(pk=job.pk).update(done_at=timezone.now(), dead_at=None, error="")
    return True
