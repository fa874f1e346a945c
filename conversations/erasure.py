"""Erasing a conversation or a user: what was said is gone for good, that it was said stays.

The rows stay as tombstones: who answered, when, with which outcome, and the audit entry's id and digest. Gone are
the content with every excerpt that quotes it, the user's id, the digests by which a conversation is recognised, what
batches and idempotency keys hold of the answers, and the key that sealed all this, unless more is sealed with it.
Apps above keep texts of their own about a conversation; they register what must go along.
"""

from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from audit.log.names import Name
from audit.log.writer import INSERT_ENTRIES, Ref, entry_parameters, entry_row
from config import database
from conversations.content import quoted
from conversations.keyring import owner_conversation
from operators.data_rules import rules_by
from operators.directory import Access

Connection = AsyncConnection[tuple[Any, ...]]

NO_PREFIX = b""
NO_PAST = b"{}"
AT_ONCE = 100
"""Turns rewritten between two breaths of the event loop."""

# From before content was sealed: the decision quotes in the open.
_QUOTING = """
SELECT id, decision FROM conversations_turn
WHERE conversation_id = %s AND deployment_id = %s AND data_key_id IS NULL AND gone = ''
ORDER BY number, id LIMIT %s FOR NO KEY UPDATE
"""
_WITHOUT_WORDS = """
UPDATE conversations_turn t SET decision = clear.decision, content = '', gone = 'expired'
FROM unnest(%s::uuid[], %s::bytea[]) AS clear (id, decision) WHERE t.id = clear.id
"""
_ERASE = """
WITH found AS (
    SELECT id FROM conversations_turn
    WHERE conversation_id = %(conversation)s AND deployment_id = %(deployment)s AND gone <> 'deleted'
    ORDER BY number, id FOR NO KEY UPDATE
)
UPDATE conversations_turn t
SET content = '', gone = 'deleted', data_key_id = NULL, prefix = %(prefix)s, past = %(past)s, error = ''
FROM found WHERE t.id = found.id RETURNING t.id
"""
_MARK = """
UPDATE conversations_conversation SET deleted_at = now(), user_ref = ''
WHERE id = %s AND deployment_id = %s AND deleted_at IS NULL
RETURNING turn_count, (SELECT operator_id::text FROM operators_deployment d WHERE d.id = deployment_id)
"""
# A failed job's error may quote; a job that is being done right now is left to its transaction.
_JOBS = """
UPDATE conversations_job SET error = '' WHERE id IN (
    SELECT j.id FROM conversations_job j JOIN conversations_turn t ON t.id = j.turn_id
    WHERE t.conversation_id = %s AND j.error <> '' FOR UPDATE OF j SKIP LOCKED)
"""
# Never waited for while a conversation's row is locked: a turn that is being recorded holds its key and waits for that.
_KEY = """
DELETE FROM conversations_datakey
WHERE id IN (SELECT id FROM conversations_datakey WHERE owner = %s FOR UPDATE SKIP LOCKED)
"""
FORGET_RESULT = "UPDATE conversations_batchitem SET result = '' WHERE turn_id = %s AND result IS NOT NULL"
_FORGET = (
    "UPDATE conversations_batchitem SET result = '' WHERE turn_id = ANY(%s) AND result IS NOT NULL",
    "UPDATE conversations_idempotencykey SET envelope = '', body_digest = '' WHERE turn_id = ANY(%s)",
)

_registered: dict[str, str] = {}


def register_erasure(name: str, sql: str) -> None:
    """Adds to what an erasure does: `sql` has the parameter %(conversation)s, and runs once it is marked deleted.

    Whoever writes such texts later looks at `deleted_at` under a lock of the conversation's row. Raises ValueError
    where the name is taken by another statement.
    """
    if _registered.setdefault(name, sql) != sql:
        raise ValueError(f"the erasure {name!r} is registered already")


async def delete(access: Access, conversation: UUID) -> None:
    """One transaction, with its entry; deleting twice changes nothing. The conversation is one of the deployment's."""
    async with database.pool().connection() as connection:
        async with connection.transaction():
            await erase(connection, Ref("key", str(access.key_id)), access.deployment_id, conversation)
        # One that a turn held just then; it has seen that the conversation is deleted.
        await connection.execute(_KEY, (owner_conversation(access.data, conversation),))


async def erase(connection: Connection, actor: Ref, deployment_id: UUID, conversation: UUID) -> bool:
    """In the caller's transaction; False where it was erased before.

    The turns come first: while a conversation's row is locked, turns of many others may wait to be recorded with one
    of its own. A turn that is recorded meanwhile is found in the second pass, one that comes later has no content.
    """
    await _erase_turns(connection, deployment_id, conversation)
    cursor = await connection.execute(_MARK, (conversation, deployment_id))
    marked = await cursor.fetchone()
    if marked is None:
        return False
    rules = await rules_by(connection, deployment_id)
    await connection.execute(_KEY, (owner_conversation(rules, conversation),))
    await _erase_turns(connection, deployment_id, conversation)
    await connection.execute(_JOBS, (conversation,))
    for sql in _registered.values():
        await connection.execute(sql, {"conversation": conversation})  # type: ignore[arg-type] # of our own apps
    entry = entry_row(
        Name.CONVERSATION_DELETED,
        actor=actor,
        subject=("conversation", conversation),
        detail={"operator": marked[1], "deployment": str(deployment_id), "turns": marked[0]},
    )
    await connection.execute(INSERT_ENTRIES, entry_parameters([entry]))
    return True


async def _erase_turns(connection: Connection, deployment_id: UUID, conversation: UUID) -> None:
    while rows := await (await connection.execute(_QUOTING, (conversation, deployment_id, AT_ONCE))).fetchall():
        clear = [without_words(bytes(decision)) for _, decision in rows]
        await connection.execute(_WITHOUT_WORDS, ([turn for turn, _ in rows], clear))
    values = {"conversation": conversation, "deployment": deployment_id, "prefix": NO_PREFIX, "past": NO_PAST}
    erased = [turn for (turn,) in await (await connection.execute(_ERASE, values)).fetchall()]
    if erased:
        for sql in _FORGET:
            await connection.execute(sql, (erased,))


def without_words(decision: bytes) -> bytes:
    """A stored decision without what it quotes."""
    made: dict[str, Any] = orjson.loads(decision)
    quoted(made)
    return orjson.dumps(made)
