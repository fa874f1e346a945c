"""Batches in the database, as the web process needs them: made, found, listed, canceled, deleted."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.conf import settings
from psycopg.rows import TupleRow, class_row
from psycopg.types.json import Jsonb

from audit.log.names import Name
from audit.log.writer import INSERT_ENTRIES, entry_parameters, entry_row, new_id
from config import database
from conversations.batches import sealed
from conversations.batches.reading import Asked, Requests
from conversations.errors import ApiError
from conversations.keyring import owner_batch
from operators.directory import Access

LIFETIME = timedelta(hours=24)
"""After which what is not answered expires."""
PIECE = 100
"""Items; enough to keep a worker busy until it must let others have their turn."""
RESULTS_AT_ONCE = 50
SEALED_AT_ONCE = 200
"""Requests whose users' keys are looked up together."""
ERASED = orjson.dumps(
    {"type": "errored", "error": {**ApiError(404, "what was said was erased").body(""), "request_id": None}}
)
"""The result of a request whose turn, conversation or user was erased since."""

Connection = psycopg.AsyncConnection[TupleRow]


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A row of conversations_batch."""

    id: UUID
    size: int
    created_at: datetime
    expires_at: datetime
    cancel_initiated_at: datetime | None
    ended_at: datetime | None
    succeeded: int
    errored: int
    canceled: int
    expired: int
    archived_at: datetime | None
    deleted_at: datetime | None


_COLUMNS = ", ".join(StoredBatch.__dataclass_fields__)
_OWN = "deployment_id = %(deployment)s"

_WAITING = f"SELECT coalesce(sum(size), 0) FROM conversations_batch WHERE {_OWN} AND ended_at IS NULL"  # noqa: S608
_INSERT = f"""
INSERT INTO conversations_batch (id, deployment_id, key_id, headers, size, created_at, expires_at)
VALUES (%(id)s, %(deployment)s, %(key)s, %(headers)s, %(size)s, now(), now() + %(lifetime)s) RETURNING {_COLUMNS}
"""  # noqa: S608 - made of the constants above
_ITEMS = "COPY conversations_batchitem (batch_id, number, custom_id, params, data_key_id) FROM STDIN (FORMAT BINARY)"
_PIECES = """
INSERT INTO conversations_batchpiece (batch_id, number, first, last)
SELECT %(id)s, first / %(piece)s, first, least(first + %(piece)s, %(size)s) - 1
FROM generate_series(0, %(size)s - 1, %(piece)s) AS first
"""
_FIND = f"SELECT {_COLUMNS} FROM conversations_batch WHERE id = %(id)s AND {_OWN}"  # noqa: S608
_LIST = f"""
SELECT {_COLUMNS} FROM conversations_batch
WHERE {_OWN} AND deleted_at IS NULL
  AND (%(after)s::uuid IS NULL OR id < %(after)s) AND (%(before)s::uuid IS NULL OR id > %(before)s)
"""  # noqa: S608
_CANCEL = f"UPDATE conversations_batch SET cancel_initiated_at = now() WHERE id = %(id)s RETURNING {_COLUMNS}"  # noqa: S608
_DELETE = """
WITH items AS (DELETE FROM conversations_batchitem WHERE batch_id = %(id)s),
pieces AS (DELETE FROM conversations_batchpiece WHERE batch_id = %(id)s)
UPDATE conversations_batch SET deleted_at = now(), archived_at = coalesce(archived_at, now()), headers = '{}'
WHERE id = %(id)s
"""
_RESULTS = """
SELECT i.number, i.custom_id, i.outcome, i.result, i.data_key_id, dk.wrapped
FROM conversations_batchitem i LEFT JOIN conversations_datakey dk ON dk.id = i.data_key_id
WHERE i.batch_id = %(id)s AND i.number > %(after)s ORDER BY i.number LIMIT %(limit)s
"""


async def create(access: Access, headers: Mapping[str, str], requests: Requests) -> StoredBatch:
    """All of it in one commit. Raises ApiError 429 where too many requests wait already."""
    own = {"deployment": access.deployment_id}
    async with database.pool().connection() as connection, connection.transaction():
        waiting = await (await connection.execute(_WAITING, own)).fetchone()
        if waiting and waiting[0] + requests.size > settings.BATCH_REQUESTS_WAITING:
            raise ApiError(
                429,
                f"requests: {waiting[0]} requests of this deployment wait in batches; at most"
                f" {settings.BATCH_REQUESTS_WAITING} may. Let some end, or cancel them",
                headers={"retry-after": "60"},
            )
        values = own | {"id": new_id(), "key": access.key_id, "headers": Jsonb(dict(headers)), "size": requests.size}
        batch = await _one(connection, _INSERT, values | {"lifetime": LIFETIME, "piece": PIECE})
        assert batch is not None  # noqa: S101 - what was inserted is returned
        async with connection.cursor() as cursor, cursor.copy(_ITEMS) as copy:
            copy.set_types(["uuid", "int4", "varchar", "bytea", "uuid"])
            number, digest = 0, sha256()
            async for custom_id, params, key_id in _sealed(access, batch.id, requests):
                await copy.write_row((batch.id, number, custom_id, params, key_id))
                digest.update(params)
                number += 1
        if number != requests.size:
            raise ApiError(503, "the batch could not be read; try again, or send a smaller one")
        await connection.execute(_PIECES, values | {"piece": PIECE})
        await _note(connection, Name.BATCH_CREATED, access, batch.id, digest=digest.digest(), requests=requests.size)
    return batch


async def _sealed(access: Access, batch_id: UUID, requests: Requests) -> AsyncGenerator[tuple[str, bytes, UUID], None]:
    """Each request sealed with its user's key, or with the batch's: (custom_id, sealed params, the key's id)."""
    waiting: list[Asked] = []
    number = 0
    async for asked in requests.each:
        waiting.append(asked)
        if len(waiting) == SEALED_AT_ONCE:
            for one in await sealed.all_of(access, batch_id, number, waiting):
                yield one
            number += len(waiting)
            waiting = []
    for one in await sealed.all_of(access, batch_id, number, waiting):
        yield one


async def find(access: Access, batch_id: UUID) -> StoredBatch | None:
    """A batch of this deployment; a deleted one too, as long as its row is kept."""
    async with database.pool().connection() as connection:
        return await _one(connection, _FIND, {"id": batch_id, "deployment": access.deployment_id})


async def listed(access: Access, limit: int, *, after: UUID | None, before: UUID | None) -> list[StoredBatch]:
    """At most `limit` batches, newest first: those right after one, or right before one."""
    backwards = before is not None and after is None
    parameters = {"deployment": access.deployment_id, "after": after, "before": before, "limit": limit}
    order = f"ORDER BY id {'ASC' if backwards else 'DESC'} LIMIT %(limit)s"
    async with database.pool().connection() as connection:
        cursor = connection.cursor(row_factory=class_row(StoredBatch))
        found = await (await cursor.execute(_LIST + order, parameters)).fetchall()
    return found[::-1] if backwards else found


async def cancel(access: Access, batch_id: UUID) -> StoredBatch | None:
    """Initiates it, once; the relay does the rest. A batch that has ended stays as it is."""
    own = {"id": batch_id, "deployment": access.deployment_id}
    async with database.pool().connection() as connection, connection.transaction():
        batch = await _one(connection, f"{_FIND} FOR UPDATE", own)
        if batch is None or batch.ended_at is not None or batch.cancel_initiated_at is not None:
            return batch
        batch = await _one(connection, _CANCEL, own)
        assert batch is not None  # noqa: S101 - it is locked
        await _note(connection, Name.BATCH_CANCELED, access, batch.id)
    return batch


async def delete(access: Access, batch_id: UUID) -> StoredBatch | None:
    """Takes away what was asked and answered; again, it changes nothing. Raises ApiError 400 before the batch ended."""
    own = {"id": batch_id, "deployment": access.deployment_id}
    async with database.pool().connection() as connection, connection.transaction():
        batch = await _one(connection, f"{_FIND} FOR UPDATE", own)
        if batch is None or batch.deleted_at is not None:
            return batch
        if batch.ended_at is None:
            raise ApiError(400, "message_batch_id: the batch has not ended; cancel it first, and delete it once it has")
        await connection.execute(_DELETE, own)
        await connection.execute(sealed.FORGET_KEY, (owner_batch(access.data, batch.id),))
        await _note(connection, Name.BATCH_DELETED, access, batch.id)
    return batch


async def results(batch: StoredBatch) -> AsyncGenerator[bytes, None]:
    """Lines of JSON in the order asked. No connection is held while the caller reads.

    Raises ConnectionAbortedError where the results are taken away meanwhile.
    """
    after = -1
    while after < batch.size - 1:
        async with database.pool().connection() as connection:
            parameters = {"id": batch.id, "after": after, "limit": RESULTS_AT_ONCE}
            rows = await (await connection.execute(_RESULTS, parameters)).fetchall()
        if not rows:
            raise ConnectionAbortedError(f"batch {batch.id} was deleted while its results were read")
        after = rows[-1][0]
        yield b"".join(_line(batch.id, *row) for row in rows)


def _line(batch_id: UUID, number: int, custom_id: str, outcome: str, result: bytes | None, *key: Any) -> bytes:
    if result is None:
        told = b'{"type":"%b"}' % outcome.encode()
    else:
        told = sealed.result(batch_id, number, bytes(result), *key) or ERASED
    return b'{"custom_id":"%b","result":%b}\n' % (custom_id.encode(), told)


async def _one(connection: Connection, statement: str, parameters: Mapping[str, object]) -> StoredBatch | None:
    cursor = connection.cursor(row_factory=class_row(StoredBatch))
    return await (await cursor.execute(statement, parameters)).fetchone()


async def _note(
    connection: Connection, name: Name, access: Access, batch_id: UUID, *, digest: str | None = None, **more: Any
) -> None:
    detail = {"operator": str(access.operator_id), "deployment": str(access.deployment_id), **more}
    row = entry_row(name, actor=("key", access.key_id), subject=("batch", batch_id), digest=digest, detail=detail)
    await connection.execute(INSERT_ENTRIES, entry_parameters([row]))
