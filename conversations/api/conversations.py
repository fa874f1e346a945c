"""Conversations: list, read, end, delete. GET /v1/conversations, GET and DELETE /v1/conversations/{id}, POST …/end."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase, QueryDict
from rest_framework.request import Request

from conversations import ending, erasure, reading
from conversations.api.paging import only, page_json, read_moment, read_position, read_truth, written
from conversations.api.views import AsyncAPIView, json_response, lower_headers
from conversations.errors import ApiError
from conversations.reading import Filter, Row
from conversations.requests import read_user_ref
from conversations.services import services
from conversations.turn import authenticated

MOMENTS = ("created_after", "created_before", "last_turn_after", "last_turn_before")
PARAMETERS = frozenset(
    {
        *("limit", "after_id", "before_id", "user_id", "flagged", "ended", "deleted"),
        *("outcome", "tier", "failed", "batch", *MOMENTS),
    }
)


class ConversationsView(AsyncAPIView):
    async def get(self, request: Request) -> HttpResponseBase:
        access = await authenticated(services(), lower_headers(request), "records")
        only(request.query_params, PARAMETERS)
        position = read_position(request.query_params)
        found = await reading.conversations(access.deployment_id, read_filter(request.query_params), position)
        shown = [conversation_json(row) for row in found[: position.limit]]
        return json_response(page_json(shown, position, has_more=len(found) > len(shown)))


class ConversationView(AsyncAPIView):
    async def get(self, request: Request, conversation_id: str) -> HttpResponseBase:
        access = await authenticated(services(), lower_headers(request), "records")
        return json_response(conversation_json(await known_conversation(access.deployment_id, conversation_id)))

    async def delete(self, request: Request, conversation_id: str) -> HttpResponseBase:
        """What was said is gone before the answer leaves. Deleting twice is answered alike."""
        access = await authenticated(services(), lower_headers(request), "records")
        row = await known_conversation(access.deployment_id, conversation_id)
        if row["deleted_at"] is None:
            await erasure.delete(access, row["id"])
        return json_response({"type": "conversation_deleted", "id": str(row["id"])})


class EndView(AsyncAPIView):
    async def post(self, request: Request, conversation_id: str) -> HttpResponseBase:
        access = await authenticated(services(), lower_headers(request))
        row = await known_conversation(access.deployment_id, conversation_id)
        if row["ended_at"] is None:
            await ending.end(access, row["id"])
            row = await known_conversation(access.deployment_id, conversation_id)
        refuse_deleted(row)
        return json_response(conversation_json(row))


async def known_conversation(deployment_id: UUID, text: str) -> Row:
    """A conversation of the deployment, deleted ones included. Raises ApiError 404."""
    row = await reading.conversation(deployment_id, conversation_id(text))
    if row is None:
        raise no_conversation(text)
    return row


def refuse_deleted(row: Row) -> None:
    if row["deleted_at"] is not None:
        raise ApiError(404, f"the conversation {row['id']} was deleted")


def conversation_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise no_conversation(text) from None


def no_conversation(text: str) -> ApiError:
    return ApiError(404, f"there is no conversation {text[:64]!r} of this deployment")


def conversation_json(row: Row) -> dict[str, Any]:
    return {
        "type": "conversation",
        "id": str(row["id"]),
        "user_id": row["user_ref"] or None,
        "branched_from": str(row["branched_from_id"]) if row["branched_from_id"] else None,
        "created_at": written(row["created_at"]),
        "last_turn_at": written(row["last_turn_at"]),
        "turn_count": row["turn_count"],
        "flagged": row["flagged"],
        "ended_at": written(row["ended_at"]),
        "ended_by": row["ended_by"] or None,
        "ended_because": row["ended_because"] or None,
        "deleted_at": written(row["deleted_at"]),
    }


def read_filter(query: QueryDict) -> Filter:
    """Raises ApiError 400 that names the parameter."""
    outcome = query.get("outcome") or None
    if outcome is not None and outcome not in reading.OUTCOMES:
        raise ApiError(400, f"outcome: must be one of {', '.join(reading.OUTCOMES)}")
    tier = query.get("tier") or None
    if tier is not None and tier not in map(str, reading.TIERS):
        raise ApiError(400, f"tier: must be one of {', '.join(map(str, reading.TIERS))}")
    user_ref = query.get("user_id")
    return Filter(
        user_ref=read_user_ref(user_ref, "user_id") if user_ref is not None else None,
        flagged=read_truth(query, "flagged"),
        ended=read_truth(query, "ended"),
        deleted=bool(read_truth(query, "deleted")),
        outcome=outcome,
        tier=int(tier) if tier else None,
        failed=read_truth(query, "failed"),
        batch=read_truth(query, "batch"),
        **{name: read_moment(query, name) for name in MOMENTS},
    )
