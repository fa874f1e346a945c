"""Deleting a conversation: what was said is gone for good, that it was said stays.

The rows stay as tombstones: who answered, when, with which outcome, and the audit entry's id and digest. Gone are
the content, the evidence that quotes it, the user's id, and the digests by which the conversation is recognised.
Apps above keep texts of their own about a conversation; they register what must go along.
"""

from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from audit.log.names import Name
from audit.log.writer import INSERT_ENTRIES, Ref, entry_parameters, entry_row
from charter import Decision
from config import database
from operators.directory import Access

Connection = AsyncConnection[tuple[Any, ...]]

NOTHING_SAID = orjson.dumps({"system": "", "messages": [], "answer": [], "deleted": True})
NO_PREFIX = b""
NO_PAST = b"{}"
AT_ONCE = 100
"""Turns rewritten between two breaths of the event loop."""

_TURNS = """
SELECT id, decision FROM conversations_turn WHERE conversation_id = %s AND deployment_id = %s AND content <> %s
ORDER BY number, id LIMIT %s FOR NO KEY UPDATE
"""
_ERASE = """
UPDATE conversations_turn t SET content = %(nothing)s, prefix = %(prefix)s, past = %(past)s, error = '',
                                decision = erased.decision
FROM unnest(%(ids)s::uuid[], %(decisions)s::bytea[]) AS erased (id, decision) WHERE t.id = erased.id
"""
_MARK = """
UPDATE conversations_conversation SET deleted_at = now(), user_ref = ''
WHERE id = %s AND deployment_id = %s AND deleted_at IS NULL RETURNING turn_count
"""
# A failed job's error may quote; a job that is being done right now is left to its transaction.
_JOBS = """
UPDATE conversations_job SET error = '' WHERE id IN (
    SELECT j.id FROM conversations_job j JOIN conversations_turn t ON t.id = j.turn_id
    WHERE t.conversation_id = %s AND j.error <> '' FOR UPDATE OF j SKIP LOCKED)
"""

_registered: dict[str, str] = {}


def register_erasure(name: str, sql: str) -> None:
    """Adds to what a deletion does: `sql` has the parameter %(conversation)s, and runs once it is marked deleted.

    Whoever writes such texts later looks at `deleted_at` under a lock of the conversation's row. Raises ValueError
    where the name is taken by another statement.
    """
    if _registered.setdefault(name, sql) != sql:
        raise ValueError(f"the erasure {name!r} is registered already")


async def delete(access: Access, conversation: UUID) -> None:
    """One transaction, with its entry; deleting twice changes nothing. The conversation is one of the deployment's."""
    async with database.pool().connection() as connection, connection.transaction():
        await erase(connection, Ref("key", str(access.key_id)), access.deployment_id, conversation)


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
    await _erase_turns(connection, deployment_id, conversation)
    await connection.execute(_JOBS, (conversation,))
    for sql in _registered.values():
        await connection.execute(sql, {"conversation": conversation})  # type: ignore[arg-type] # of our own apps
    entry = entry_row(
        Name.CONVERSATION_DELETED,
        actor=actor,
        subject=("conversation", conversation),
        detail={"deployment": str(deployment_id), "turns": marked[0]},
    )
    await connection.execute(INSERT_ENTRIES, entry_parameters([entry]))
    return True


async def _erase_turns(connection: Connection, deployment_id: UUID, conversation: UUID) -> None:
    while True:
        cursor = await connection.execute(_TURNS, (conversation, deployment_id, NOTHING_SAID, AT_ONCE))
        rows = await cursor.fetchall()
        if not rows:
            return
        await connection.execute(
            _ERASE,
            {
                "nothing": NOTHING_SAID,
                "prefix": NO_PREFIX,
                "past": NO_PAST,
                "ids": [turn for turn, _ in rows],
                "decisions": [without_evidence(bytes(decision)) for _, decision in rows],
            },
        )


def without_evidence(stored: bytes) -> bytes:
    """A turn's decision without any word of what was said: what was weighed, how strongly, and what came of it."""
    made: dict[str, Any] = orjson.loads(stored)
    weighed = [made.get("winner"), *made.get("overruled", ()), *made.get("heeded", ())]
    for one in (*weighed, *made.get("signals", ()), made.get("guard")):
        if one:
            one["evidence"] = ""
    if made.get("judgment"):
        made["judgment"]["reason"] = ""
    made.pop("not_granted", None)
    made["explanation"] = Decision.from_json(made).explanation
    return orjson.dumps(made)
