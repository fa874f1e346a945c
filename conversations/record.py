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
from audit.log.writer import Row, entry_parameters, entry_row
from config import database
from conversations.content import ContentKey
from conversations.erasure import FORGET_RESULT, NO_PAST, NO_PREFIX
from conversations.errors import NotRecordedError
from conversations.idempotency import Attempt, TakenOverError, answered
from conversations.limits import Spent
from conversations.record_statement import COLUMNS, EXTRA, MADE, RECORD, RECORD_ERASED
from operators.allowances import Subject
from operators.budgets import UsageRow

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
        return *await _insert_rows(RECORD, rows), True
    except psycopg.errors.NotNullViolation as error:
        if len(turns) > 1 or error.diag.column_name not in {"turn_count", "content_digest"}:
            raise
        return *await _insert_rows(RECORD_ERASED, [replace(rows[0], turn=_erased(turns[0]))]), False


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
            if statement is RECORD_ERASED:  # what its batch is given of it must go as well
                await connection.execute(FORGET_RESULT, (rows[0].turn.id,))
            return spent, {attempt for attempt, _, _ in attempts} - kept


async def _execute(
    connection: AsyncConnection[TupleRow], statement: dict[bool, str], rows: Sequence[_Row]
) -> list[Spent]:
    turns = [row.turn for row in rows]
    parameters: dict[str, Any] = {
        f"turn_{column}": [getattr(turn, column) for turn in turns]
        for column in (COLUMNS | EXTRA)
        if column not in MADE
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
