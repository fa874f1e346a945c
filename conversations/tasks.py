import asyncio
import logging
from contextlib import nullcontext
from datetime import timedelta
from uuid import UUID

import psycopg
from celery import shared_task
from django.utils import timezone

import conversations.batches.stopping  # noqa: F401 - before the worker forks
from config.database import conninfo
from conversations.batches.handing import archive_old
from conversations.exports import close_forgotten
from conversations.forgetting import ERASURES
from conversations.forgetting import work_on as work_on_erasure
from conversations.models import IdempotencyKey, UserErasure
from conversations.outboxes import OUTBOXES

log = logging.getLogger(__name__)

LONGEST_PIECE_SECONDS = 3600
"""A bound for what hangs. A piece begins nothing after a few seconds, but the turns it began may take their time."""

ERASURE_SECONDS = 60.0
"""How long one task goes on; then others have their turn."""
ERASURE_PAUSE = timedelta(seconds=30)


@shared_task(name="conversations.requeue_forgotten_jobs")
def requeue_forgotten_jobs() -> int:
    return sum(outbox.requeue_forgotten() for outbox in OUTBOXES)


@shared_task(name="conversations.archive_old_batches")
def archive_old_batches() -> int:
    return archive_old()


@shared_task(name="conversations.work_on_batch_piece", time_limit=LONGEST_PIECE_SECONDS)
def work_on_batch_piece(piece_id: int) -> bool:
    """True where it was worked on. Where the database goes away the piece is left: its lease runs out."""
    # Late: with the turn come the screens and the model's client, which a worker of reviews need not hold.
    from conversations.batches.process import run_with_services
    from conversations.batches.working import work_on

    try:
        return run_with_services(lambda services: work_on(services, piece_id))
    except* (psycopg.Error, OSError) as errors:
        log.warning("piece %d of a batch was left, and is taken up again: %s", piece_id, errors.exceptions[0])
    return False


@shared_task(name="conversations.erase_user")
def erase_user(erasure_id: UUID) -> bool:
    """True where it is done; otherwise it is handed over again, with all that was erased so far erased."""
    try:
        done = asyncio.run(_erase(erasure_id))
    except (psycopg.Error, OSError) as error:
        if (owed := UserErasure.objects.filter(pk=erasure_id, done_at=None).first()) is not None:
            ERASURES.put_off(owed, ERASURE_PAUSE, type(error).__name__)
        raise
    if not done:
        UserErasure.objects.filter(pk=erasure_id, done_at=None).update(handed_at=None, attempts=0)
    return done


async def _erase(erasure_id: UUID) -> bool:
    own = conninfo(application_name="plumbline erasure", connect_timeout=3)
    async with await psycopg.AsyncConnection.connect(own, autocommit=True) as connection:
        return await work_on_erasure(lambda: nullcontext(connection), erasure_id, ERASURE_SECONDS)


@shared_task(name="conversations.close_forgotten_exports")
def close_forgotten_exports() -> int:
    return close_forgotten()


@shared_task(name="conversations.forget_idempotency_keys")
def forget_idempotency_keys() -> int:
    """Those whose day is over; a key that is still in use is renewed with its answer."""
    return IdempotencyKey.objects.filter(expires_at__lt=timezone.now()).delete()[0]
