"""When keys were last used: at most a write a minute for each key and process, beside the turns, never in their way.

What is written is exact to a minute or two, which is enough to find a key that nobody uses any more.
"""

import asyncio
import logging
import time
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from config import database

INTERVAL_SECONDS = 60.0
GATHERING_SECONDS = 0.5
"""Uses within this time are written together."""

log = logging.getLogger(__name__)

# In the order of ids, so that two processes do not wait for each other in a circle; a row that another holds is left
# for the next minute. The trigger that tells processes of changed keys does not fire for this column.
_WRITE = """
WITH used AS (
    SELECT * FROM unnest(%(keys)s::uuid[], %(times)s::timestamptz[]) AS u (id, at)
), free AS (
    SELECT id FROM operators_key WHERE id = ANY(%(keys)s::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE operators_key AS k SET last_used_at = greatest(k.last_used_at, used.at)
FROM used JOIN free USING (id) WHERE k.id = used.id
"""


class LastUses:
    """The process's uses of keys. All methods belong to the event loop."""

    def __init__(self) -> None:
        self._noted: dict[UUID, float] = {}
        self._waiting: dict[UUID, datetime] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, key_id: UUID) -> None:
        """The key was used now. Returns at once."""
        now = time.monotonic()
        if now - self._noted.get(key_id, float("-inf")) < INTERVAL_SECONDS:
            return
        self._noted[key_id] = now
        self._waiting[key_id] = datetime.now(UTC)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon(), name="last uses")

    async def stop(self) -> None:
        """Writes what waits."""
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=5)

    async def _write_soon(self) -> None:
        await asyncio.sleep(GATHERING_SECONDS)
        while self._waiting:
            await self._write()

    async def _write(self) -> None:
        used, self._waiting = self._waiting, {}
        if not used:
            return
        try:
            async with database.pool().connection() as connection:
                await connection.execute(_WRITE, {"keys": list(used), "times": list(used.values())})
        except (psycopg.Error, OSError) as error:
            log.warning("the last uses of %d keys were not written: %s", len(used), error)
        horizon = time.monotonic() - INTERVAL_SECONDS
        self._noted = {key: at for key, at in self._noted.items() if at > horizon}
