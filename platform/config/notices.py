"""What other processes changed: one LISTEN connection a process, and who wants to know.

Triggers in the database send `NOTIFY plumbline, '<kind>:<id>'` when a key, deployment, configuration or pause
changes, so no code path can forget to. Subscribers are called in the event loop and must be quick. After a lost
connection everything may have changed: subscribers get kind "everything".
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg

from config.database import conninfo

CHANNEL = "plumbline"
HEARTBEAT_SECONDS = 2.0

log = logging.getLogger(__name__)
_subscribers: list[Callable[[str, str], None]] = []
_task: asyncio.Task[None] | None = None
_heard_at = float("-inf")


def subscribe(callback: Callable[[str, str], None]) -> None:
    """`callback(kind, id)` for each notice from now on."""
    if callback not in _subscribers:
        _subscribers.append(callback)


def silent_seconds() -> float:
    """How long ago the database last proved that nothing was missed; infinite before the first time."""
    return time.monotonic() - _heard_at


def _tell(kind: str, subject: str) -> None:
    for callback in _subscribers:
        callback(kind, subject)


async def start() -> None:
    global _task  # noqa: PLW0603 - one listener a process
    if _task is None or _task.done():
        _task = asyncio.create_task(_listen(), name="notices")


async def stop() -> None:
    global _task, _heard_at
    if _task is not None:
        _task.cancel()
        with suppress(asyncio.CancelledError):
            await _task
    _task, _heard_at = None, float("-inf")


async def _listen() -> None:
    back_off = 0.1
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                conninfo(application_name="plumbline notices", connect_timeout=3), autocommit=True
            )
            async with connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                _tell("everything", "")
                back_off = 0.1
                await _follow(connection)
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.warning("no notices from the database (%s); trying again in %.1f s", error, back_off)
            await asyncio.sleep(back_off)
            back_off = min(2.0, back_off * 2)


async def _follow(connection: psycopg.AsyncConnection[psycopg.rows.TupleRow]) -> None:
    global _heard_at  # noqa: PLW0603
    while True:
        # The query is the proof of life: a dead peer would leave LISTEN waiting for good.
        await asyncio.wait_for(connection.execute("SELECT 1"), HEARTBEAT_SECONDS * 2)
        _heard_at = time.monotonic()
        async for notice in connection.notifies(timeout=HEARTBEAT_SECONDS):
            kind, _, subject = notice.payload.partition(":")
            _tell(kind, subject)
