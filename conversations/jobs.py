"""The outbox's life: handed to Celery by the relay, marked done by the task, given up after too many attempts."""

import logging
from collections.abc import Callable
from datetime import timedelta

from celery import current_app
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from conversations.models import Job, Turn

log = logging.getLogger(__name__)

TASKS = {"audit": "audit.review_turn", "wellbeing": "audit.review_wellbeing"}
"""Named, not imported: the reviews stand above us."""
ATTEMPTS = 8
IN_FLIGHT = 500
FIRST_PAUSE = timedelta(seconds=15)
FORGOTTEN_AFTER = timedelta(minutes=15)
"""A job handed over this long ago and not done was lost on its way; longer than the broker's own redelivery."""


def hand_over(limit: int = 200) -> int:
    """Hands open jobs to Celery; returns how many. A broker error leaves the rest as they were.

    A job is marked in the same transaction that locks it, after the broker took it: at worst it is handed over twice,
    and the task does it once. At most IN_FLIGHT are handed over and not done: the rest wait here, where waiting long
    is not taken for being lost.
    """
    open_jobs = Job.objects.filter(done_at=None, dead_at=None)
    limit = min(limit, IN_FLIGHT - open_jobs.exclude(handed_at=None).count())
    if limit <= 0:
        return 0
    with transaction.atomic():
        jobs = list(open_jobs.filter(handed_at=None).select_for_update(skip_locked=True).order_by("id")[:limit])
        handed: list[int] = []
        try:
            for job in jobs:
                current_app.send_task(TASKS[job.kind], args=[job.pk])
                handed.append(job.pk)
        finally:
            Job.objects.filter(pk__in=handed).update(handed_at=timezone.now(), attempts=F("attempts") + 1)
    return len(handed)


def requeue_forgotten() -> int:
    """Puts jobs back that were handed over long ago and never finished; those tried too often are given up."""
    late = Job.objects.filter(done_at=None, dead_at=None, handed_at__lt=timezone.now() - FORGOTTEN_AFTER)
    given_up = late.filter(attempts__gte=ATTEMPTS).update(dead_at=timezone.now(), error="not finished in time")
    if given_up:
        log.error("%d review jobs were given up", given_up)
    return late.filter(attempts__lt=ATTEMPTS).update(handed_at=None)


def perform(job_id: int, work: Callable[[Turn], None]) -> bool:
    """Does a job once; False if it was done already. An error is noted on the job, which is tried again later."""
    try:
        return _perform(job_id, work)
    except Exception as error:
        _note_failure(job_id, error)
        raise


def _perform(job_id: int, work: Callable[[Turn], None]) -> bool:
    """The row is locked, and `work` commits together with the mark."""
    with transaction.atomic():
        job = (
            Job.objects.select_for_update(of=["self"])
            .select_related("turn__conversation", "turn__deployment")
            .filter(Q(done_at=None), pk=job_id)
            .first()
        )
        if job is None:
            return False
        work(job.turn)
        Job.objects.filter(pk=job.pk).update(done_at=timezone.now(), dead_at=None, error="")
    return True


def _note_failure(job_id: int, error: Exception) -> None:
    text = f"{type(error).__name__}: {error}"[:500].replace("\0", "")
    job = Job.objects.filter(pk=job_id, done_at=None).first()
    if job is None:
        return
    if job.attempts >= ATTEMPTS:
        job.dead_at = timezone.now()
    else:
        # Counts as forgotten, and so is handed over again, once its pause is over; each pause is twice the last.
        pause = min(FORGOTTEN_AFTER, FIRST_PAUSE * 2**job.attempts)
        job.handed_at = timezone.now() - FORGOTTEN_AFTER + pause
    job.error = text
    job.save(update_fields=["handed_at", "dead_at", "error"])
