"""What is paused right now, known in the process: no query on the hot path.

A notice from the database makes every process read the pauses again, within a second. A process that has not heard
from the database for settings.STALE_STATE_SECONDS does not know, and must not answer.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import psycopg
from django.conf import settings

from config import database, notices

log = logging.getLogger(__name__)


class UnknownStateError(Exception):
    """It is not known what is paused: the database has been silent for too long."""


@dataclass(frozen=True, slots=True)
class PauseInForce:
    subject_type: str
    subject_id: str
    reason: str

    def __str__(self) -> str:
        what = {"platform": "Plumbline is", "operator": "this operator is", "deployment": "this deployment is"}
        return f"{what[self.subject_type]} paused by the platform's stewards: {self.reason}"


class Oversight:
    """The process's picture of the pauses in force."""

    def __init__(self) -> None:
        self._pauses: dict[tuple[str, str], PauseInForce] = {}
        self._loaded = False
        self._watchers: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._again = False
        notices.subscribe(self._changed)

    def pause_for(self, operator_id: UUID, deployment_id: UUID) -> PauseInForce | None:
        """The pause that holds for a deployment, the widest first. Raises UnknownStateError."""
        if not self._loaded or notices.silent_seconds() > settings.STALE_STATE_SECONDS:
            raise UnknownStateError("the oversight state is unknown: the database has not answered for some time")
        if not self._pauses:
            return None
        return (
            self._pauses.get(("platform", ""))
            or self._pauses.get(("operator", str(operator_id)))
            or self._pauses.get(("deployment", str(deployment_id)))
        )

    def on_change(self, callback: Callable[[], None]) -> None:
        """`callback()` after each change of the pauses, so that running streams can end."""
        self._watchers.append(callback)

    async def load(self) -> None:
        async with database.pool().connection() as connection:
            cursor = await connection.execute(
                "SELECT subject_type, subject_id, reason FROM audit_oversight_pause WHERE lifted_at IS NULL"
            )
            rows = await cursor.fetchall()
        self._pauses = {(kind, subject): PauseInForce(kind, subject, reason) for kind, subject, reason in rows}
        self._loaded = True
        for callback in self._watchers:
            callback()

    def _changed(self, kind: str, _subject: str) -> None:
        if kind not in {"pause", "everything"}:
            return
        self._again = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._reload(), name="oversight")

    async def _reload(self) -> None:
        while self._again:
            self._again = False
            try:
                await self.load()
            except (psycopg.Error, OSError) as error:
                # Not knowing is not the same as nothing being paused.
                self._loaded, self._again = False, True
                log.warning("cannot read the pauses (%s); trying again", error)
                await asyncio.sleep(0.5)
