"""What proves that the log is whole: GET /v1/receipts/{id}, GET /v1/log and GET /v1/log/consistency."""

import asyncio
import time
from typing import Any, TypeVar
from uuid import UUID

from django.http import HttpResponseBase, QueryDict
from rest_framework.request import Request

from audit.log.proofs import NotSignedYetError, Steps, consistency, log_now, receipt, run_async
from config import database
from conversations.api.paging import only
from conversations.api.views import AsyncAPIView, json_response, lower_headers
from conversations.errors import ApiError
from conversations.services import services
from conversations.turn import authenticated

T = TypeVar("T")

LONGEST_WAIT = 10
"""Seconds."""
PAUSE = 0.25


class ReceiptView(AsyncAPIView):
    async def get(self, request: Request, receipt_id: str) -> HttpResponseBase:
        """200 with the proof, or 202 until a checkpoint covers the entry; `wait` is how long we may hold the answer."""
        access = await authenticated(services(), lower_headers(request), "records")
        only(request.query_params, frozenset({"wait"}))
        until = time.monotonic() + read_wait(request.query_params)
        while True:
            found = await _read(receipt(_id(receipt_id)))
            if found is None or not is_of(found["entry"], access.deployment_id):
                raise _missing(receipt_id)
            if found["status"] == "included":
                return json_response(found)
            if time.monotonic() >= until:
                return json_response(found, 202, {"retry-after": "1"})
            await asyncio.sleep(PAUSE)


class LogView(AsyncAPIView):
    async def get(self, request: Request) -> HttpResponseBase:
        """Open to everyone: what is signed is for everyone to keep."""
        only(request.query_params, frozenset())
        return json_response(await _read(log_now()))


class ConsistencyView(AsyncAPIView):
    async def get(self, request: Request) -> HttpResponseBase:
        only(request.query_params, frozenset({"from"}))
        try:
            return json_response(await _read(consistency(read_size(request.query_params))))
        except NotSignedYetError as error:
            raise ApiError(404, f"from: {error}") from None


async def _read(steps: Steps[T]) -> T:
    async with database.pool().connection() as connection:
        return await run_async(steps, connection)


def is_of(entry: dict[str, Any], deployment_id: UUID) -> bool:
    """Whether an entry tells of the deployment or of what is in it."""
    wanted = str(deployment_id)
    return entry["detail"].get("deployment") == wanted or entry["subject"] == {"type": "deployment", "id": wanted}


def read_wait(query: QueryDict) -> int:
    """Raises ApiError 400."""
    text = query.get("wait") or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= LONGEST_WAIT):
        raise ApiError(400, f"wait: a whole number of seconds from 0 to {LONGEST_WAIT} is required")
    return int(text)


def read_size(query: QueryDict) -> int:
    """Raises ApiError 400."""
    text = query.get("from") or ""
    if not (text.isascii() and text.isdigit() and len(text) <= 18 and int(text)):
        raise ApiError(400, "from: the number of leaves of the checkpoint that you have is required, 1 or more")
    return int(text)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _missing(text) from None


def _missing(text: str) -> ApiError:
    return ApiError(404, f"there is no receipt {text[:64]!r} of this deployment")
