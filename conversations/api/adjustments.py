"""What a user of this deployment wishes for every turn: GET, PUT and DELETE /v1/users/{user_id}/adjustments."""

from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request

from conversations.adjustments import NONE, Stored, refused
from conversations.api.paging import written
from conversations.api.views import AsyncAPIView, json_response, lower_headers
from conversations.errors import ApiError
from conversations.requests import load_object, read_adjustments, read_user_ref
from conversations.services import services
from conversations.turn import authenticated
from operators.directory import Access


class AdjustmentsView(AsyncAPIView):
    async def get(self, request: Request, user_id: str) -> HttpResponseBase:
        access = await authenticated(services(), lower_headers(request), "records")
        user_ref = read_user_ref(user_id, "user_id")
        return json_response(adjustments_json(access, user_ref, await services().adjustments.read(access, user_ref)))

    async def put(self, request: Request, user_id: str) -> HttpResponseBase:
        """In place of all that was stored. Raises ApiError 400 for a wish that is not granted, naming the rule."""
        access = await authenticated(services(), lower_headers(request))
        user_ref = read_user_ref(user_id, "user_id")
        wishes = read_adjustments(load_object(request._request.body).get("user_adjustments"), "user_adjustments")
        for name, why in refused(access, wishes).items():
            raise ApiError(400, f"user_adjustments.{name}: {why}")
        if not wishes:
            return await self._removed(access, user_ref)
        return json_response(
            adjustments_json(access, user_ref, await services().adjustments.store(access, user_ref, wishes))
        )

    async def delete(self, request: Request, user_id: str) -> HttpResponseBase:
        access = await authenticated(services(), lower_headers(request))
        return await self._removed(access, read_user_ref(user_id, "user_id"))

    async def _removed(self, access: Access, user_ref: str) -> HttpResponseBase:
        await services().adjustments.remove(access, user_ref)
        return json_response(adjustments_json(access, user_ref, Stored(NONE, None)))


def adjustments_json(access: Access, user_ref: str, stored: Stored) -> dict[str, Any]:
    """`not_granted`: what was granted when it was stored and is not any more."""
    return {
        "type": "user_adjustments",
        "user_id": user_ref,
        "user_adjustments": dict(stored.wishes),
        "not_granted": refused(access, stored.wishes),
        "updated_at": written(stored.updated_at),
    }
