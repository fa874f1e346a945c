"""Last uses: written beside the turns, gathered, and telling no process that a key changed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from config import database
from operators.keys import create_key
from operators.last_used import LastUses
from operators.models import Deployment, Key, Operator


@pytest.fixture
def keys(transactional_db: None) -> list[Key]:
    deployment = Deployment.objects.create(operator=Operator.objects.create(name="Acme"), name="App")
    return [create_key(deployment, f"k{number}", by=None)[0] for number in range(30)]


@pytest.fixture
async def pool(keys: list[Key]) -> AsyncIterator[None]:
    await database.open_pool()
    yield
    await database.close_pool()


async def execute(query: str, *parameters: Any) -> psycopg.AsyncCursor[Any]:
    async with database.pool().connection() as connection:
        return await connection.execute(query, parameters)  # type: ignore[arg-type]


async def used() -> int:
    row = await (await execute("SELECT count(last_used_at) FROM operators_key")).fetchone()
    assert row
    return int(row[0])


async def heard(listener: psycopg.AsyncConnection[Any]) -> list[str]:
    return [notice.payload async for notice in listener.notifies(timeout=0.5)]


async def test_many_uses_are_one_write_that_tells_nobody(pool, keys):
    uses = LastUses()
    async with await psycopg.AsyncConnection.connect(database.conninfo(), autocommit=True) as listener:
        await listener.execute("LISTEN plumbline")
        for key in keys * 50:
            uses.note(key.pk)
        await uses.stop()
        assert await used() == len(keys)
        assert await heard(listener) == []
        await execute("UPDATE operators_key SET scopes = '[\"manage\"]' WHERE id = %s", keys[0].pk)
        assert await heard(listener) == [f"key:{keys[0].public_id}"]


async def test_a_row_that_someone_holds_is_left_and_the_others_are_written(pool, keys):
    uses = LastUses()
    async with await psycopg.AsyncConnection.connect(database.conninfo()) as other:
        await other.execute("SELECT 1 FROM operators_key WHERE id = %s FOR UPDATE", (keys[0].pk,))
        for key in keys:
            uses.note(key.pk)
        await asyncio.wait_for(uses.stop(), 5)
    assert await used() == len(keys) - 1


async def test_two_processes_write_at_once_without_waiting_in_a_circle(pool, keys):
    mine, theirs = LastUses(), LastUses()
    for key in keys:
        mine.note(key.pk)
    for key in reversed(keys):
        theirs.note(key.pk)
    await asyncio.gather(mine.stop(), theirs.stop())
    assert await used() == len(keys)


async def test_what_cannot_be_written_is_a_word_in_the_log(pool, caplog):
    await execute("ALTER TABLE operators_key RENAME last_used_at TO gone")
    try:
        uses = LastUses()
        uses.note(uuid4())
        await uses.stop()
    finally:
        await execute("ALTER TABLE operators_key RENAME gone TO last_used_at")
    assert "the last uses of 1 keys were not written" in caplog.text
