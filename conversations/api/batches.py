"""/v1/messages/batches: many requests at once, answered later by the very same turn."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
from django.http import HttpResponseBase
from rest_framework.request import Request

from config.api_handler import Scope, StreamedResponse
from conversations.admission import refuse_if_paused
from conversations.api.paging import read_limit, written
from conversations.api.views import AsyncAPIView, json_response, lower_headers
from conversations.batches import store
from conversations.batches.reading import reading
from conversations.batches.store import StoredBatch
from conversations.errors import ApiError
from conversations.services import services
from conversations.turn import authenticated
from conversations.versions import check_version
from conversations.wording import PASSED_HEADERS
from operators.directory import Access

PREFIX = "msgbatch_"
Finder = Callable[[Access, UUID], Awaitable[StoredBatch | None]]


class BatchesView(AsyncAPIView):
    async def post(self, request: Request) -> HttpResponseBase:
        headers = lower_headers(request)
        access = await authenticated(services(), headers)
        check_version(headers)
        refuse_if_paused(services().oversight, access.operator_id, access.deployment_id)
        passed = {name: headers[name] for name in PASSED_HEADERS if name in headers}
        async with reading(request._request.chunks) as requests:
            batch = await store.create(access, passed, requests)
        return json_response(message_batch(batch, request))

    async def get(self, request: Request) -> HttpResponseBase:
        access = await authenticated(services(), lower_headers(request))
        query = request.query_params
        limit, after, before = read_limit(query.get("limit")), query.get("after_id"), query.get("before_id")
        # A cursor that cannot be one is followed by nothing.
        cursors = {"after": read_id(after), "before": read_id(before)}
        unreadable = (after and cursors["after"] is None) or (before and cursors["before"] is None)
        found = [] if unreadable else await store.listed(access, limit + 1, **cursors)
        backwards = bool(before) and not after
        shown = found[-limit:] if backwards else found[:limit]
        data = [message_batch(batch, request) for batch in shown]
        return json_response(
            {
                "data": data,
                "has_more": len(found) > limit,
                "first_id": data[0]["id"] if data else None,
                "last_id": data[-1]["id"] if data else None,
            }
        )


class BatchView(AsyncAPIView):
    async def get(self, request: Request, batch_id: str) -> HttpResponseBase:
        return json_response(message_batch(await found(request, batch_id), request))

    async def delete(self, request: Request, batch_id: str) -> HttpResponseBase:
        """Deleting what is deleted already is answered as the first time."""
        batch = await found(request, batch_id, store.delete)
        return json_response({"id": shown_id(batch.id), "type": "message_batch_deleted"})


class CancelBatchView(AsyncAPIView):
    async def post(self, request: Request, batch_id: str) -> HttpResponseBase:
        return json_response(message_batch(await found(request, batch_id, store.cancel), request))


class BatchResultsView(AsyncAPIView):
    async def get(self, request: Request, batch_id: str) -> HttpResponseBase:
        batch = await found(request, batch_id)
        if batch.ended_at is None:
            raise ApiError(404, f"the batch {batch_id} has no results yet: it has not ended")
        if batch.archived_at is not None:
            raise ApiError(404, f"the results of the batch {batch_id} are not kept any more")
        return StreamedResponse(store.results(batch), content_type="application/x-jsonl")


async def is_known_caller(scope: Scope) -> bool:
    """Whether a request's headers bear a key that may make batches."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    try:
        await authenticated(services(), headers)
    except (ApiError, psycopg.Error, OSError):
        return False
    return True


async def found(request: Request, batch_id: str, by: Finder = store.find) -> StoredBatch:
    """What `by` found, or did to what it found. Raises ApiError 404 for what is not a batch of the key's deployment."""
    access = await authenticated(services(), lower_headers(request))
    known = read_id(batch_id)
    batch = await by(access, known) if known else None
    if batch is None:
        raise ApiError(404, f"message_batch_id: there is no batch {batch_id[:100]!r}")
    return batch


def read_id(text: str | None) -> UUID | None:
    """None for what cannot be a batch's id."""
    digits = (text or "").removeprefix(PREFIX)
    if not text or digits == text or len(digits) != 32:
        return None
    try:
        return UUID(hex=digits)
    except ValueError:
        return None


def shown_id(batch_id: UUID) -> str:
    return f"{PREFIX}{batch_id.hex}"


def message_batch(batch: StoredBatch, request: Request) -> dict[str, Any]:
    """A `MessageBatch`. As in the API it follows, requests count as `processing` until the whole batch has ended."""
    ended = batch.ended_at is not None
    has_results = ended and batch.archived_at is None
    return {
        "id": shown_id(batch.id),
        "type": "message_batch",
        "processing_status": "ended" if ended else "canceling" if batch.cancel_initiated_at else "in_progress",
        "request_counts": {
            "processing": 0 if ended else batch.size,
            "succeeded": batch.succeeded,
            "errored": batch.errored,
            "canceled": batch.canceled,
            "expired": batch.expired,
        },
        "ended_at": written(batch.ended_at),
        "created_at": written(batch.created_at),
        "expires_at": written(batch.expires_at),
        "archived_at": written(batch.archived_at),
        "cancel_initiated_at": written(batch.cancel_initiated_at),
        "results_url": results_url(batch, request) if has_results else None,
    }


def results_url(batch: StoredBatch, request: Request) -> str:
    """Absolute, at the address that the caller used: clients send their key along, so it must lead back to them."""
    asked = request._request
    prefix = asked.script_name.rstrip("/")
    return f"{asked.scheme}://{asked._get_raw_host()}{prefix}/v1/messages/batches/{shown_id(batch.id)}/results"
