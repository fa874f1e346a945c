"""Record: turn, decision, audit entry and review jobs, in one commit.

Turns that finish together are committed together, by one writer a process: each answer waits for its own commit, and
a commit's cost is shared. If a batch fails its turns are tried one by one, so one bad turn cannot take others along.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from audit.log.names import Name
from audit.log.writer import INSERT_ENTRIES, Row, entry_parameters, entry_row
from config import database
from conversations.errors import NotRecordedError
from conversations.idempotency import Attempt, TakenOverError, answered
from conversations.limits import Spent
from operators.allowances import Subject
from operators.budgets import TOKENS, UsageRow

log = logging.getLogger(__name__)

REVIEWS = ("audit", "wellbeing")
LARGEST_BATCH = 64
PATIENCE_SECONDS = 10.0
"""How long a turn may wait for its commit before the caller gets an error."""


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One turn's row, with what its conversation and audit entry need. JSON columns come as bytes."""

    id: UUID
    conversation_id: UUID
    branched_from: UUID | None
    user_ref: str
    deployment_id: UUID
    parent_id: UUID | None
    number: int
    configuration_id: UUID | None
    key_id: UUID
    charter_digest: str
    prefix: bytes
    status: str
    outcome: str
    tier: int | None
    flagged: bool
    ended: bool
    decision: bytes
    past: bytes
    content: bytes
    request_id: str
    model: str
    upstream: str
    upstream_model: str
    upstream_request_id: str
    stop_reason: str
    error: str
    input_tokens: int
    output_tokens: int
    started_at: datetime
    milliseconds: int
    upstream_milliseconds: int
    used_model: str
    """By its name in the catalogue; this and the following are what is counted for budgets and bills."""
    used_input: int
    used_output: int
    used_cache_write: int
    used_cache_read: int
    used_cost: Decimal
    subjects: tuple[Subject, ...]
    """The key, its deployment, its operator."""
    attempt: Attempt | None = None
    """Holds the idempotency key whose answer this is."""
    envelope: bytes = b""


_COLUMNS = {
    "id": "uuid",
    "conversation_id": "uuid",
    "parent_id": "uuid",
    "number": "int4",
    "deployment_id": "uuid",
    "configuration_id": "uuid",
    "key_id": "uuid",
    "charter_digest": "text",
    "prefix": "bytea",
    "status": "text",
    "outcome": "text",
    "tier": "int2",
    "flagged": "bool",
    "decision": "bytea",
    "past": "bytea",
    "content": "bytea",
    "content_digest": "text",
    "entry_id": "uuid",
    "request_id": "text",
    "model": "text",
    "upstream": "text",
    "upstream_model": "text",
    "upstream_request_id": "text",
    "stop_reason": "text",
    "error": "text",
    "input_tokens": "int4",
    "output_tokens": "int4",
    "started_at": "timestamptz",
    "milliseconds": "int4",
    "upstream_milliseconds": "int4",
}
_USED = {
    "used_model": "text",
    "used_input": "int8",
    "used_output": "int8",
    "used_cache_write": "int8",
    "used_cache_read": "int8",
    "used_cost": "numeric",
}
_EXTRA = {"branched_from": "uuid", "user_ref": "text", "ended": "bool"} | _USED
_ARRAYS = ", ".join(f"%({column})s::{kind}[]" for column, kind in (_COLUMNS | _EXTRA).items())

# One statement, so one round trip and one transaction. A conversation is made by its first turn.
_RECORD = f"""
WITH new_turns AS (
    SELECT * FROM unnest({_ARRAYS}) AS t ({", ".join(_COLUMNS | _EXTRA)})
), conversations AS (
    INSERT INTO conversations_conversation AS c
        (id, deployment_id, user_ref, branched_from_id, last_turn_at, turn_count, flagged, ended_at)
    SELECT conversation_id, min(deployment_id::text)::uuid, min(user_ref), min(branched_from::text)::uuid, now(),
           count(*), bool_or(flagged), CASE WHEN bool_or(ended) THEN now() END
    FROM new_turns GROUP BY conversation_id ORDER BY conversation_id
    ON CONFLICT (id) DO UPDATE SET
        last_turn_at = now(), turn_count = c.turn_count + excluded.turn_count,
        flagged = c.flagged OR excluded.flagged, ended_at = coalesce(c.ended_at, excluded.ended_at)
), turns AS (
    INSERT INTO conversations_turn ({", ".join(_COLUMNS)}) SELECT {", ".join(_COLUMNS)} FROM new_turns
), jobs AS (
    INSERT INTO conversations_job (kind, turn_id)
    SELECT kind, id FROM new_turns CROSS JOIN unnest(%(reviews)s::text[]) AS kind
), used AS (
    INSERT INTO operators_usage AS u
        (day, deployment_id, key_id, model,
         turns, input_tokens, output_tokens, cache_write_tokens, cache_read_tokens, cost)
    SELECT (now() AT TIME ZONE 'UTC')::date, deployment_id, key_id, used_model, count(*), sum(used_input),
           sum(used_output), sum(used_cache_write), sum(used_cache_read), sum(used_cost)
    FROM new_turns GROUP BY key_id, deployment_id, used_model ORDER BY key_id, used_model
    ON CONFLICT (key_id, day, model) DO UPDATE SET
        turns = u.turns + excluded.turns, input_tokens = u.input_tokens + excluded.input_tokens,
        output_tokens = u.output_tokens + excluded.output_tokens,
        cache_write_tokens = u.cache_write_tokens + excluded.cache_write_tokens,
        cache_read_tokens = u.cache_read_tokens + excluded.cache_read_tokens, cost = u.cost + excluded.cost
    RETURNING key_id, day::text, model, {TOKENS}, cost
), entries AS (
    {INSERT_ENTRIES}
)
SELECT * FROM used
"""  # noqa: S608 - made of the constants above


class Recorder:
    """The process's writer. `start` and `stop` belong to the ASGI lifespan; `stop` writes what is still waiting."""

    def __init__(self, counted: Callable[[Iterable[Spent]], None] = lambda _spent: None) -> None:
        """counted: is told what each commit added to the count of usage, before its answers leave."""
        self._counted = counted
        self._waiting: asyncio.Queue[tuple[TurnRecord, asyncio.Future[None]]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="recorder")

    async def stop(self) -> None:
        await self._waiting.join()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def record(self, turn: TurnRecord) -> None:
        """Returns once the turn is committed. Raises NotRecordedError when it is not.

        Raises TakenOverError, and records nothing, where another attempt holds the turn's idempotency key.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((turn, done))
        try:
            # Shielded: a caller who goes away while waiting does not take the record along.
            await asyncio.wait_for(asyncio.shield(done), PATIENCE_SECONDS)
        except TimeoutError:
            done.cancel()
            raise NotRecordedError from None

    async def _run(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < LARGEST_BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            # A caller who was already told that the turn is not recorded must not find it recorded later.
            live = [(turn, done) for turn, done in batch if not done.done()]
            # Turns with an idempotency key cost more, and only they shall.
            for part in ([one for one in live if not one[0].attempt], [one for one in live if one[0].attempt]):
                if part:
                    await self._write(part)
            for _ in batch:
                self._waiting.task_done()

    async def _write(self, batch: Sequence[tuple[TurnRecord, asyncio.Future[None]]]) -> None:
        try:
            spent, lost = await asyncio.wait_for(_insert([turn for turn, _ in batch]), PATIENCE_SECONDS / 2)
        except (psycopg.Error, OSError, TimeoutError, ValueError) as error:
            if len(batch) > 1 and not isinstance(error, psycopg.OperationalError | OSError | TimeoutError):
                for one in batch:
                    await self._write([one])
                return
            log.error("%d turns were not recorded, their answers are withheld: %s", len(batch), error)  # noqa: TRY400
            for _, done in batch:
                if not done.done():
                    done.set_exception(NotRecordedError())
        else:
            self._counted(spent)
            for turn, done in batch:
                if done.done():
                    continue
                if turn.attempt in lost:
                    done.set_exception(TakenOverError())
                else:
                    done.set_result(None)


async def _insert(turns: Sequence[TurnRecord]) -> tuple[list[Spent], set[Attempt | None]]:
    """What was added to the count of usage, and the attempts that no longer hold their keys: those are not recorded."""
    async with database.pool().connection() as connection:
        if turns[0].attempt is None:
            return await _insert_turns(connection, turns), set()
        async with connection.transaction():
            attempts = [(turn.attempt, turn.id, turn.envelope) for turn in turns if turn.attempt is not None]
            kept = await answered(connection, attempts)
            held = [turn for turn in turns if turn.attempt in kept]
            spent = await _insert_turns(connection, held) if held else []
            return spent, {turn.attempt for turn in turns} - kept


async def _insert_turns(connection: AsyncConnection[TupleRow], turns: Sequence[TurnRecord]) -> list[Spent]:
    digests = [sha256(turn.content).hexdigest() for turn in turns]
    entries = [_entry(turn, digest) for turn, digest in zip(turns, digests, strict=True)]
    parameters: dict[str, Any] = {
        column: [getattr(turn, column) for turn in turns]
        for column in (_COLUMNS | _EXTRA)
        if column not in {"content_digest", "entry_id"}
    }
    parameters |= {"content_digest": digests, "entry_id": [entry.id for entry in entries], "reviews": list(REVIEWS)}
    cursor = await connection.execute(_RECORD, parameters | entry_parameters(entries))
    return [_spent(turns, *row) for row in await cursor.fetchall()]


def _spent(turns: Sequence[TurnRecord], key: UUID, day: str, model: str, *total: Any) -> Spent:
    """total: the tokens and the cost of the row as it is now."""
    ours = [turn for turn in turns if turn.key_id == key and turn.used_model == model]
    tokens = sum(turn.used_input + turn.used_output + turn.used_cache_write + turn.used_cache_read for turn in ours)
    row = UsageRow(key, ours[0].deployment_id, ours[0].subjects[-1].id, day, model, *total)
    return Spent(row, tokens, sum((turn.used_cost for turn in ours), Decimal(0)), ours[0].subjects)


def _entry(turn: TurnRecord, digest: str) -> Row:
    return entry_row(
        Name.TURN_RECORDED,
        actor=("key", turn.key_id),
        subject=("turn", turn.id),
        digest=digest,
        detail={
            "conversation": str(turn.conversation_id),
            "deployment": str(turn.deployment_id),
            "outcome": turn.outcome,
            "tier": turn.tier,
            "status": turn.status,
            "decision": sha256(turn.decision).hexdigest(),
            "charter": turn.charter_digest,
        },
    )
