"""Running streams: each is produced by a task of its own, which outlives its caller long enough to be recorded.

A pause ends a stream with a clear error; a caller who hangs up, or reads too slowly for too long, cancels it, unless an
idempotency key lets them come back for the answer. While the model is silent the caller gets a `ping` now and then, so
that nothing between the two takes the connection for dead.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import aclosing, suppress
from typing import Any, Protocol

from django.conf import settings

from audit.oversight.state import Oversight, UnknownStateError
from config import notices
from conversations.ending import ENDED_BY_STEWARD
from conversations.errors import ApiError
from conversations.history import Place
from conversations.sse import Event, encode
from operators.catalogue import Offer
from operators.directory import Access

log = logging.getLogger(__name__)

AHEAD = 64
"""How many events the model may be ahead of a slow reader."""


LOOK_SECONDS = 1.0
"""How often it is asked whether this process still knows what is paused."""

PING = Event("ping", {"type": "ping"}, encode("ping", {"type": "ping"}))


class Pausable(Protocol):
    """A turn, as far as a pause is concerned."""

    access: Access
    offer: Offer
    place: Place
    pause: ApiError | None

    @property
    def behaviours_on(self) -> Collection[str]: ...

    @property
    def kept(self) -> bool:
        """Whether it is answered to its end when its caller hangs up."""
        ...


class Stream:
    """One running stream, read by its caller and filled by its task."""

    def __init__(self, source: AsyncIterator[Event], turn: Pausable) -> None:
        self.turn = turn
        self._queue: asyncio.Queue[Event | ApiError | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(AHEAD)
        self._left = False
        """The caller is gone, and nobody reads any more."""
        self.task = asyncio.create_task(self._produce(source))

    async def _produce(self, source: Any) -> None:
        try:
            async with aclosing(source) as events:
                async for event in events:
                    if not self._left:
                        await self._room.acquire()
                        self._queue.put_nowait(event)
        except ApiError as error:
            self._queue.put_nowait(error)
        except asyncio.CancelledError:
            if self.turn.pause is None:
                raise
            self._queue.put_nowait(self.turn.pause)
        except Exception:
            # The caller must not take what has come so far for the whole answer.
            log.exception("a stream broke off")
            self._queue.put_nowait(ApiError(500, "an error of ours; it was logged"))
        finally:
            self._queue.put_nowait(None)

    async def events(self) -> AsyncIterator[Event]:
        """Raises ApiError where the stream failed. Leaving early cancels the producer of a turn that is not kept."""
        started = False
        try:
            while (item := await self._next(started)) is not None:
                if item is PING:
                    yield item
                    continue
                started = True
                self._room.release()
                if isinstance(item, ApiError):
                    raise item
                yield item
        finally:
            self._left = self.turn.kept
            if self._left:
                self._room.release()
            else:
                self.task.cancel()

    async def _next(self, started: bool) -> Event | ApiError | None:
        """A ping where nothing comes for a while; never before the first event, which may yet be an error's status."""
        try:
            return self._queue.get_nowait()
        except asyncio.QueueEmpty:
            pass
        try:
            async with asyncio.timeout(settings.STREAM_PING_SECONDS if started else None):
                return await self._queue.get()
        except TimeoutError:
            return PING

    def end_with(self, error: ApiError) -> None:
        self.turn.pause = error
        self.task.cancel()


class Running:
    """The streams of this process, so that a pause can end them."""

    def __init__(self, oversight: Oversight) -> None:
        self._oversight = oversight
        self._streams: set[Stream] = set()
        self._watching: asyncio.Task[None] | None = None
        oversight.on_change(self._end_paused)
        notices.subscribe(self._noticed)

    def start(self) -> None:
        self._watching = asyncio.create_task(self._watch(), name="running")

    def add(self, stream: Stream) -> None:
        self._streams.add(stream)
        stream.task.add_done_callback(lambda _: self._streams.discard(stream))

    def _end_paused(self) -> None:
        for stream in list(self._streams):
            with suppress(UnknownStateError):
                turn, access = stream.turn, stream.turn.access
                pause = self._oversight.pause_for(
                    access.operator_id, access.deployment_id, turn.offer.name, turn.behaviours_on
                )
                if pause is not None and turn.pause is None:
                    stream.end_with(ApiError(403, str(pause)))

    def _noticed(self, kind: str, subject: str) -> None:
        """A steward who ends a conversation ends what runs of it."""
        if kind != ENDED_BY_STEWARD:
            return
        for stream in list(self._streams):
            if str(stream.turn.place.conversation_id) == subject and stream.turn.pause is None:
                stream.end_with(ApiError(403, "the platform's stewards have ended this conversation"))

    async def _watch(self) -> None:
        """Ends all streams once this process has not known for too long whether anything is paused."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._oversight.lost:
                for stream in [one for one in self._streams if one.turn.pause is None]:
                    stream.end_with(ApiError(503, "it is not known any more whether this was paused; please try again"))

    async def stop(self) -> None:
        """Cancels and waits: an interrupted stream is still recorded."""
        if self._watching is not None:
            self._watching.cancel()
        tasks = [stream.task for stream in self._streams]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
