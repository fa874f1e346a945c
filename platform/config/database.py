"""The API's own way to PostgreSQL: one psycopg async pool a process, beside Django's connections.

Django's ORM is synchronous underneath; the hot path never enters a thread (docs/decisions/0004-the-hot-path.md).
"""

from typing import Any

from django.conf import settings
from django.db import connection
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

_pool: AsyncConnectionPool[AsyncConnection[TupleRow]] | None = None


def conninfo(**overrides: Any) -> str:
    """The libpq connection string of the database Django uses, the test database included."""
    own = {"cursor_factory", "context", "prepare_threshold", "server_side_binding"}
    parts = {key: value for key, value in connection.get_connection_params().items() if key not in own}
    return make_conninfo("", **{**parts, **overrides})


def pool() -> AsyncConnectionPool[AsyncConnection[TupleRow]]:
    """The process's open pool. Raises RuntimeError before `open_pool`."""
    if _pool is None:
        raise RuntimeError("the pool is not open: the ASGI lifespan opens it")
    return _pool


async def open_pool() -> None:
    global _pool  # noqa: PLW0603 - one pool a process, opened once by the lifespan
    _pool = AsyncConnectionPool(
        conninfo(application_name="plumbline web", connect_timeout=3),
        min_size=2,
        max_size=settings.API_POOL_SIZE,
        timeout=5,
        reconnect_timeout=30,
        open=False,
        kwargs={"autocommit": True},
        name="api",
    )
    await _pool.open()


async def close_pool() -> None:
    global _pool  # noqa: PLW0603
    if _pool is not None:
        await _pool.close(timeout=5)
        _pool = None
