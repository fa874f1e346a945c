"""`Idempotency-Key`: the same key and body within a day is answered once, whoever asks again, and wherever.

The database decides who answers. An attempt holds its key by a lease that it renews; the turn's own commit gives the
key the turn's id. Whoever comes with the same key meanwhile waits for that, and gets the answer that was recorded.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid4

import orjson
import psycopg
from django.conf import settings
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from config import database
from conversations.background import Background
from conversations.errors import ApiError
from conversations.requests import MessagesRequest
from operators.directory import Access

HEADER = "idempotency-key"
LONGEST = 255
FORGOTTEN = b""
"""The body's digest where its turn was erased since: any repetition is told so."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.5

log = logging.getLogger(__name__)


class TakenOverError(ApiError):
    """This attempt was not heard of for so long that another one has the key."""

    def __init__(self) -> None:
        told = "another attempt with this key has taken over; ask again for its answer"
        super().__init__(409, f"{HEADER}: {told}", headers={"retry-after": "1"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """Whoever holds one answers; to be let go where that comes to nothing."""

    owner: UUID


@dataclass(frozen=True, slots=True)
class Answered:
    """The key's turn, and what is kept of its answer beside the turn's record."""

    turn_id: UUID
    envelope: bytes
    """Sealed; empty where the turn was erased since."""
    expires_at: datetime


_CLAIM = """
INSERT INTO conversations_idempotencykey AS k
    (deployment_id, key_digest, body_digest, owner, lease_until, expires_at)
VALUES (%s, %s, %s, %s, now() + %s * interval '1 second', now() + interval '1 day')
ON CONFLICT (deployment_id, key_digest) DO UPDATE SET
    body_digest = excluded.body_digest, owner = excluded.owner, lease_until = excluded.lease_until,
    expires_at = excluded.expires_at, turn_id = NULL, envelope = NULL
WHERE k.expires_at < now() OR (k.turn_id IS NULL AND k.lease_until < now())
RETURNING owner
"""
_HELD = """
SELECT body_digest, turn_id, envelope, expires_at
FROM conversations_idempotencykey WHERE deployment_id = %s AND key_digest = %s
"""
_RENEW = """
UPDATE conversations_idempotencykey SET lease_until = now() + %s * interval '1 second'
WHERE owner = ANY(%s) AND turn_id IS NULL
"""
_LET_GO = "DELETE FROM conversations_idempotencykey WHERE owner = %s AND turn_id IS NULL"
_ANSWERED = """
UPDATE conversations_idempotencykey k SET
    turn_id = a.turn_id, envelope = a.envelope, expires_at = now() + interval '1 day'
FROM unnest(%s::uuid[], %s::uuid[], %s::bytea[]) AS a (owner, turn_id, envelope)
WHERE k.owner = a.owner AND k.turn_id IS NULL RETURNING k.owner
"""


async def answered(
    connection: AsyncConnection[TupleRow], attempts: Sequence[tuple[Attempt, UUID, bytes]]
) -> set[Attempt]:
    """Gives keys their turns (attempt, turn, envelope), in the caller's transaction.

    Returns the attempts that still held theirs; the others' turns must not be recorded, another attempt has the key.
    """
    owners, turns, envelopes = zip(*((one.owner, turn, envelope) for one, turn, envelope in attempts), strict=True)
    cursor = await connection.execute(_ANSWERED, (list(owners), list(turns), list(envelopes)))
    return {Attempt(owner) for (owner,) in await cursor.fetchall()}


class Once:
    """One a process: the attempts it makes, and their leases."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self._held: set[Attempt] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._renew(), name="idempotency leases")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def claim(
        self, access: Access, request: MessagesRequest, headers: dict[str, str]
    ) -> Attempt | Answered | None:
        """None without the header. Waits for another attempt of the same key.

        Raises ApiError 400 for a malformed key, 409 for another body under the same key, or where the wait is too long.
        """
        if HEADER not in headers:
            return None
        rules = access.data
        key = rules.keyed("idempotency key", _digest_of_key(headers[HEADER]))
        body = rules.keyed("idempotency body", _digest_of_body(request, headers))
        until, pause = time.monotonic() + settings.IDEMPOTENCY_WAIT_SECONDS, SHORTEST_PAUSE
        while True:
            claimed = await self._claim(access.deployment_id, key, body)
            if claimed is not None:
                return claimed
            if time.monotonic() > until:
                told = "the first request with this key is still being answered"
                raise ApiError(409, f"{HEADER}: {told}", headers={"retry-after": "5"})
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 1.5)

    async def _claim(self, deployment_id: UUID, key: bytes, body: bytes) -> Attempt | Answered | None:
        """None while another attempt holds the key, or just let it go."""
        attempt = Attempt(uuid4())
        # Beforehand: a caller who goes away in mid-statement may leave a claim behind that nobody would let go.
        self._held.add(attempt)
        try:
            async with database.pool().connection() as connection:
                cursor = await connection.execute(
                    _CLAIM, (deployment_id, key, body, attempt.owner, settings.LEASE_SECONDS)
                )
                if await cursor.fetchone() is not None:
                    return attempt
                row = await (await connection.execute(_HELD, (deployment_id, key))).fetchone()
        except BaseException:
            self.let_go(attempt)
            raise
        self._held.discard(attempt)
        if row is None:
            return None
        if bytes(row[0]) not in {body, FORGOTTEN}:
            told = "another request was made with this key; a key goes with one body"
            raise ApiError(409, f"{HEADER}: {told}", headers={"x-should-retry": "false"})
        return None if row[1] is None else Answered(row[1], bytes(row[2] or b""), row[3])

    def let_go(self, attempt: Attempt) -> None:
        """It came to no answer: whoever asks next may try. Returns at once."""
        if attempt in self._held:
            self._held.discard(attempt)
            self._background.start(_let_go(attempt), "an idempotency key is held until its lease ends")

    def done(self, attempt: Attempt) -> None:
        """Its turn is recorded."""
        self._held.discard(attempt)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(settings.LEASE_SECONDS / 3)
            if not self._held:
                continue
            try:
                async with database.pool().connection() as connection:
                    await connection.execute(
                        _RENEW, (settings.LEASE_SECONDS, [attempt.owner for attempt in self._held])
                    )
            except (psycopg.Error, OSError) as error:
                log.warning("the leases of idempotency keys are not renewed: %s", error)


async def _let_go(attempt: Attempt) -> None:
    async with database.pool().connection() as connection:
        await connection.execute(_LET_GO, (attempt.owner,))


def _digest_of_key(key: str) -> bytes:
    if not 1 <= len(key) <= LONGEST or not key.isprintable():
        raise ApiError(400, f"{HEADER}: 1 to {LONGEST} printable characters are required")
    return sha256(key.encode("utf-8", "surrogatepass")).digest()


def _digest_of_body(request: MessagesRequest, headers: dict[str, str]) -> bytes:
    """Of what was asked, however it was spelt; the conversation that a header names is part of it."""
    asked = [request.body, request.adjustments, headers.get("plumbline-conversation", "")]
    return sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).digest()
