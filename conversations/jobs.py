"""Review jobs: done once by their tasks, tried again with growing pauses, given up after too many attempts.

A review that waits for a judge which is away has not failed: it is put off, and no attempt is counted.
"""

import random
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

Keep = Callable[[], None]


class LaterError(Exception):
    """What a job needs is not there now; the text says what, `pause` how long to wait for it."""

    def __init__(self, why: str, pause: timedelta) -> None:
        super().__init__(why)
        self.pause = pause


def perform(job_id: int, work: Callable[[Turn], Keep | None]) -> bool:
    """Does a job once; False if it was done already, or waits. An error is noted on the job, which is tried again.

    `work` may take its time: nothing is locked meanwhile. What it returns is called in the transaction that marks the
    job done, so that a job that two workers took is kept once.
    """
    job = _open_job(job_id)
    if job is None:
        return False
    try:
        return _finish(job_id, work(job.turn))
    except LaterError as later:
        REVIEWS.wait(job, later.pause, str(later))
        return False
    except Exception as error:
        job = Job.objects.filter(pk=job_id, done_at=None).first()
        if job is not None:
            # Each pause is twice the last, and jobs that failed together do not come back together.
            pause = min(FORGOTTEN_AFTER, FIRST_PAUSE * 2**job.attempts) * spread()
            # An error's text may quote what was said.
            REVIEWS.put_off(job, pause, type(error).__name__)
        raise


def spread() -> float:
    """A factor near 1."""
    return random.uniform(0.75, 1.25)  # noqa: S311 - not a secret


def _open_job(job_id: int) -> Job | None:
    found = Job.objects.select_related("turn__conversation", "turn__deployment", "turn__configuration")
    return found.filter(done_at=None, pk=job_id).first()


def _finish(job_id: int, keep: Keep | None) -> bool:
    with transaction.atomic():
        if not Job.objects.select_for_update().filter(done_at=None, pk=job_id).exists():
            return False
        if keep is not None:
            keep()
        Job.objects.filter(pk=job_id).update(done_at=timezone.now(), dead_at=None, error="")
    return True
