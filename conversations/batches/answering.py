"""One item of a batch as one turn, with what is live at that moment: key, configuration, models, pauses."""

import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime
from secrets import token_hex

import orjson
import psycopg
from django.conf import settings

from conversations import wording
from conversations.admission import refuse_if_paused
from conversations.batches import items
from conversations.batches.items import Item, Piece
from conversations.errors import ApiError, PausedError
from conversations.models.record import Turn
from conversations.record import Beside
from conversations.requests import messages_request
from conversations.services import Services
from conversations.transcript import Transcript
from conversations.turn import TurnInProgress, answer_plainly, begin, within_scope
from conversations.upstreams import UpstreamError
from conversations.upstreams.failures import RETRIED, retry_after
from operators.directory import Access
from operators.keys import AuthenticationError, usable

PAUSE_SECONDS = 5.0
"""Between looks whether a steward's pause still holds."""
LONGEST_HOLD_SECONDS = 60.0
"""What one request has to wait longer for, its neighbours need not: they may ask another model."""
RETRY_FACTOR = 3
PASSING = RETRIED | {429}
"""Statuses of what may be over in a while."""

log = logging.getLogger(__name__)

HoldOff = Callable[[float], None]
"""Told for how many seconds nothing more should be asked."""


async def answer(services: Services, piece: Piece, item: Item, hold_off: HoldOff) -> None:
    """Settles the item or puts it off. Raises what keeps it from doing either: the database is away."""
    request_id = f"req_{token_hex(12)}"
    if not item.params:  # its user was erased
        await items.apply(items.settlement(item, "errored", b""))
        return
    try:
        turn = await begin(
            services,
            await access_of(services, piece.public_id),
            messages_request(orjson.loads(item.params)),
            dict(piece.headers),
            request_id,
        )
        turn.settle = lambda transcript: _with_record(turn, transcript, piece, item, hold_off)
        await answer_plainly(turn)
    except ApiError as error:
        # Where a turn was recorded its commit has settled the item, and this changes nothing.
        paused = isinstance(error, PausedError) or is_paused(services, piece)
        await items.apply(_after(error, piece, item, request_id, hold_off, paused=paused))
    except (psycopg.Error, OSError):
        raise
    except Exception:
        log.exception("%s of a batch failed", request_id)
        told = ApiError(500, "an error of ours; it was logged under this request id")
        await items.apply(items.settlement(item, "errored", items.errored(told, request_id)))


async def access_of(services: Services, public_id: str) -> Access:
    """What the batch's key opens now. Raises ApiError 401 or 403 where it does no longer."""
    known = await services.directory.find(public_id)
    if known is None:
        raise ApiError(401, "this key is no more")
    try:
        return within_scope(usable(known), "turns")
    except AuthenticationError as error:
        raise ApiError(401, str(error)) from None


def is_paused(services: Services, piece: Piece) -> bool:
    """Also where it is not known whether anything is."""
    try:
        refuse_if_paused(services.oversight, piece.operator_id, piece.deployment_id)
    except ApiError:
        return True
    return False


def _with_record(turn: TurnInProgress, transcript: Transcript, piece: Piece, item: Item, hold_off: HoldOff) -> Beside:
    """What the turn's commit does to the item."""
    if transcript.failure is not None:
        paused = transcript.status == Turn.Status.PAUSED
        return _after(transcript.failure, piece, item, turn.request_id, hold_off, paused=paused, turn=turn)
    if transcript.message is None:  # the worker was told to stop in the middle
        return items.putting_off(item, 0, counted=False)
    return items.settlement(item, "succeeded", items.succeeded(wording.answer(turn, transcript.message)), turn.id)


def _after(
    error: ApiError,
    piece: Piece,
    item: Item,
    request_id: str,
    hold_off: HoldOff,
    *,
    paused: bool,
    turn: TurnInProgress | None = None,
) -> Beside:
    """What becomes of an item that was refused or failed."""
    if paused:
        return items.putting_off(item, PAUSE_SECONDS, counted=False)
    if error.status in PASSING:
        # Our own limits cost an item no try: they let it pass in time, and no turn came of it.
        counted = isinstance(error, UpstreamError) or error.status != 429
        seconds = _pause(error, item.attempts if counted else 1)
        if _in_time(piece, seconds) and not (counted and item.attempts >= settings.BATCH_ATTEMPTS):
            if error.status in {429, 529}:
                hold_off(min(seconds, LONGEST_HOLD_SECONDS))
            return items.putting_off(item, seconds, counted=counted)
    return items.settlement(item, "errored", items.errored(error, request_id), turn.id if turn else None)


def _pause(error: ApiError, attempts: int) -> float:
    growing = settings.BATCH_RETRY_SECONDS * RETRY_FACTOR ** (attempts - 1)
    jitter: float = random.uniform(0.75, 1.25)  # noqa: S311 - not a secret
    return max(growing * jitter, retry_after(error.headers))


def _in_time(piece: Piece, seconds: float) -> bool:
    """Whether the batch lives that long. What comes later is not waited for."""
    return seconds < (piece.expires_at - datetime.now(UTC)).total_seconds()
