"""Record: turn, decision, audit entry, review jobs and what webhooks are told, in one commit.

Turns that finish together are committed together, by one writer a process: each answer waits for its own commit, and
a commit's cost is shared. If a batch fails its turns are tried one by one, so one bad turn cannot take others along.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
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
from conversations.content import ContentKey
from conversations.erasure import FORGET_RESULT, NO_PAST, NO_PREFIX
from conversations.errors import NotRecordedError
from conversations.idempotency import Attempt, TakenOverError, answered
from conversations.limits import Spent
from operators.allowances import Subject
from operators.budgets import TOKENS, UsageRow
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
    receipt: UUID
    """The id that its audit entry gets."""
    operator_id: UUID
    conversation_id: UUID
    branched_from: UUID | None
    user_ref: str
    marks: int
    """What it leaves on its conversation (conversations/models/marks.py)."""
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
    ended_by: str
    ended_because: str
    ended_now: bool
    """By this turn, and not before it; then that is an entry of its own."""
    told: str
    """What webhooks are told of a turn that is flagged or ends its conversation: JSON; empty for any other."""
    decision: bytes
    past: bytes
    content: bytes
    """Sealed with `data_key`; empty, and `gone` says why, where none is kept."""
    gone: str
    data_key: ContentKey | None
    owner: bytes
    """Whose data it is, by the keyed digest that an erasure names."""
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
    cost: Decimal | None
    """None where the model has no price."""
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
    beside: Beside | None = None
    tried_by: UUID | None = None
    """The member who asked, in the playground; None where an app did."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A turn to be written, with its content's digest and its audit entry."""

    turn: TurnRecord
    digest: str
    entry: Row
    ended: Row | None


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
    "gone": "text",
    "data_key_id": "uuid",
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
    "cost": "numeric",
}
_USED = {
    "used_model": "text",
    "used_input": "int8",
    "used_output": "int8",
    "used_cache_write": "int8",
    "used_cache_read": "int8",
    "used_cost": "numeric",
}
_EXTRA = {
    "branched_from": "uuid",
    "user_ref": "text",
    "ended": "bool",
    "ended_by": "text",
    "ended_because": "text",
    "told": "text",
    "marks": "int4",
} | _USED
_EXTRA |= {"owner": "bytea", "wrapped": "bytea"}
"""`wrapped`: the data key's, where its row is still to be made."""
_MADE = {"content_digest", "entry_id", "data_key_id", "wrapped"}
"""Columns that are no field of a TurnRecord."""
_TURN_COLUMNS = ", ".join(_COLUMNS)
# Named apart from the entries' parameters: there may be more entries than turns.
_ARRAYS = ", ".join(f"%(turn_{column})s::{kind}[]" for column, kind in (_COLUMNS | _EXTRA).items())

_EVENTS = f""", happened AS (
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


def _statement(turn_count: str, digest: str, *, tell: bool) -> str:
    """One statement, so one round trip and one transaction. A conversation is made by its first turn."""
    values = ", ".join(digest if column == "content_digest" else column for column in _COLUMNS)
    return f"""
WITH new_turns AS (
    SELECT * FROM unnest({_ARRAYS}) AS t ({", ".join(_COLUMNS | _EXTRA)})
), keys AS (
    INSERT INTO conversations_datakey (id, deployment_id, owner, wrapped)
    SELECT data_key_id, deployment_id, owner, wrapped FROM new_turns WHERE wrapped IS NOT NULL
    ON CONFLICT (id) DO NOTHING
), held AS MATERIALIZED (
    -- An erasure deletes the key: it waits for this commit and then finds the turn, or this finds no key any more.
    SELECT id FROM conversations_datakey
    WHERE id IN (SELECT data_key_id FROM new_turns WHERE wrapped IS NULL) ORDER BY id FOR KEY SHARE
), conversations AS (
    INSERT INTO conversations_conversation AS c
        (id, deployment_id, user_ref, branched_from_id, last_turn_at, turn_count, flagged, marks, ended_at, ended_by,
         ended_because)
    SELECT conversation_id, min(deployment_id::text)::uuid, min(user_ref), min(branched_from::text)::uuid, now(),
           count(*), bool_or(flagged), bit_or(marks), CASE WHEN bool_or(ended) THEN now() END,
           (array_agg(ended_by ORDER BY ended DESC))[1], (array_agg(ended_because ORDER BY ended DESC))[1]
    FROM new_turns GROUP BY conversation_id ORDER BY conversation_id
    ON CONFLICT (id) DO UPDATE SET
        last_turn_at = now(), turn_count = {turn_count},
        flagged = c.flagged OR excluded.flagged, marks = c.marks | excluded.marks,
        ended_at = coalesce(c.ended_at, excluded.ended_at),
        ended_by = CASE WHEN c.ended_at IS NULL THEN excluded.ended_by ELSE c.ended_by END,
        ended_because = CASE WHEN c.ended_at IS NULL THEN excluded.ended_because ELSE c.ended_because END
    RETURNING c.id, c.ended_at = now() AS ended_now
), turns AS (
    INSERT INTO conversations_turn ({_TURN_COLUMNS}) SELECT {values} FROM new_turns t
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
){_EVENTS if tell else ""}, entries AS (
    {INSERT_ENTRIES}
)
SELECT * FROM used
"""  # noqa: S608 - made of constants


# A conversation that was deleted meanwhile is given no count, and a turn of a user who was erased meanwhile no digest.
# Their rows refuse that, and so the whole statement fails: the turn is then recorded without content.
_COUNT = "c.turn_count + excluded.turn_count"
_DIGEST = """CASE WHEN (t.data_key_id IS NULL OR t.wrapped IS NOT NULL OR t.data_key_id IN (SELECT id FROM held))
    AND NOT EXISTS (SELECT FROM conversations_erasure e WHERE e.owner = t.owner AND e.requested_at > t.started_at)
    THEN t.content_digest END"""
_RECORD = {
    tell: _statement(f"CASE WHEN c.deleted_at IS NULL THEN {_COUNT} END", _DIGEST, tell=tell) for tell in (False, True)
}
_RECORD_ERASED = {tell: _statement(_COUNT, "t.content_digest", tell=tell) for tell in (False, True)}
"""With `tell`: where some turn is flagged or ends its conversation. The others do not pay for it."""


class Recorder:
    """The process's writer. `start` and `stop` belong to the ASGI lifespan; `stop` writes what is still waiting."""

    def __init__(self, counted: Callable[[Iterable[Spent]], None] = lambda _spent: None) -> None:
        """counted: is told what each commit added to the count of usage, before its answers leave."""
        self._counted = counted
        self._waiting: asyncio.Queue[tuple[TurnRecord, asyncio.Future[bool]]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="recorder")

    async def stop(self) -> None:
        await self._waiting.join()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def record(self, turn: TurnRecord) -> bool:
        """Returns once the turn is committed: True as it is, False without content, where its conversation or user was
        erased meanwhile. Raises NotRecordedError when it is not committed.

        Raises TakenOverError, and records nothing, where another attempt holds the turn's idempotency key.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((turn, done))
        try:
            # Shielded: a caller who goes away while waiting does not take the record along.
            return await asyncio.wait_for(asyncio.shield(done), PATIENCE_SECONDS)
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

    async def _write(self, batch: Sequence[tuple[TurnRecord, asyncio.Future[bool]]]) -> None:
        try:
            spent, lost, whole = await asyncio.wait_for(_insert([turn for turn, _ in batch]), PATIENCE_SECONDS / 2)
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
                    done.set_result(whole)


async def _insert(turns: Sequence[TurnRecord]) -> tuple[list[Spent], set[Attempt | None], bool]:
    """What was added to the count of usage, the attempts that no longer hold their keys (those are not recorded), and
    whether the turns were recorded with their content.
    """
    rows = [_row(turn) for turn in turns]
    try:
        return *await _insert_rows(_RECORD, rows), True
    except psycopg.errors.NotNullViolation as error:
        if len(turns) > 1 or error.diag.column_name not in {"turn_count", "content_digest"}:
            raise
        return *await _insert_rows(_RECORD_ERASED, [replace(rows[0], turn=_erased(turns[0]))]), False


async def _insert_rows(statement: dict[bool, str], rows: Sequence[_Row]) -> tuple[list[Spent], set[Attempt | None]]:
    besides = [row.turn.beside for row in rows if row.turn.beside is not None]
    attempts = [(row.turn.attempt, row.turn.id, row.turn.envelope) for row in rows if row.turn.attempt is not None]
    async with database.pool().connection() as connection:
        if not besides and not attempts:
            return await _execute(connection, statement, rows), set()
        async with connection.transaction():
            kept = await answered(connection, attempts) if attempts else set()
            held = [row for row in rows if row.turn.attempt is None or row.turn.attempt in kept]
            spent = await _execute(connection, statement, held) if held else []
            for beside in besides:
                if (await connection.execute(beside.statement, beside.parameters)).rowcount != 1:
                    raise DisplacedError("another has answered in this turn's place")
            if statement is _RECORD_ERASED:  # what its batch is given of it must go as well
                await connection.execute(FORGET_RESULT, (rows[0].turn.id,))
            return spent, {attempt for attempt, _, _ in attempts} - kept


async def _execute(
    connection: AsyncConnection[TupleRow], statement: dict[bool, str], rows: Sequence[_Row]
) -> list[Spent]:
    turns = [row.turn for row in rows]
    parameters: dict[str, Any] = {
        f"turn_{column}": [getattr(turn, column) for turn in turns]
        for column in (_COLUMNS | _EXTRA)
        if column not in _MADE
    }
    keys = [turn.data_key for turn in turns]
    parameters |= {
        "turn_content_digest": [row.digest for row in rows],
        "turn_entry_id": [row.entry.id for row in rows],
        "turn_data_key_id": [key.id if key else None for key in keys],
        "turn_wrapped": [(key.wrapped or None) if key else None for key in keys],
        "reviews": list(REVIEWS),
    }
    chosen = statement[any(turn.told for turn in turns)]
    entries = [row.entry for row in rows] + [row.ended for row in rows if row.ended is not None]
    cursor = await connection.execute(chosen, parameters | entry_parameters(entries))
    return [_spent(turns, *added) for added in await cursor.fetchall()]


def _spent(turns: Sequence[TurnRecord], key: UUID, day: str, model: str, *total: Any) -> Spent:
    """total: the tokens and the cost of the row as it is now."""
    ours = [turn for turn in turns if turn.key_id == key and turn.used_model == model]
    tokens = sum(turn.used_input + turn.used_output + turn.used_cache_write + turn.used_cache_read for turn in ours)
    row = UsageRow(key, ours[0].deployment_id, ours[0].subjects[-1].id, day, model, *total)
    return Spent(row, tokens, sum((turn.used_cost for turn in ours), Decimal(0)), ours[0].subjects)


def _row(turn: TurnRecord) -> _Row:
    digest = sha256(turn.content).hexdigest()
    return _Row(turn, digest, _entry(turn, digest), _ended(turn) if turn.ended_now else None)


def _ended(turn: TurnRecord) -> Row:
    return entry_row(
        Name.CONVERSATION_ENDED,
        actor=("platform", turn.ended_by),
        subject=("conversation", turn.conversation_id),
        detail={
            "operator": str(turn.operator_id),
            "deployment": str(turn.deployment_id),
            "turn": str(turn.id),
            "reason": turn.ended_because,
        },
    )


def _erased(turn: TurnRecord) -> TurnRecord:
    """What is left of a turn whose conversation or user was erased meanwhile; its entry still tells what it was."""
    return replace(
        turn,
        content=b"",
        gone="deleted",
        data_key=None,
        user_ref="",
        prefix=NO_PREFIX,
        past=NO_PAST,
        error="",
        envelope=b"",
    )


def _entry(turn: TurnRecord, digest: str) -> Row:
    return entry_row(
        Name.TURN_RECORDED,
        actor=("account", turn.tried_by) if turn.tried_by else ("key", turn.key_id),
        subject=("turn", turn.id),
        digest=digest,
        entry_id=turn.receipt,
        detail={
            "conversation": str(turn.conversation_id),
            "operator": str(turn.operator_id),
            "deployment": str(turn.deployment_id),
            "outcome": turn.outcome,
            "tier": turn.tier,
            "status": turn.status,
            "decision": sha256(turn.decision).hexdigest(),
            "charter": turn.charter_digest,
        }
        | ({"playground": True} if turn.tried_by else {}),
    )
