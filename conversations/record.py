"""Record: turn, decision, audit entry, review jobs and what webhooks are told, in one commit.

Turns that finish together are committed together, by one writer a process: each answer waits for its own commit, and
a commit's cost is shared. If a batch fails its turns are tried one by one, so one bad turn cannot take others along.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg

from audit.log.names import Name
from audit.log.writer import INSERT_ENTRIES, Row, entry_parameters, entry_row
from config import database
from conversations.erasure import NO_PAST, NO_PREFIX, NOTHING_SAID, without_evidence
from conversations.errors import NotRecordedError
from operators.webhooks.events import INSERT_DELIVERIES

log = logging.getLogger(__name__)

REVIEWS = ("audit", "wellbeing")
LARGEST_BATCH = 64
PATIENCE_SECONDS = 10.0
"""How long a turn may wait for its commit before the caller gets an error."""


class DisplacedError(ValueError):
    """What was to be committed beside a turn has gone to another: the turn is not recorded."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A statement that is committed with the turn. It must change one row, or neither is committed."""

    statement: str
    parameters: dict[str, Any]


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
    told: str
    """What webhooks are told of a turn that is flagged or ends its conversation: JSON; empty for any other."""
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
    beside: Beside | None = None


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
_EXTRA = {"branched_from": "uuid", "user_ref": "text", "ended": "bool", "told": "text"}
_ARRAYS = ", ".join(f"%({column})s::{kind}[]" for column, kind in (_COLUMNS | _EXTRA).items())

_EVENTS = f"""
, happened AS (
    SELECT 'turn.flagged' AS type, deployment_id, told FROM new_turns WHERE flagged
    UNION ALL
    -- A conversation that was ended before is not ended again by what is said in it.
    SELECT 'conversation.ended', min(t.deployment_id::text)::uuid, min(t.told)
    FROM conversations c JOIN new_turns t ON t.conversation_id = c.id AND t.ended WHERE c.ended_now GROUP BY c.id
), new_events AS MATERIALIZED (
    SELECT gen_random_uuid() AS event_id, d.operator_id, h.deployment_id, h.type, h.told::jsonb AS data
    FROM happened h JOIN operators_deployment d ON d.id = h.deployment_id
), deliveries AS (
    {INSERT_DELIVERIES}
)
"""  # noqa: S608 - made of the constant above


def _statement(turn_count: str, *, tell: bool) -> str:
    """One statement, so one round trip and one transaction. A conversation is made by its first turn."""
    return f"""
WITH new_turns AS (
    SELECT * FROM unnest({_ARRAYS}) AS t ({", ".join(_COLUMNS | _EXTRA)})
), conversations AS (
    INSERT INTO conversations_conversation AS c
        (id, deployment_id, user_ref, branched_from_id, last_turn_at, turn_count, flagged, ended_at)
    SELECT conversation_id, min(deployment_id::text)::uuid, min(user_ref), min(branched_from::text)::uuid, now(),
           count(*), bool_or(flagged), CASE WHEN bool_or(ended) THEN now() END
    FROM new_turns GROUP BY conversation_id ORDER BY conversation_id
    ON CONFLICT (id) DO UPDATE SET
        last_turn_at = now(), turn_count = {turn_count},
        flagged = c.flagged OR excluded.flagged, ended_at = coalesce(c.ended_at, excluded.ended_at)
    RETURNING c.id, c.ended_at = now() AS ended_now
), turns AS (
    INSERT INTO conversations_turn ({", ".join(_COLUMNS)}) SELECT {", ".join(_COLUMNS)} FROM new_turns
), jobs AS (
    INSERT INTO conversations_job (kind, turn_id)
    SELECT kind, id FROM new_turns CROSS JOIN unnest(%(reviews)s::text[]) AS kind
)
{_EVENTS if tell else ""}
{INSERT_ENTRIES}
"""  # noqa: S608 - made of constants


# A conversation that was deleted meanwhile is given no count, which its row refuses, and so the whole statement fails:
# its turn is then recorded without content.
_RECORD = {
    tell: _statement("CASE WHEN c.deleted_at IS NULL THEN c.turn_count + excluded.turn_count END", tell=tell)
    for tell in (False, True)
}
_RECORD_IN_DELETED = {tell: _statement("c.turn_count + excluded.turn_count", tell=tell) for tell in (False, True)}
"""With `tell`: where some turn is flagged or ends its conversation. The others do not pay for it."""


class Recorder:
    """The process's writer. `start` and `stop` belong to the ASGI lifespan; `stop` writes what is still waiting."""

    def __init__(self) -> None:
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
        """Returns once the turn is committed. Raises NotRecordedError when it is not."""
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
            if live:
                await self._write(live)
            for _ in batch:
                self._waiting.task_done()

    async def _write(self, batch: Sequence[tuple[TurnRecord, asyncio.Future[None]]]) -> None:
        try:
            await asyncio.wait_for(_insert([turn for turn, _ in batch]), PATIENCE_SECONDS / 2)
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
            for _, done in batch:
                if not done.done():
                    done.set_result(None)


async def _insert(turns: Sequence[TurnRecord]) -> None:
    digests = [sha256(turn.content).hexdigest() for turn in turns]
    entries = [_entry(turn, digest) for turn, digest in zip(turns, digests, strict=True)]
    try:
        await _execute(_RECORD, turns, digests, entries)
    except psycopg.errors.NotNullViolation as error:
        if len(turns) > 1 or error.diag.column_name != "turn_count":
            raise
        await _execute(_RECORD_IN_DELETED, [_erased(turns[0])], digests, entries)


async def _execute(
    statement: dict[bool, str], turns: Sequence[TurnRecord], digests: list[str], entries: list[Row]
) -> None:
    parameters: dict[str, Any] = {
        column: [getattr(turn, column) for turn in turns]
        for column in (_COLUMNS | _EXTRA)
        if column not in {"content_digest", "entry_id"}
    }
    parameters |= {"content_digest": digests, "entry_id": [entry.id for entry in entries], "reviews": list(REVIEWS)}
    chosen = statement[any(turn.told for turn in turns)]
    besides = [turn.beside for turn in turns if turn.beside is not None]
    async with database.pool().connection() as connection:
        if not besides:
            await connection.execute(chosen, parameters | entry_parameters(entries))
            return
        async with connection.transaction():
            await connection.execute(chosen, parameters | entry_parameters(entries))
            for beside in besides:
                if (await connection.execute(beside.statement, beside.parameters)).rowcount != 1:
                    raise DisplacedError("another has answered in this turn's place")


def _erased(turn: TurnRecord) -> TurnRecord:
    return replace(
        turn, content=NOTHING_SAID, prefix=NO_PREFIX, past=NO_PAST, error="", decision=without_evidence(turn.decision)
    )


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
