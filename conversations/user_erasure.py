"""Erasing a user: everything a deployment holds of one person, by the app's opaque id.

`erase_user` destroys the user's key and forgets what they wished at once, so that from its commit on nobody can read a
word. What is left, the ciphertext and the rows that name the user, is a job's: it is handed to Celery like any other
work that is owed, and takes up where it was cut off. A turn that is running meanwhile is recorded without content.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection as django_connection
from django.db import transaction
from django.utils import timezone

from audit.log.names import Name
from audit.log.writer import Ref, write
from config import loops
from config.database import conninfo
from config.outbox import Outbox
from conversations.erasure import erase
from conversations.keyring import owner_user
from conversations.models import Erasure, UserAdjustments
from operators.data_rules import DataRules, secret_of
from operators.models import Deployment

AT_ONCE = 50
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=15)

ERASURES: Outbox[Erasure] = Outbox(
    Erasure, lambda _: "conversations.carry_out_erasure", attempts=50, forgotten_after=timedelta(minutes=15)
)

# What waits in a batch is not asked any more; what is being answered is settled with its turn, without content.
_DESTROY = """
WITH destroyed AS (DELETE FROM conversations_datakey WHERE owner = %(owner)s AND created_at <= %(until)s RETURNING id)
UPDATE conversations_batchitem SET outcome = 'errored', params = '', result = '', done_at = now()
WHERE data_key_id IN (SELECT id FROM destroyed) AND outcome = '' AND claim IS NULL
"""
_FIND = """
SELECT c.id, c.turn_count FROM conversations_conversation c
WHERE c.deployment_id = %s AND c.user_ref = %s AND c.user_ref <> ''
  AND EXISTS (SELECT FROM conversations_turn t WHERE t.conversation_id = c.id AND t.started_at < %s)
ORDER BY c.id LIMIT %s
"""
_COUNT = "UPDATE conversations_erasure SET conversations = conversations + 1, turns = turns + %s WHERE id = %s"


def erase_user(
    deployment: Deployment, user_ref: str, actor: Ref | tuple[str, Any], *, together: UUID | None = None
) -> Erasure:
    """Has all that a deployment holds of a user erased. Returns the order; its `done_at` tells that nothing is left.

    user_ref: the app's `metadata.user_id`. actor: as the audit log names it, e.g. ("account", account.pk). together:
    what several such orders have in common. Asking again is another order, and does no harm. Raises ValueError for no
    user, SealError without a master key.
    """
    with transaction.atomic():
        order = destroy_user(deployment.pk, user_ref, requested_by=f"{actor[0]} {actor[1]}", together=together)
        write(
            Name.ERASURE_REQUESTED,
            actor=(actor[0], str(actor[1])),
            subject=("erasure", order.pk),
            detail={"deployment": str(deployment.pk), "user": bytes(order.owner).hex()},
        )
    return order


@transaction.atomic
def destroy_user(
    deployment_id: UUID, user_ref: str, *, requested_by: str, at: datetime | None = None, together: UUID | None = None
) -> Erasure:
    """Destroys a user's keys, forgets what they wished, and leaves the order for the rest, of which the caller writes
    the entry.

    at: what was said before it is meant; now by default. Raises ValueError, SealError.
    """
    if not user_ref:
        raise ValueError("a user's id is required")
    owner = owner_user(DataRules(secret_of(deployment_id)), user_ref)
    order = Erasure.objects.create(
        deployment_id=deployment_id,
        owner=owner,
        user_ref=user_ref,
        requested_by=requested_by,
        requested_at=at or timezone.now(),
        **({"together": together} if together else {}),
    )
    with django_connection.cursor() as cursor:
        cursor.execute(_DESTROY, {"owner": owner, "until": at or "infinity"})
    _forget_wishes(order, at)
    return order


def _forget_wishes(order: Erasure, until: datetime | None) -> None:
    stored = UserAdjustments.objects.filter(deployment=order.deployment_id, user_ref=order.user_ref)
    if until is not None:
        stored = stored.filter(updated_at__lt=until)
    for row_id in stored.select_for_update().values_list("pk", flat=True):
        write(
            Name.ADJUSTMENTS_REMOVED,
            actor=Ref(*order.requested_by.split(" ", 1)),
            subject=("adjustments", row_id),
            detail={"deployment": str(order.deployment_id)},
        )
        order.wishes += UserAdjustments.objects.filter(pk=row_id).delete()[0]
    if order.wishes:
        order.save(update_fields=["wishes"])


def carry_out(order_id: UUID) -> bool:
    """Does an order, or as much of it as can be done now; True where it is done. Cut off, it begins where it was."""
    order = Erasure.objects.filter(pk=order_id, done_at=None).first()
    if order is None:
        return False
    try:
        loops.run(_erase_conversations(order))
    except Exception as error:
        # Of an error its name only: the text may hold the user's id.
        ERASURES.put_off(order, min(LONGEST_PAUSE, FIRST_PAUSE * 2**order.attempts), type(error).__name__)
        raise
    # A record that began before the order was committed has ended by then, and was found.
    settled_at = order.requested_at + timedelta(seconds=settings.ERASURE_SETTLE_SECONDS)
    if (early := settled_at - timezone.now()) > timedelta():
        Erasure.objects.filter(pk=order.pk).update(handed_at=None, due_at=timezone.now() + early)
        return False
    return _finish(order)


async def _erase_conversations(order: Erasure) -> None:
    deployment, user = order.deployment_id, order.user_ref
    actor = Ref(*order.requested_by.split(" ", 1))
    name = "plumbline erasure"
    async with await psycopg.AsyncConnection.connect(conninfo(application_name=name), autocommit=True) as own:
        while found := await (await own.execute(_FIND, (deployment, user, order.requested_at, AT_ONCE))).fetchall():
            for conversation, turns in found:
                async with own.transaction():
                    await erase(own, actor, deployment, conversation)
                    await own.execute(_COUNT, (turns, order.pk))


def _finish(order: Erasure) -> bool:
    with transaction.atomic():
        done = Erasure.objects.select_for_update().filter(pk=order.pk, done_at=None).first()
        if done is None:
            return False
        Erasure.objects.filter(pk=order.pk).update(done_at=timezone.now(), dead_at=None, user_ref="", error="")
        write(
            Name.ERASURE_DONE,
            actor=("platform", "erasure"),
            subject=("erasure", order.pk),
            detail={
                "deployment": str(order.deployment_id),
                "conversations": done.conversations,
                "turns": done.turns,
                "wishes": done.wishes,
            },
        )
    return True
