"""What one web process holds for its turns: caches, the model's connections, the writer."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from audit.oversight.state import Oversight
from config import database, notices
from conversations import observation
from conversations.adjustments import Adjustments
from conversations.back_office import BackOffice
from conversations.judge import configured_judge
from conversations.record import Recorder
from conversations.running import Running
from conversations.upstreams import Upstreams
from operators.directory import Directory

log = logging.getLogger(__name__)


class Services:
    """Opened and closed by the ASGI lifespan."""

    def __init__(self) -> None:
        self.directory = Directory()
        self.adjustments = Adjustments()
        self.oversight = Oversight()
        self.upstreams = Upstreams()
        self.judge = configured_judge()
        self.recorder = Recorder()
        self.running = Running(self.oversight)
        self.back_office = BackOffice()
        self._unfinished: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        await observation.warm()
        self.recorder.start()

    async def stop(self) -> None:
        """Ends what runs, writes what is waiting, then lets go."""
        await self.running.stop()
        if self._unfinished:
            await asyncio.wait(self._unfinished, timeout=10)
        await self.back_office.stop()
        await self.recorder.stop()
        await self.directory.uses.stop()
        await self.upstreams.close()
        if self.judge is not None:
            await self.judge.close()

    def finish_later(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` to its end even though the caller is gone; `stop` waits for it."""
        task = asyncio.create_task(_logged(work))
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("an interrupted turn was not recorded")


_services: Services | None = None


def services() -> Services:
    if _services is None:
        raise RuntimeError("the services are not open: the ASGI lifespan opens them")
    return _services


async def open_services() -> None:
    global _services  # noqa: PLW0603 - one set a process
    await database.open_pool()
    _services = Services()
    await _services.start()
    await notices.start()


async def close_services() -> None:
    global _services  # noqa: PLW0603
    if _services is not None:
        await _services.stop()
        _services = None
    await notices.stop()
    await database.close_pool()
