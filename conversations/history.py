"""Which conversation a request belongs to: by the prefix it repeats, or by the header that names one outright."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from audit.log.writer import new_id
from charter import Past
from config import database
from config.bodies import largest
from conversations import content, prefix
from conversations.errors import ApiError
from conversations.requests import MessagesRequest
from operators.directory import Access

LONGEST_CHAIN = 5_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a turn goes. `messages`: the history and the new messages; the first `known` are stored already."""

    conversation_id: UUID
    parent_id: UUID | None
    branched_from: UUID | None
    number: int
    known: int
    messages: list[dict[str, Any]]
    digest: bytes
    past: Past
    user_ref: str = ""


# A retry after a failure extends the same turn again; only an answered one makes a second extension a branch.
_ANSWERED = "status IN ('answered', 'own_words', 'guarded')"
_EXTENDED = f"EXISTS (SELECT 1 FROM conversations_turn n WHERE n.parent_id = t.id AND n.{_ANSWERED})"  # noqa: S608

_BY_PREFIX = f"""
SELECT t.id, t.conversation_id, t.number, t.prefix, t.past, c.ended_at IS NOT NULL, {_EXTENDED} AS extended
FROM conversations_turn t JOIN conversations_conversation c ON c.id = t.conversation_id
WHERE t.deployment_id = %s AND t.prefix = ANY(%s::bytea[]) AND (%s::uuid IS NULL OR t.conversation_id = %s)
ORDER BY t.number DESC, extended, t.started_at DESC LIMIT 1
"""  # noqa: S608 - made of the constant above

# What a turn showed of a person must not be forgotten because its answer failed or nobody waited for it.
_NAMED = f"""
SELECT c.user_ref, c.deleted_at, c.ended_at IS NOT NULL, t.id, t.number, t.past, newest.past
FROM conversations_conversation c
LEFT JOIN LATERAL (
    SELECT * FROM conversations_turn t WHERE t.conversation_id = c.id AND t.{_ANSWERED}
    ORDER BY t.number DESC, {_EXTENDED}, t.started_at DESC LIMIT 1
) t ON true
LEFT JOIN LATERAL (
    SELECT past FROM conversations_turn t WHERE t.conversation_id = c.id
    ORDER BY t.number DESC, t.started_at DESC LIMIT 1
) newest ON true
WHERE c.id = %s AND c.deployment_id = %s
"""  # noqa: S608

_CHAIN = f"""
WITH RECURSIVE t AS (
    SELECT id, parent_id, prefix, content, gone, data_key_id, 1 AS back, octet_length(content) AS size
    FROM conversations_turn WHERE id = %s
    UNION ALL
    SELECT n.id, n.parent_id, n.prefix, n.content, n.gone, n.data_key_id, back + 1, size + octet_length(n.content)
    FROM conversations_turn n JOIN t ON n.id = t.parent_id
    WHERE back < %s AND size <= %s
)
SELECT t.size, t.prefix, t.id, {content.COLUMNS} FROM t {content.FROM_JOIN} ORDER BY t.back DESC
"""  # noqa: S608 - made of the constants above


async def find_place(request: MessagesRequest, access: Access, named: str) -> Place:
    """Raises ApiError 400 or 404 for a conversation named wrongly. A lone first message starts a new conversation."""
    if named:
        return await _named_place(request, access, _uuid(named))
    chain = prefix.digests(access.deployment_id, request.user_ref, request.messages)
    if answered := _answered(request, chain):
        found = await _by_prefix(access, answered, None)
        if found is not None:
            return _after(found, request, request.user_ref, chain)
    return Place(new_id(), None, None, 1, 0, request.messages, chain[-1], Past(), request.user_ref)


def _answered(request: MessagesRequest, chain: list[bytes]) -> dict[bytes, int]:
    """The digests up to and with each of the assistant's messages, and of how many messages each is."""
    return {chain[i + 1]: i + 1 for i, message in enumerate(request.messages) if message["role"] == "assistant"}


async def _by_prefix(access: Access, answered: dict[bytes, int], conversation: UUID | None) -> tuple[Any, ...] | None:
    """The row, with how many messages its prefix is of in the digest's place."""
    # A row that `manage.py seal_content` has not come to yet has the digest itself.
    known = {prefix.stored(access.data, digest): size for digest, size in answered.items()} | answered
    async with database.pool().connection() as connection:
        cursor = await connection.execute(_BY_PREFIX, (access.deployment_id, list(known), conversation, conversation))
        row = await cursor.fetchone()
    return row and (*row[:3], known[bytes(row[3])], *row[4:])


def _after(found: tuple[Any, ...], request: MessagesRequest, user_ref: str, chain: list[bytes]) -> Place:
    turn_id, conversation_id, number, known, past, ended, extended = found
    return Place(
        conversation_id=new_id() if extended else conversation_id,
        parent_id=turn_id,
        branched_from=turn_id if extended else None,
        number=number + 1,
        known=known,
        messages=request.messages,
        digest=chain[-1],
        # A branch leaves the end of its old conversation behind, not what was learned before.
        past=_past(past, ended=ended and not extended),
        user_ref=user_ref,
    )


async def _named_place(request: MessagesRequest, access: Access, conversation: UUID) -> Place:
    """Who names a conversation need not name its user again; naming another user finds nothing."""
    async with database.pool().connection() as connection:
        cursor = await connection.execute(_NAMED, (conversation, access.deployment_id))
        row = await cursor.fetchone()
    if row is None or (request.user_ref and request.user_ref != row[0] and not row[1]):
        raise ApiError(404, f"plumbline-conversation: no conversation {conversation} of this deployment and user")
    user_ref, deleted_at, ended, turn_id, number, last, newest = row
    if deleted_at is not None:
        raise ApiError(404, f"plumbline-conversation: the conversation {conversation} was deleted")
    past = _past(last, newest, ended=ended)
    chain = prefix.digests(access.deployment_id, user_ref, request.messages)
    if turn_id is None:
        return Place(conversation, None, None, 1, 0, request.messages, chain[-1], past, user_ref)
    if answered := _answered(request, chain):
        found = await _by_prefix(access, answered, conversation)
        if found is not None:
            return _after(found, request, user_ref, chain)
        # The client rewrote its history; the header says where it belongs all the same.
        return Place(conversation, turn_id, None, number + 1, 0, request.messages, chain[-1], past, user_ref)
    earlier, now = await _messages_up_to(turn_id)
    for message in request.messages:
        now = prefix.extend(now, message["role"], message.get("content") or ())
    messages = earlier + request.messages
    return Place(conversation, turn_id, None, number + 1, len(earlier), messages, now, past, user_ref)


async def _messages_up_to(turn_id: UUID) -> tuple[list[dict[str, Any]], bytes]:
    """What was said up to and with a turn, and the digest of it that is not stored. Raises ApiError 409, 413."""
    async with database.pool().connection() as connection:
        cursor = await connection.execute(_CHAIN, (turn_id, LONGEST_CHAIN, _longest()))
        rows = await cursor.fetchall()
    if rows and rows[0][0] > _longest():
        raise ApiError(413, "what was said earlier in this conversation is larger than a request may be")
    messages: list[dict[str, Any]] = []
    digest = b""
    for _, in_row, *row in rows:
        found = content.opened(*row)
        if found.gone:
            raise ApiError(
                409, f"what was said earlier in this conversation {_GONE[found.gone]}; send its whole history"
            )
        messages += found.said["messages"]
        if found.said["answer"]:
            messages.append({"role": "assistant", "content": found.said["answer"]})
        digest = found.prefix or bytes(in_row)
    return messages, digest


_GONE = {
    "deleted": "was deleted",
    "expired": "is not kept any more",
    "not_stored": "is not kept by this deployment",
}


def _longest() -> int:
    """Bytes: what an app could have sent itself."""
    return largest(settings.API_BODY_BYTES, "/v1/messages")


def _past(stored: Any, newest: Any = None, *, ended: bool) -> Past:
    known = orjson.loads(bytes(stored)) if stored is not None else {}
    at_risk = newest is not None and orjson.loads(bytes(newest)).get("at_risk", False)
    return Past(**{**known, "ended": ended, "at_risk": at_risk or known.get("at_risk", False)})


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ApiError(400, "plumbline-conversation: must be a conversation's id") from None
