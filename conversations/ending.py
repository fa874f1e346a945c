"""Ending a conversation on the app's word or a steward's: its next turn says so, as when the hierarchy ended it.

Someone who may be at risk is answered all the same; the hierarchy sees to that.
"""

from uuid import UUID

import orjson
from django.db import connection as pages_connection
from django.db import transaction
from django.utils import timezone

from audit.log.names import Name
from audit.log.writer import INSERT_ENTRIES, entry_parameters, entry_row, write
from config import database, notices
from conversations.models import Conversation
from operators.directory import Access
from operators.models import Account
from operators.webhooks.events import INSERT_DELIVERIES, EventType, emit

ENDED_BY_STEWARD = "conversation-ended"
"""The notice by which every process ends what runs of a conversation."""

REASON = "The app ended the conversation."

# Entry and event are written only where something was ended; one statement, one transaction.
_END = f"""
WITH ended AS (
    UPDATE conversations_conversation SET ended_at = now(), ended_by = 'app', ended_because = %(reason)s
    WHERE id = %(conversation)s AND deployment_id = %(deployment)s AND ended_at IS NULL AND deleted_at IS NULL
    RETURNING id
), new_events AS (
    SELECT gen_random_uuid() AS event_id, %(operator)s::uuid AS operator_id, %(deployment)s::uuid AS deployment_id,
           'conversation.ended' AS type, %(told)s::jsonb AS data
    FROM ended
), deliveries AS (
    {INSERT_DELIVERIES}
)
{INSERT_ENTRIES} WHERE EXISTS (SELECT FROM ended)
"""  # noqa: S608 - made of constants


async def end(access: Access, conversation: UUID) -> None:
    """Ending what has ended, or is not there, changes nothing. A turn that is running goes on to its end."""
    entry = entry_row(
        Name.CONVERSATION_ENDED,
        actor=("key", access.key_id),
        subject=("conversation", conversation),
        detail={"operator": str(access.operator_id), "deployment": str(access.deployment_id)},
    )
    told = {
        "conversation_id": str(conversation),
        "deployment_id": str(access.deployment_id),
        "reason": REASON,
    }
    parameters = {
        "conversation": conversation,
        "deployment": access.deployment_id,
        "operator": access.operator_id,
        "told": orjson.dumps(told).decode(),
        "reason": REASON,
        **entry_parameters([entry]),
    }
    async with database.pool().connection() as connection:
        await connection.execute(_END, parameters)


def end_by_steward(
    conversation: Conversation, *, reason: str, by: Account, told: str = "", case: UUID | None = None
) -> bool:
    """Ends what runs of it, too, in every process. False where it had ended, or was deleted. For pages: synchronous.

    told: what webhooks hear, where it is not that stewards did it; case: the one whose verdict this is.
    """
    with transaction.atomic():
        live = Conversation.objects.filter(pk=conversation.pk, ended_at=None, deleted_at=None)
        by_steward = {"ended_by": Conversation.EndedBy.STEWARD, "ended_because": reason[:300]}
        if not live.update(ended_at=timezone.now(), **by_steward):
            return False
        deployment = conversation.deployment
        write(
            Name.CONVERSATION_ENDED,
            actor=("account", by.pk),
            subject=("conversation", conversation.pk),
            detail={
                "deployment": str(deployment.pk),
                "operator": str(deployment.operator_id),
                "reason": reason,
                **({"case": str(case)} if case else {}),
            },
        )
        event = {
            "conversation_id": str(conversation.pk),
            "deployment_id": str(deployment.pk),
            "reason": told or f"The platform's stewards ended the conversation: {reason}",
        }
        emit(deployment.operator_id, deployment.pk, EventType.CONVERSATION_ENDED, event)
        with pages_connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [notices.CHANNEL, f"{ENDED_BY_STEWARD}:{conversation.pk}"])
    return True
