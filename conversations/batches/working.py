"""A piece of a batch, worked on: several of its items at once, for a few seconds, and the rest given back."""

import asyncio
import logging
import time
from contextlib import suppress

import psycopg
from django.conf import settings

from conversations.batches import items
from conversations.batches.answering import PAUSE_SECONDS, answer, is_paused
from conversations.batches.items import LEASE_SECONDS, Piece
from conversations.batches.stopping import stopping
from conversations.services import Services

PIECE_SECONDS = 10.0
"""No item is begun later than this; then others have their turn."""
LONGEST_WAIT_SECONDS = 2.0
"""A longer one is not waited for with a worker kept from other pieces."""

log = logging.getLogger(__name__)


class Pace:
    """For how long a piece's workers begin anything, and when next."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + PIECE_SECONDS
        self._held_until = 0.0

    def hold_off(self, seconds: float) -> None:
        self._held_until = max(self._held_until, time.monotonic() + seconds)

    @property
    def held_seconds(self) -> float:
        """How long to wait before anything is begun again; 0 where nothing speaks against it."""
        return max(0.0, self._held_until - time.monotonic())

    async def goes_on(self) -> bool:
        """Waits while held off. False where that takes too long, the work so far has, or the worker is to stop."""
        while 0 < (held := self.held_seconds) <= LONGEST_WAIT_SECONDS:  # noqa: ASYNC110 - it waits for a time
            await asyncio.sleep(held)
        return not held and time.monotonic() < self._ends and not stopping()


async def work_on(services: Services, piece_id: int) -> bool:
    """True where it was worked on; False where another holds the piece, or it is done."""
    piece = await items.take(piece_id)
    if piece is None:
        return False
    pace = Pace()
    keeping = asyncio.create_task(_keep(piece))
    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(settings.BATCH_TURNS_AT_ONCE):
                workers.create_task(_answer_items(services, piece, pace))
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
    await items.give_back(piece, pace.held_seconds)
    return True


async def _answer_items(services: Services, piece: Piece, pace: Pace) -> None:
    while not piece.lost and await pace.goes_on():
        if is_paused(services, piece):
            pace.hold_off(PAUSE_SECONDS)
            continue
        item = await items.claim(piece)
        if item is None:
            return
        await answer(services, piece, item, pace.hold_off)


async def _keep(piece: Piece) -> None:
    """Renews the lease for as long as the piece is worked on."""
    kept_at = time.monotonic()
    while not piece.lost:
        await asyncio.sleep(LEASE_SECONDS / 4)
        try:
            piece.lost = not await items.renew(piece)
            kept_at = time.monotonic()
        except (psycopg.Error, OSError) as error:
            log.warning("the lease on piece %d of a batch could not be renewed: %s", piece.id, error)
            piece.lost = time.monotonic() - kept_at > LEASE_SECONDS
