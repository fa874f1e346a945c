"""The turn's Services in a process that is not the web's: an event loop in a thread, opened by the first task.

Opening takes about a second (the screens' encoder, the database's pool, the notices), so it is done once a process and
kept. The loop goes on between tasks: what is revoked, published or paused meanwhile is known when the next one starts.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from celery.signals import worker_process_shutdown

from audit.oversight.state import UnknownStateError
from conversations.services import Services, close_services, open_services, services

KNOWING_SECONDS = 10.0
CLOSING_SECONDS = 15.0
NOBODY = UUID(int=0)

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class ServicesThread:
    """One a process."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._opening = threading.Lock()
        self._open = False
        self.process = os.getpid()
        threading.Thread(target=self._loop.run_forever, name="services", daemon=True).start()

    def run(self, work: Callable[[Services], Awaitable[Result]]) -> Result:
        """`work` in the loop, to its end. Raises what it raises, and what opening raises."""
        with self._opening:
            if not self._open:
                self._wait_for(_open())
                self._open = True
        return self._wait_for(_called(work))

    def close(self) -> None:
        """Writes what is waiting and lets go."""
        if self._open:
            try:
                asyncio.run_coroutine_threadsafe(close_services(), self._loop).result(CLOSING_SECONDS)
            except TimeoutError:
                log.warning("the services were not closed in time")
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _wait_for(self, work: Any) -> Any:
        running = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return running.result()
        finally:
            running.cancel()  # only where this thread was told to give up


async def _called(work: Callable[[Services], Awaitable[Result]]) -> Result:
    return await work(services())


async def _open() -> None:
    await open_services()
    until = time.monotonic() + KNOWING_SECONDS
    while time.monotonic() < until:
        try:
            services().oversight.pause_for(NOBODY, NOBODY)
        except UnknownStateError:
            await asyncio.sleep(0.05)
        else:
            return


_thread: ServicesThread | None = None


def run_with_services(work: Callable[[Services], Awaitable[Result]]) -> Result:
    """From a task, which is no coroutine: `work(services)` to its end."""
    global _thread  # noqa: PLW0603 - one a process
    if _thread is None or _thread.process != os.getpid():  # a fork has its parent's, without the thread
        _thread = ServicesThread()
    return _thread.run(work)


@worker_process_shutdown.connect
def _close(**_: Any) -> None:
    if _thread is not None and _thread.process == os.getpid():
        _thread.close()
