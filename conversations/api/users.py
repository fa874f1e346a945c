"""A user of this deployment is forgotten: DELETE /v1/users/{user_id}."""

from functools import partial
from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request

from audit.log.writer import Ref
from conversations.api.views import AsyncAPIView, json_response, lower_headers
from conversations.forgetting import forget
from conversations.models import Erasure
from conversations.requests import read_user_ref
from conversations.services import services
from conversations.turn import authenticated


class UserView(AsyncAPIView):
    async def delete(self, request: Request, user_id: str) -> HttpResponseBase:
        """From the answer on nobody reads a word; asking again tells how far the rest has come."""
        access = await authenticated(services(), lower_headers(request), "records")
        user_ref = read_user_ref(user_id, "user_id")
        actor = Ref("key", str(access.key_id))
        orders = await services().back_office.do(partial(forget, [access.deployment_id], user_ref, actor))
        return json_response(_json(user_ref, orders[0] if orders else None))


def _json(user_ref: str, order: Erasure | None) -> dict[str, Any]:
    return {
        "type": "user_erasure",
        "id": str(order.pk) if order else None,
        "user_id": user_ref,
        "state": "running" if order and order.done_at is None else "done",
        "conversations": order.conversations if order else 0,
    }
