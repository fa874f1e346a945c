"""Work that goes on when whoever began it is gone."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class Background:
    """Tasks of one event loop. `stop` lets them end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], failing: str) -> None:
        """`failing`: what is logged where it fails."""
        self._add(_logged(work, failing))

    async def see_through(self, work: Coroutine[Any, Any, Result]) -> Result:
        """What `work` gives. A caller who goes away while waiting does not take it along."""
        task = self._add(work)
        # Where the caller is gone nobody else asks for its error.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    def _add(self, work: Coroutine[Any, Any, Result]) -> "asyncio.Task[Result]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self, seconds: float) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)


async def _logged(work: Coroutine[Any, Any, Any], failing: str) -> None:
    try:
        await work
    except Exception:
        log.exception(failing)
