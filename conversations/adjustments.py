"""What a user wishes for every turn of theirs: stored by the app, kept in the process, dropped when it changes.

A deployment that stores nothing costs one query a process, a user of one that does costs one; a turn costs none.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from audit.log.names import Name
from audit.log.writer import INSERT_ENTRIES, Ref, entry_parameters, entry_row, new_id
from charter import not_granted
from config import database, notices
from operators.directory import Access

LARGEST = 20_000
NONE: Mapping[str, bool] = MappingProxyType({})

_FIND = """
SELECT (SELECT adjustments FROM conversations_useradjustments u
        WHERE u.deployment_id = %(deployment)s AND u.user_ref = %(user)s),
       EXISTS (SELECT FROM conversations_useradjustments u WHERE u.deployment_id = %(deployment)s)
"""
_READ = """
SELECT adjustments, updated_at FROM conversations_useradjustments WHERE deployment_id = %s AND user_ref = %s
"""
_STORE = """
INSERT INTO conversations_useradjustments AS stored (id, deployment_id, user_ref, adjustments, updated_at)
VALUES (%s, %s, %s, %s, now())
ON CONFLICT (deployment_id, user_ref) DO UPDATE SET adjustments = excluded.adjustments, updated_at = now()
WHERE stored.adjustments <> excluded.adjustments
RETURNING id
"""
_REMOVE = "DELETE FROM conversations_useradjustments WHERE deployment_id = %s AND user_ref = %s RETURNING id"


class Stored(NamedTuple):
    wishes: Mapping[str, bool]
    updated_at: datetime | None
    """None where nothing is stored of the user."""


def refused(access: Access, wishes: Mapping[str, bool]) -> dict[str, str]:
    """The wishes that are not granted, each with why and by which rule."""
    problems = not_granted(access.charter, access.configuration, wishes)
    return {name: f"{problem.message} (rule {problem.rule})" for name, problem in problems.items()}


class Adjustments:
    """Users' stored wishes. `of` is for turns; the rest is for the app that keeps them."""

    def __init__(self) -> None:
        self._users: OrderedDict[tuple[UUID, str], Mapping[str, bool]] = OrderedDict()
        self._without: set[UUID] = set()
        self._generation = 0
        notices.subscribe(self._changed)

    async def of(self, deployment_id: UUID, user_ref: str) -> Mapping[str, bool]:
        """Whatever was stored, granted or not: what is granted may have changed since."""
        if not user_ref or deployment_id in self._without:
            return NONE
        user = (deployment_id, user_ref)
        if user in self._users:
            self._users.move_to_end(user)
            return self._users[user]
        generation = self._generation
        async with database.pool().connection() as connection:
            cursor = await connection.execute(_FIND, {"deployment": deployment_id, "user": user_ref})
            stored, any_stored = await cursor.fetchone() or (None, False)
        wishes = _read(stored)
        # Something changed while we asked: what was read may be old, so it is used once and not kept.
        if generation == self._generation:
            self._keep(user, wishes, any_stored=any_stored)
        return wishes

    async def read(self, access: Access, user_ref: str) -> Stored:
        async with database.pool().connection() as connection:
            return await _stored(connection, access.deployment_id, user_ref)

    async def store(self, access: Access, user_ref: str, wishes: Mapping[str, bool]) -> Stored:
        """In place of what was stored before; an entry is written where that is a change."""
        deployment_id = access.deployment_id
        async with database.pool().connection() as connection, connection.transaction():
            cursor = await connection.execute(_STORE, (new_id(), deployment_id, user_ref, Jsonb(dict(wishes))))
            if (row := await cursor.fetchone()) is not None:
                actor = Ref("key", str(access.key_id))
                detail = {"deployment": str(deployment_id), "adjustments": dict(wishes)}
                await _note(connection, Name.ADJUSTMENTS_CHANGED, actor, row[0], detail)
            stored = await _stored(connection, deployment_id, user_ref)
        self._forget(deployment_id, user_ref)
        return stored

    async def remove(self, access: Access, user_ref: str) -> None:
        """Removing what is not there changes nothing."""
        async with database.pool().connection() as connection, connection.transaction():
            await forget_wishes(connection, Ref("key", str(access.key_id)), access.deployment_id, user_ref)
        self._forget(access.deployment_id, user_ref)

    def _keep(self, user: tuple[UUID, str], wishes: Mapping[str, bool], *, any_stored: bool) -> None:
        if not any_stored:
            if len(self._without) >= LARGEST:
                self._without.clear()
            self._without.add(user[0])
            return
        self._users[user] = wishes
        if len(self._users) > LARGEST:
            self._users.popitem(last=False)

    def _forget(self, deployment_id: UUID, user_ref: str) -> None:
        self._generation += 1
        self._without.discard(deployment_id)
        self._users.pop((deployment_id, user_ref), None)

    def _changed(self, kind: str, subject: str) -> None:
        if kind == "adjustments":
            deployment, _, user_ref = subject.partition(":")
            self._forget(UUID(deployment), user_ref)
        elif kind == "everything":
            self._generation += 1
            self._without.clear()
            self._users.clear()


async def _stored(connection: AsyncConnection[Any], deployment_id: UUID, user_ref: str) -> Stored:
    cursor = await connection.execute(_READ, (deployment_id, user_ref))
    row = await cursor.fetchone()
    return Stored(_read(row[0]), row[1]) if row else Stored(NONE, None)


async def forget_wishes(connection: AsyncConnection[Any], actor: Ref, deployment_id: UUID, user_ref: str) -> bool:
    """In the caller's transaction, with its entry; False where nothing was stored."""
    cursor = await connection.execute(_REMOVE, (deployment_id, user_ref))
    row = await cursor.fetchone()
    if row is not None:
        await _note(connection, Name.ADJUSTMENTS_REMOVED, actor, row[0], {"deployment": str(deployment_id)})
    return row is not None


async def _note(
    connection: AsyncConnection[Any], name: Name, actor: Ref, row_id: UUID, detail: Mapping[str, Any]
) -> None:
    entry = entry_row(name, actor=actor, subject=("adjustments", row_id), detail=detail)
    await connection.execute(INSERT_ENTRIES, entry_parameters([entry]))


def _read(stored: Any) -> Mapping[str, bool]:
    wishes = orjson.loads(stored) if isinstance(stored, str) else stored
    return wishes or NONE
