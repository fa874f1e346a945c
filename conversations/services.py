"""What one web process holds for its turns: caches, the model's connections, the writer."""

from collections.abc import Coroutine
from typing import Any

from django.conf import settings

from audit.oversight.state import Oversight
from config import database, notices
from config.sealing import SealError
from conversations import observation
from conversations.adjustments import Adjustments
from conversations.back_office import BackOffice
from conversations.background import Background
from conversations.idempotency import Once
from conversations.judge import configured_judge
from conversations.keyring import Keyring
from conversations.limits import Limiter
from conversations.record import Recorder
from conversations.running import Running
from conversations.upstreams import Upstreams
from operators.directory import Directory


class Services:
    """Opened and closed by the ASGI lifespan."""

    def __init__(self) -> None:
        self.directory = Directory()
        self.adjustments = Adjustments()
        self.keyring = Keyring()
        self.oversight = Oversight()
        self.upstreams = Upstreams()
        self.judge = configured_judge()
        self.limits = Limiter(settings.LIMITS_URL, seconds=settings.LIMITS_SECONDS, lease=settings.LEASE_SECONDS)
        self.recorder = Recorder(self.limits.months.count)
        self.running = Running(self.oversight)
        self.oversight.on_change(self.directory.check_charter)
        self.back_office = BackOffice()
        self.background = Background()
        notices.subscribe(self._forget_what_was_said)
        self.once = Once(self.background)

    async def start(self) -> None:
        await observation.warm()
        self.recorder.start()
        self.limits.start()
        self.once.start()
        self.running.start()

    async def stop(self) -> None:
        """Ends what runs, writes what is waiting, then lets go."""
        await self.running.stop()
        await self.background.stop(10)
        await self.back_office.stop()
        await self.recorder.stop()
        await self.once.stop()
        await self.directory.uses.stop()
        await self.limits.stop()
        await self.upstreams.close()
        if self.judge is not None:
            await self.judge.close()

    def _forget_what_was_said(self, kind: str, _subject: str) -> None:
        """After an erasure: what this process remembers of texts it read. It is read anew where it comes again."""
        if kind in {"data_key", "everything"}:
            observation.forget()
            if self.judge is not None:
                self.judge.forget()

    def finish_later(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` to its end even though the caller is gone; `stop` waits for it."""
        self.background.start(work, "an interrupted turn was not recorded")


_services: Services | None = None


def services() -> Services:
    if _services is None:
        raise RuntimeError("the services are not open: the ASGI lifespan opens them")
    return _services


async def open_services() -> None:
    global _services  # noqa: PLW0603 - one set a process
    if not settings.MASTER_KEYS:
        raise SealError("PLUMBLINE_MASTER_KEY is not set: content cannot be kept without it")
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
