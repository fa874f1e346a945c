import logging
from uuid import UUID

import psycopg
from celery import shared_task
from django.utils import timezone

import conversations.batches.stopping  # noqa: F401 - before the worker forks
from conversations import batched_reviews
from conversations.batches.handing import archive_old
from conversations.erasure_list import append_new
from conversations.exports import close_forgotten
from conversations.models import IdempotencyKey
from conversations.outboxes import OUTBOXES
from conversations.retention import apply_retention
from conversations.user_erasure import carry_out

log = logging.getLogger(__name__)

LONGEST_PIECE_SECONDS = 3600
"""A bound for what hangs. A piece begins nothing after a few seconds, but the turns it began may take their time."""


@shared_task(name="conversations.requeue_forgotten_jobs")
def requeue_forgotten_jobs() -> int:
    return sum(outbox.requeue_forgotten() for outbox in OUTBOXES)


@shared_task(name="conversations.send_batched_reviews")
def send_batched_reviews() -> int:
    return batched_reviews.send()


@shared_task(name="conversations.collect_batched_reviews")
def collect_batched_reviews() -> int:
    return batched_reviews.collect()


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


@shared_task(name="conversations.close_forgotten_exports")
def close_forgotten_exports() -> int:
    return close_forgotten()


@shared_task(name="conversations.forget_idempotency_keys")
def forget_idempotency_keys() -> int:
    """Those whose day is over; a key that is still in use is renewed with its answer."""
    return IdempotencyKey.objects.filter(expires_at__lt=timezone.now()).delete()[0]


@shared_task(name="conversations.redecide_sample", time_limit=600)
def redecide_sample(replay_id: int) -> bool:
    """True where the replay is done now. It runs where batches do: the screens are there already."""
    from conversations.batches.stopping import stopping
    from conversations.redeciding.working import work_on

    return work_on(replay_id, lambda: not stopping())


@shared_task(name="conversations.replay_charter_proposals", time_limit=LONGEST_PIECE_SECONDS)
def replay_charter_proposals() -> int:
    """Proposed versions of the charter on recent turns, so that whoever approves one knows what it changes."""
    from audit.oversight.models import CharterProposal

    # Looked first: a replay holds the screens, which a worker without one need not.
    if not CharterProposal.objects.filter(state=CharterProposal.State.REPLAYING).exists():
        return 0
    from conversations.charter_replay import replay_waiting

    return replay_waiting()


@shared_task(name="conversations.carry_out_erasure")
def carry_out_erasure(order_id: str) -> bool:
    """True where nothing is left; otherwise it is handed over again."""
    return carry_out(UUID(order_id))


@shared_task(name="conversations.apply_retention")
def apply_content_retention() -> int:
    """How many turns were emptied. One run at a time: another one finds nothing to take."""
    return sum(run.turns for run in apply_retention())


@shared_task(name="conversations.list_erasures")
def list_erasures() -> int:
    return append_new()
