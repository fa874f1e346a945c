"""What stewards have in force right now, known in the process: no query on the hot path.

A notice from the database makes every process read it again, within a second. A process that could not learn it for
settings.STALE_STATE_SECONDS does not know, and must not answer.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

import psycopg
from django.conf import settings

from charter import CharterError, put_in_force
from config import database, notices

log = logging.getLogger(__name__)

KINDS = frozenset({"oversight", "everything"})

_READ = """
SELECT 'pause', subject_type, subject_id, reason FROM audit_oversight_pause WHERE lifted_at IS NULL
UNION ALL
SELECT 'review', 'deployment', deployment_id::text, reason FROM audit_oversight_forcedreview WHERE lifted_at IS NULL
UNION ALL
(SELECT 'charter', number, digest, '' FROM audit_oversight_charterpublication ORDER BY id DESC LIMIT 1)
"""


class UnknownStateError(Exception):
    """It is not known what is paused: the database has been silent for too long."""


@dataclass(frozen=True, slots=True)
class PauseInForce:
    subject_type: str
    subject_id: str
    reason: str

    def __str__(self) -> str:
        what = {
            "platform": "Plumbline is",
            "operator": "this operator is",
            "deployment": "this deployment is",
            "model": f"the model {self.subject_id} is",
            "behaviour": f"the behaviour {self.subject_id}, which this answer had, is",
        }
        return f"{what[self.subject_type]} paused by the platform's stewards: {self.reason}"


class Oversight:
    """The process's picture of what is in force."""

    def __init__(self) -> None:
        self._pauses: dict[tuple[str, str], PauseInForce] = {}
        self._reviewed: dict[str, str] = {}
        self.behaviours: frozenset[str] = frozenset()
        """The paused ones, by id."""
        self.models: frozenset[str] = frozenset()
        """The paused ones, by name."""
        self._loaded = False
        self._failing_since: float | None = None
        self._watchers: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._again = False
        notices.subscribe(self._changed)

    def pause_for(
        self, operator_id: UUID, deployment_id: UUID, model: str = "", behaviours: Collection[str] = ()
    ) -> PauseInForce | None:
        """The pause that holds for a turn of a deployment, the widest first. Raises UnknownStateError.

        model: by its name in the catalogue; behaviours: those that are on in the turn. Both where they are known.
        """
        if not self._loaded or self.lost:
            raise UnknownStateError("the oversight state is unknown: the database has not answered for some time")
        if not self._pauses:
            return None
        asked = [("platform", ""), ("operator", str(operator_id)), ("deployment", str(deployment_id)), ("model", model)]
        asked += [("behaviour", behaviour) for behaviour in self.behaviours.intersection(behaviours)]
        return next((pause for subject in asked if (pause := self._pauses.get(subject))), None)

    def review_for(self, deployment_id: UUID) -> str | None:
        """Why every turn of the deployment is to be reviewed; None where that was not said."""
        return self._reviewed.get(str(deployment_id))

    @property
    def lost(self) -> bool:
        """Whether what is in force could not be learned for too long."""
        failing = 0.0 if self._failing_since is None else time.monotonic() - self._failing_since
        return max(failing, notices.silent_seconds()) > settings.STALE_STATE_SECONDS

    def on_change(self, callback: Callable[[], None]) -> None:
        """`callback()` after each change of what is in force, so that running streams can end."""
        self._watchers.append(callback)

    async def load(self) -> None:
        """Raises CharterError where the charter in force is not here."""
        async with database.pool().connection() as connection:
            rows = await (await connection.execute(_READ)).fetchall()
        pauses: dict[tuple[str, str], PauseInForce] = {}
        reviewed: dict[str, str] = {}
        charter: tuple[str, str] | None = None
        for kind, subject_type, subject, reason in rows:
            if kind == "pause":
                pauses[subject_type, subject] = PauseInForce(subject_type, subject, reason)
            elif kind == "review":
                reviewed[subject] = reason
            else:
                charter = (subject_type, subject)
        put_in_force(*(charter or (None,)))
        self._pauses, self._reviewed = pauses, reviewed
        self.behaviours, self.models = _of("behaviour", pauses), _of("model", pauses)
        self._loaded, self._failing_since = True, None
        for callback in self._watchers:
            callback()

    def _changed(self, kind: str, _subject: str) -> None:
        if kind not in KINDS:
            return
        self._again = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._reload(), name="oversight")

    async def _reload(self) -> None:
        while self._again:
            self._again = False
            try:
                await self.load()
            except (psycopg.Error, OSError, CharterError) as error:
                # Something has changed and it is not known what: that is not the same as nothing being paused.
                self._loaded, self._again = False, True
                self._failing_since = self._failing_since or time.monotonic()
                log.warning("cannot read what stewards have in force (%s); trying again", error)
                await asyncio.sleep(0.5)


def _of(kind: str, pauses: Collection[tuple[str, str]]) -> frozenset[str]:
    return frozenset(subject for paused, subject in pauses if paused == kind)
