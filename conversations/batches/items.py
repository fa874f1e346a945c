"""A piece and its items in the database, as a worker needs them: taken, claimed, settled, put off, given back.

Nothing is done twice. One worker holds a piece, by a lease it renews; where it was killed the lease runs out. Within
the piece an item is claimed for one try, and the turn that answers it is committed together with the item's result or
not at all (`settlement`), and only while that claim holds: a worker that lost its lease unawares records nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.conf import settings

from config import database
from conversations.batches import sealed
from conversations.content import ContentKey, open_key
from conversations.errors import ApiError
from conversations.keyring import keys_for, owner_batch
from conversations.record import Beside
from operators.data_rules import rules_of

LEASE_SECONDS = 20.0


@dataclass(slots=True)
class Piece:
    """What one worker works on. `lost`: another holds it by now."""

    id: int
    batch_id: UUID
    first: int
    last: int
    headers: Mapping[str, str]
    expires_at: datetime
    public_id: str
    operator_id: UUID
    deployment_id: UUID
    holder: UUID = field(default_factory=uuid4)
    lost: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "piece": self.id,
            "batch": self.batch_id,
            "first": self.first,
            "last": self.last,
            "holder": self.holder,
            "lease": LEASE_SECONDS,
        }


@dataclass(frozen=True, slots=True)
class Item:
    """One request, claimed for one try; `attempts` counts it."""

    id: int
    params: bytes
    """As JSON; empty where its user was erased since."""
    attempts: int
    claim: UUID
    batch_id: UUID
    number: int
    key: ContentKey | None = None
    """What seals its result; None where it was destroyed."""


_TAKE = """
WITH taken AS (
    UPDATE conversations_batchpiece SET holder = %(holder)s, lease_until = now() + make_interval(secs => %(lease)s)
    WHERE id = %(piece)s AND done_at IS NULL AND (lease_until IS NULL OR lease_until < now())
    RETURNING id, batch_id, first, last
)
SELECT t.id, t.batch_id, t.first, t.last, b.headers, b.expires_at, k.public_id, d.operator_id, d.id
FROM taken t
JOIN conversations_batch b ON b.id = t.batch_id
JOIN operators_key k ON k.id = b.key_id
JOIN operators_deployment d ON d.id = b.deployment_id
"""
_OPEN = "batch_id = %(batch)s AND number BETWEEN %(first)s AND %(last)s AND outcome = ''"
# What was claimed when its holder was killed is free again; what keeps killing them is given up.
_FREE = f"UPDATE conversations_batchitem SET claim = NULL WHERE {_OPEN} AND claim IS NOT NULL"  # noqa: S608
_GIVE_UP = f"""
UPDATE conversations_batchitem SET outcome = 'errored', result = %(result)s, params = '', done_at = now()
WHERE {_OPEN} AND attempts >= %(attempts)s
"""  # noqa: S608 - made of the constants above
_RENEW = """
UPDATE conversations_batchpiece SET lease_until = now() + make_interval(secs => %(lease)s)
WHERE id = %(piece)s AND holder = %(holder)s
"""
_CLAIM = f"""
WITH claimed AS (UPDATE conversations_batchitem SET claim = %(claim)s, attempts = attempts + 1
WHERE id = (
    SELECT i.id FROM conversations_batchitem i
    WHERE {_OPEN} AND claim IS NULL AND (not_before IS NULL OR not_before <= now())
      AND EXISTS (SELECT 1 FROM conversations_batch b
                  WHERE b.id = %(batch)s AND b.cancel_initiated_at IS NULL AND b.expires_at > now())
    ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, params, attempts, number, data_key_id)
SELECT c.id, c.params, c.attempts, c.number, c.data_key_id, dk.wrapped
FROM claimed c LEFT JOIN conversations_datakey dk ON dk.id = c.data_key_id
"""  # noqa: S608
_SETTLE = """
UPDATE conversations_batchitem
SET outcome = %(outcome)s, result = %(result)s, turn_id = %(turn)s, data_key_id = %(key)s, claim = NULL, params = '',
    done_at = now()
WHERE id = %(item)s AND claim = %(claim)s AND outcome = ''
"""
_PUT_OFF = """
UPDATE conversations_batchitem
SET claim = NULL, not_before = now() + make_interval(secs => %(seconds)s), attempts = attempts - %(uncounted)s
WHERE id = %(item)s AND claim = %(claim)s AND outcome = ''
"""
_GIVE_BACK = f"""
UPDATE conversations_batchpiece p
SET holder = NULL, lease_until = NULL, handed_at = NULL, done_at = CASE WHEN o.items = 0 THEN now() END,
    not_before = greatest(o.due, now() + make_interval(secs => %(seconds)s))
FROM (SELECT count(*) AS items, min(coalesce(not_before, now())) AS due FROM conversations_batchitem WHERE {_OPEN}) o
WHERE p.id = %(piece)s AND p.holder = %(holder)s
"""  # noqa: S608

HAS_OPEN_ITEMS = "SELECT EXISTS (SELECT 1 FROM conversations_batchitem WHERE batch_id = %(batch)s AND outcome = '')"
"""Once none is open none ever will be: an item is settled for good."""
END = """
WITH counts AS (
    SELECT count(*) FILTER (WHERE outcome = 'succeeded') AS succeeded,
           count(*) FILTER (WHERE outcome = 'errored') AS errored,
           count(*) FILTER (WHERE outcome = 'canceled') AS canceled,
           count(*) FILTER (WHERE outcome = 'expired') AS expired
    FROM conversations_batchitem WHERE batch_id = %(batch)s
), pieces AS (
    UPDATE conversations_batchpiece SET done_at = now() WHERE batch_id = %(batch)s AND done_at IS NULL
)
UPDATE conversations_batch b
SET ended_at = now(), succeeded = c.succeeded, errored = c.errored, canceled = c.canceled, expired = c.expired
FROM counts c WHERE b.id = %(batch)s AND b.ended_at IS NULL
"""


async def take(piece_id: int) -> Piece | None:
    """The piece with a lease on it; None where another holds it, or it is done."""
    holder = uuid4()
    async with database.pool().connection() as connection, connection.transaction():
        cursor = await connection.execute(_TAKE, {"piece": piece_id, "holder": holder, "lease": LEASE_SECONDS})
        if (row := await cursor.fetchone()) is None:
            return None
        piece = Piece(*row, holder=holder)
        await connection.execute(_FREE, piece.parameters)
        cut_short = errored(ApiError(500, "given up: the worker was killed at each try"))
        given_up = {"result": cut_short, "attempts": settings.BATCH_ATTEMPTS}
        await connection.execute(_GIVE_UP, piece.parameters | given_up)
    return piece


async def renew(piece: Piece) -> bool:
    """False where the lease ran out and another took the piece."""
    return await _execute(_RENEW, piece.parameters) == 1


async def claim(piece: Piece) -> Item | None:
    """The next item that is due; None where none is, or the batch was canceled or has expired."""
    mark = uuid4()
    async with database.pool().connection() as connection:
        row = await (await connection.execute(_CLAIM, piece.parameters | {"claim": mark})).fetchone()
    return await _opened(piece, mark, row) if row else None


async def _opened(piece: Piece, mark: UUID, row: tuple[Any, ...]) -> Item:
    item, stored, attempts, number, key_id, wrapped = row
    params = bytes(stored)
    if key_id is None:  # from before content was sealed
        rules = await rules_of(piece.deployment_id)
        keys = await keys_for(piece.deployment_id, {owner := owner_batch(rules, piece.batch_id)})
        return Item(item, params, attempts, mark, piece.batch_id, number, keys[owner])
    if wrapped is None:
        return Item(item, b"", attempts, mark, piece.batch_id, number)
    key = ContentKey(key_id, b"", open_key(key_id, wrapped))
    return Item(
        item, sealed.params(key.cipher, piece.batch_id, number, params), attempts, mark, piece.batch_id, number, key
    )


def settlement(item: Item, outcome: str, result: bytes, turn_id: UUID | None = None) -> Beside:
    """The item's result, for good. turn_id: of the turn it is committed with, if there is one."""
    stored = sealed.sealed_result(item.key.cipher, item.batch_id, item.number, result) if item.key else b""
    values = {"outcome": outcome, "result": stored, "turn": turn_id, "item": item.id, "claim": item.claim}
    return Beside(_SETTLE, values | {"key": item.key.id if item.key else None})


def putting_off(item: Item, seconds: float, *, counted: bool) -> Beside:
    """Another try, in so many seconds. counted: this one was one of the few an item has."""
    values = {"seconds": seconds, "uncounted": 0 if counted else 1, "item": item.id, "claim": item.claim}
    return Beside(_PUT_OFF, values)


async def apply(beside: Beside) -> None:
    """By itself, where no turn was recorded. Does nothing where the claim is lost, or was used up by the record."""
    await _execute(beside.statement, beside.parameters)


def succeeded(message: dict[str, Any]) -> bytes:
    return orjson.dumps({"type": "succeeded", "message": message})


def errored(error: ApiError, request_id: str | None = None) -> bytes:
    body: dict[str, Any] = error.body(request_id or "")
    return orjson.dumps({"type": "errored", "error": {**body, "request_id": request_id}})


async def give_back(piece: Piece, seconds: float) -> None:
    """Done, or to be handed over again in at least so many seconds. The last piece to be done ends its batch."""
    async with database.pool().connection() as connection:
        await connection.execute(_GIVE_BACK, piece.parameters | {"seconds": seconds})
        one = {"batch": piece.batch_id}
        has_open_items = await (await connection.execute(HAS_OPEN_ITEMS, one)).fetchone()
        if has_open_items == (False,):
            await connection.execute(END, one)


async def _execute(statement: str, parameters: Mapping[str, Any]) -> int:
    async with database.pool().connection() as connection:
        return (await connection.execute(statement, parameters)).rowcount
