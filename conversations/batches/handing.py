"""What the relay and the beat do for batches: pieces handed to workers, batches closed, old results let go."""

import logging
from datetime import timedelta

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from audit.log.names import Name
from audit.log.writer import write
from conversations.batches.items import END, HAS_OPEN_ITEMS
from conversations.keyring import owner_batch
from conversations.models import Batch, BatchItem, BatchPiece, DataKey
from operators.data_rules import DataRules, secret_of

log = logging.getLogger(__name__)

TASK = "conversations.work_on_batch_piece"
FORGOTTEN_SECONDS = 300.0
"""A piece handed over this long ago that nobody took was lost on its way."""
KEPT = timedelta(days=29)
"""How long after its creation a batch's results are kept."""
KEPT_WITHOUT_CONTENT = timedelta(days=1)
"""How long after its end, where the deployment keeps no content."""
CLOSED_AT_ONCE = 20
ITEMS_AT_ONCE = 2000
"""A large batch is closed in stretches, so that what else is to be handed over does not wait for it."""

# Handed over, and neither given back nor left: its holder's lease holds, or none has taken it yet.
_IN_FLIGHT = """
p.handed_at IS NOT NULL AND CASE WHEN p.lease_until IS NULL
    THEN p.handed_at > now() - make_interval(secs => %(forgotten)s) ELSE p.lease_until > now() END
"""
# Deployments take turns, and within one the batch that has got least. Its own pieces in flight count against each.
_NEXT = f"""
WITH pieces AS (
    SELECT p.id, p.number, p.batch_id, b.deployment_id, {_IN_FLIGHT} AS in_flight,
           (p.not_before IS NULL OR p.not_before <= now())
           AND b.cancel_initiated_at IS NULL AND b.expires_at > now() AS due
    FROM conversations_batchpiece p JOIN conversations_batch b ON b.id = p.batch_id
    WHERE p.done_at IS NULL
), in_flight AS (
    SELECT deployment_id, count(*) AS pieces FROM pieces WHERE in_flight GROUP BY deployment_id
), waiting AS (
    SELECT p.id, batch_id, coalesce(f.pieces, 0)
           + row_number() OVER (PARTITION BY p.deployment_id ORDER BY number, batch_id) AS turn
    FROM pieces p LEFT JOIN in_flight f USING (deployment_id) WHERE due AND NOT p.in_flight
)
SELECT id FROM waiting ORDER BY turn, batch_id
LIMIT greatest(0, %(at_once)s - (SELECT coalesce(sum(pieces), 0) FROM in_flight))
"""  # noqa: S608 - made of the constant above
_LOCK = f"""
SELECT p.id FROM conversations_batchpiece p
WHERE p.id = ANY(%(ids)s) AND p.done_at IS NULL AND NOT ({_IN_FLIGHT}) FOR UPDATE SKIP LOCKED
"""  # noqa: S608

_CLOSING = """
SELECT id FROM conversations_batch
WHERE ended_at IS NULL AND (cancel_initiated_at IS NOT NULL OR expires_at <= now())
ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_SETTLED = """
SET outcome = CASE WHEN b.cancel_initiated_at IS NULL THEN 'expired' ELSE 'canceled' END,
    claim = NULL, params = '', done_at = now()
"""
_CLOSE = f"""
UPDATE conversations_batchitem i {_SETTLED} FROM conversations_batch b
WHERE b.id = %(batch)s AND i.id IN (
    SELECT id FROM conversations_batchitem
    WHERE batch_id = %(batch)s AND outcome = '' AND claim IS NULL ORDER BY number LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
"""  # noqa: S608 - made of the constant above
# What is being answered is let finish; what its worker left behind is not.
_CLOSE_LEFT = f"""
UPDATE conversations_batchitem i {_SETTLED} FROM conversations_batch b, conversations_batchpiece p
WHERE b.id = %(batch)s AND i.batch_id = %(batch)s AND i.outcome = '' AND i.claim IS NOT NULL
  AND p.batch_id = %(batch)s AND i.number BETWEEN p.first AND p.last
  AND (p.lease_until IS NULL OR p.lease_until < now())
"""


def hand_over_pieces() -> int:
    """Hands due pieces to Celery, as many as may be in flight; returns how many. A broker error leaves the rest.

    At worst a piece is handed over twice: whoever comes second finds its lease, or finds it done.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        limits = {"forgotten": FORGOTTEN_SECONDS, "at_once": settings.BATCH_PIECES_AT_ONCE}
        cursor.execute(_NEXT, limits)
        wanted = [row[0] for row in cursor.fetchall()]
        if not wanted:
            return 0
        cursor.execute(_LOCK, limits | {"ids": wanted})
        locked = {row[0] for row in cursor.fetchall()}
        handed: list[int] = []
        try:
            for piece in filter(locked.__contains__, wanted):
                current_app.send_task(TASK, args=[piece])
                handed.append(piece)
        finally:
            BatchPiece.objects.filter(pk__in=handed).update(handed_at=timezone.now(), holder=None, lease_until=None)
    return len(handed)


def close_batches() -> int:
    """Settles what is left of a batch that was canceled or has expired, a stretch at a time, and ends it.

    Returns how many items it settled: where there were any, there may be more.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLOSING, {"limit": CLOSED_AT_ONCE})
        settled = 0
        for (batch,) in cursor.fetchall():
            one = {"batch": batch, "limit": ITEMS_AT_ONCE - settled}
            cursor.execute(_CLOSE, one)
            settled += cursor.rowcount
            cursor.execute(_CLOSE_LEFT, one)
            settled += cursor.rowcount
            cursor.execute(HAS_OPEN_ITEMS, one)
            if cursor.fetchone() == (False,):
                cursor.execute(END, one)
            if settled >= ITEMS_AT_ONCE:
                break
    return settled


def archive_old() -> int:
    """Takes away the results of old batches, and the rows of those deleted long ago; returns how many it changed."""
    until = timezone.now() - KEPT
    Batch.objects.filter(deleted_at__lt=until).delete()
    # Whoever keeps no content has a day to fetch what was answered.
    soon = Q(deployment__data__store_content=False, ended_at__lt=timezone.now() - KEPT_WITHOUT_CONTENT)
    old = Batch.objects.filter(Q(created_at__lt=until) | soon, archived_at=None).exclude(ended_at=None)
    archived = 0
    for batch in old.order_by("id")[:1000]:
        with transaction.atomic():
            if not Batch.objects.filter(pk=batch.pk, archived_at=None).update(archived_at=timezone.now()):
                continue
            BatchItem.objects.filter(batch=batch).delete()
            BatchPiece.objects.filter(batch=batch).delete()
            DataKey.objects.filter(owner=owner_batch(DataRules(secret_of(batch.deployment_id)), batch.pk)).delete()
            write(
                Name.RETENTION_APPLIED,
                actor=("platform", "batches"),
                subject=("batch", batch.pk),
                detail={"deployment": str(batch.deployment_id)},
            )
            archived += 1
    return archived
