"""A user is forgotten: all that was said with them, and what they wished, in one deployment or all of an operator.

What is owed is a row (UserErasure). Each conversation is erased in a transaction of its own, as when its app deletes
it, together with the row's count; whoever is interrupted leaves the rest to the next. The audit log knows the user by
the row's id, since it forgets nothing.
"""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from psycopg import AsyncConnection

from audit.log.names import Name
from audit.log.writer import INSERT_ENTRIES, Ref, entry_parameters, entry_row, new_id, write
from config.outbox import Outbox
from conversations.adjustments import forget_wishes
from conversations.erasure import erase
from conversations.models import Conversation, UserAdjustments, UserErasure

ERASURES = Outbox(
    UserErasure, lambda _: "conversations.erase_user", attempts=50, forgotten_after=timedelta(minutes=6), in_flight=20
)
AT_ONCE = 50
US = Ref("platform", "erasure")

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]
"""A connection for one transaction."""

_OPEN = """
SELECT operator_id, deployment_id, user_ref, requested_by FROM conversations_usererasure
WHERE id = %s AND done_at IS NULL
"""
_DEPLOYMENTS = "SELECT id FROM operators_deployment WHERE operator_id = %s AND (%s::uuid IS NULL OR id = %s)"
_NEXT = """
SELECT id FROM conversations_conversation
WHERE deployment_id = %s AND user_ref = %s AND user_ref <> '' ORDER BY id LIMIT %s
"""
_COUNT = "UPDATE conversations_usererasure SET conversations = conversations + %s, wishes = wishes + %s WHERE id = %s"
_DONE = """
UPDATE conversations_usererasure SET done_at = now(), dead_at = NULL, error = '', user_ref = ''
WHERE id = %s AND done_at IS NULL RETURNING conversations, wishes
"""


def request_erasure(
    operator_id: UUID, deployment_id: UUID | None, user_ref: str, *, actor: Ref, wait: timedelta = timedelta(0)
) -> UserErasure | None:
    """What is owed now; None where nothing is kept of this user. Asked twice it is one, and one given up goes on.

    deployment_id: None for all of the operator's. wait: how long before the outbox hands it over.
    """
    same = Q(operator=operator_id, deployment=deployment_id, user_ref=user_ref, done_at=None)
    with transaction.atomic():
        if (owed := UserErasure.objects.select_for_update().filter(same).first()) is not None:
            if owed.dead_at is not None:
                owed.dead_at, owed.handed_at, owed.attempts = None, None, 0
                owed.save(update_fields=["dead_at", "handed_at", "attempts"])
            return owed
        if not is_known(operator_id, deployment_id, user_ref):
            return None
        owed = UserErasure.objects.create(
            id=new_id(),
            operator_id=operator_id,
            deployment_id=deployment_id,
            user_ref=user_ref,
            requested_by=f"{actor.type}:{actor.id}",
            due_at=timezone.now() + wait,
        )
        write(
            Name.ERASURE_REQUESTED,
            actor=actor,
            subject=("erasure", owed.pk),
            detail={"operator": str(operator_id), "deployment": str(deployment_id) if deployment_id else None},
        )
    owed.refresh_from_db()
    return owed


def is_known(operator_id: UUID, deployment_id: UUID | None, user_ref: str) -> bool:
    return (
        conversations_of(operator_id, deployment_id, user_ref).exists()
        or UserAdjustments.objects.filter(**_within(operator_id, deployment_id), user_ref=user_ref).exists()
    )


def conversations_of(operator_id: UUID, deployment_id: UUID | None, user_ref: str) -> Any:
    """Those that are left of a user. By the index on users, which holds none without one."""
    found = Conversation.objects.filter(**_within(operator_id, deployment_id), user_ref=user_ref)
    return found.exclude(user_ref="")


def _within(operator_id: UUID, deployment_id: UUID | None) -> dict[str, UUID]:
    return {"deployment": deployment_id} if deployment_id else {"deployment__operator": operator_id}


@dataclass(frozen=True, slots=True)
class _Asked:
    id: UUID
    user_ref: str
    actor: Ref
    """Who asked for it."""


async def work_on(connect: Connect, erasure_id: UUID, seconds: float) -> bool:
    """Goes on with it for that long; True where it is done."""
    until = time.monotonic() + seconds
    async with connect() as connection:
        owed = await (await connection.execute(_OPEN, (erasure_id,))).fetchone()
        if owed is None:
            return True
        operator_id, deployment_id, user_ref, requested_by = owed
        found = await connection.execute(_DEPLOYMENTS, (operator_id, deployment_id, deployment_id))
        deployments = [one for (one,) in await found.fetchall()]
    asked = _Asked(erasure_id, user_ref, Ref(*requested_by.split(":", 1)))
    for deployment in deployments:
        if not await _forget(connect, asked, deployment, until):
            return False
    return await _finish(connect, erasure_id)


async def _forget(connect: Connect, asked: _Asked, deployment_id: UUID, until: float) -> bool:
    """In one deployment; False where the time was over first."""
    while True:
        async with connect() as connection:
            found = await connection.execute(_NEXT, (deployment_id, asked.user_ref, AT_ONCE))
            left = [one for (one,) in await found.fetchall()]
        if not left:
            break
        for conversation in left:
            if time.monotonic() > until:
                return False
            async with connect() as connection, connection.transaction():
                erased = await erase(connection, asked.actor, deployment_id, conversation)
                await connection.execute(_COUNT, (int(erased), 0, asked.id))
    async with connect() as connection, connection.transaction():
        if await forget_wishes(connection, asked.actor, deployment_id, asked.user_ref):
            await connection.execute(_COUNT, (0, 1, asked.id))
    return True


async def _finish(connect: Connect, erasure_id: UUID) -> bool:
    async with connect() as connection, connection.transaction():
        done = await (await connection.execute(_DONE, (erasure_id,))).fetchone()
        if done is not None:
            entry = entry_row(
                Name.ERASURE_DONE,
                actor=US,
                subject=("erasure", erasure_id),
                detail={"conversations": done[0], "wishes": done[1]},
            )
            await connection.execute(INSERT_ENTRIES, entry_parameters([entry]))
    return True
