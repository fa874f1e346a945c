"""Ending a conversation on the app's word: its next turn says that it has ended, as when the hierarchy ended it.

Someone who may be at risk is answered all the same; the hierarchy sees to that.
"""

from uuid import UUID

import orjson

from audit.log.names import Name
from audit.log.writer import INSERT_ENTRIES, entry_parameters, entry_row
from config import database
from operators.directory import Access
from operators.webhooks.events import INSERT_DELIVERIES

# Entry and event are written only where something was ended; one statement, one transaction.
_END = f"""
WITH ended AS (
    UPDATE conversations_conversation SET ended_at = now()
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
        "reason": "The app ended the conversation.",
    }
    parameters = {
        "conversation": conversation,
        "deployment": access.deployment_id,
        "operator": access.operator_id,
        "told": orjson.dumps(told).decode(),
        **entry_parameters([entry]),
    }
    async with database.pool().connection() as connection:
        await connection.execute(_END, parameters)
