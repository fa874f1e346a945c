"""Where a web process does what is not hot: management, with the very functions that the pages call.

Those are synchronous and use the ORM. Rather than write each a second time for the async pool, management runs them in
a few threads of its own: apart from the hot path, which never enters a thread, and bounded, so that many callers wait
here instead of opening a database connection each. A connection lives as long as its piece of work; nothing is left
open, stale or in a transaction for the next one, and a connect costs less than what management does with it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection, connections

from conversations.errors import ApiError

THREADS = 4
PATIENCE_SECONDS = 10.0
"""How long a piece of work may wait for a thread."""
STATEMENT_SECONDS = 20

T = TypeVar("T")


class BackOffice:
    """`stop` belongs to the ASGI lifespan: it waits for what has begun."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="back office")
        self._free = asyncio.Semaphore(THREADS)

    async def do(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises. Once begun it runs to its end, even where the caller hangs up.

        Raises ApiError 503 where no thread gets free or the database cannot be reached; then nothing was done.
        """
        try:
            await asyncio.wait_for(self._free.acquire(), PATIENCE_SECONDS)
        except TimeoutError:
            raise ApiError(503, "too much is being managed at once; try again", headers={"retry-after": "2"}) from None
        doing = asyncio.get_running_loop().run_in_executor(self._threads, _do, work)
        doing.add_done_callback(self._done)
        return await asyncio.shield(doing)

    def _done(self, doing: "asyncio.Future[T]") -> None:
        self._free.release()
        if not doing.cancelled():
            doing.exception()  # looked at, so that a caller who left does not make asyncio complain

    async def stop(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)


def _do(work: Callable[[], T]) -> T:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [f"{STATEMENT_SECONDS}s"])
        return work()
    except (OperationalError, InterfaceError) as error:
        raise ApiError(
            503, "the database did not answer in time; nothing was changed", headers={"retry-after": "2"}
        ) from error
    finally:
        connections.close_all()
