"""Turns: a conversation's, one by one, and the next. GET and POST /v1/conversations/{id}/turns, GET /v1/turns/{id}."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from rest_framework.request import Request

from conversations import reading
from conversations.api.conversations import conversation_id as read_id
from conversations.api.conversations import known_conversation
from conversations.api.messages import MessagesView
from conversations.api.paging import only, page_json, read_position, written
from conversations.api.views import AsyncAPIView, json_response, lower_headers
from conversations.errors import ApiError
from conversations.reading import Row
from conversations.services import services
from conversations.turn import authenticated

NAMED = "plumbline-conversation"
PARAMETERS = frozenset({"limit", "after_id", "before_id"})


class TurnsView(MessagesView):
    async def get(self, request: Request, conversation_id: str) -> HttpResponseBase:
        access = await authenticated(services(), lower_headers(request), "records")
        only(request.query_params, PARAMETERS)
        position = read_position(request.query_params)
        conversation = await known_conversation(access.deployment_id, conversation_id)
        found = await reading.turns(access.deployment_id, conversation["id"], position)
        shown = [turn_json(row) for row in found if row["content"] is not None]
        return json_response(page_json(shown, position, has_more=len(found) > len(shown)))

    async def post(self, request: Request, conversation_id: str) -> HttpResponseBase:  # type: ignore[override]
        """The very turn of POST /v1/messages; the path says what its header says there."""
        headers = lower_headers(request)
        await authenticated(services(), headers)
        named = str(read_id(conversation_id))
        if headers.get(NAMED, named) != named:
            raise ApiError(400, f"{NAMED}: names another conversation than the path")
        return await self.answer(request, {**headers, NAMED: named})


class TurnView(AsyncAPIView):
    async def get(self, request: Request, turn_id: str) -> HttpResponseBase:
        access = await authenticated(services(), lower_headers(request), "records")
        return json_response(turn_json(await known_turn(access.deployment_id, turn_id)))


async def known_turn(deployment_id: UUID, text: str) -> Row:
    """A turn of the deployment. Raises ApiError 404."""
    try:
        row = await reading.turn(deployment_id, UUID(text))
    except ValueError:
        row = None
    if row is None:
        raise ApiError(404, f"there is no turn {text[:64]!r} of this deployment")
    return row


def turn_json(row: Row) -> dict[str, Any]:
    """`messages` are those that this turn added; `entry` is its entry in the audit log."""
    content = row["content"]
    return {
        "type": "turn",
        "id": str(row["id"]),
        "conversation": str(row["conversation_id"]),
        "parent": str(row["parent_id"]) if row["parent_id"] else None,
        "number": row["number"],
        "status": row["status"],
        "outcome": row["outcome"],
        "tier": row["tier"],
        "flagged": row["flagged"],
        "system": content["system"],
        "messages": content["messages"],
        "answer": content["answer"],
        "deleted": row["gone"] == "deleted",
        "gone": row["gone"] or None,
        "model": row["model"],
        "upstream": row["upstream"] or None,
        "upstream_model": row["upstream_model"] or None,
        "stop_reason": row["stop_reason"] or None,
        "error": row["error"] or None,
        "usage": {"input_tokens": row["input_tokens"], "output_tokens": row["output_tokens"]},
        "started_at": written(row["started_at"]),
        "milliseconds": row["milliseconds"],
        "upstream_milliseconds": row["upstream_milliseconds"],
        "charter": row["charter_digest"],
        "configuration": row["configuration"],
        "entry": str(row["entry_id"]),
        "request_id": row["request_id"],
    }
