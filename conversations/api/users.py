"""A user of this deployment is forgotten: DELETE /v1/users/{user_id}."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request

from audit.log.writer import Ref
from config import database
from conversations.api.views import AsyncAPIView, json_response, lower_headers
from conversations.forgetting import request_erasure, work_on
from conversations.models import UserErasure
from conversations.requests import read_user_ref
from conversations.services import services
from conversations.turn import authenticated

PATIENCE_SECONDS = 5.0
"""How long the answer waits; what is left then goes on without the caller."""


class UserView(AsyncAPIView):
    async def delete(self, request: Request, user_id: str) -> HttpResponseBase:
        """Asking again tells how far it has come, and changes nothing where it is done."""
        access = await authenticated(services(), lower_headers(request), "records")
        user_ref = read_user_ref(user_id, "user_id")
        owed = await services().back_office.do(
            partial(
                request_erasure,
                access.operator_id,
                access.deployment_id,
                user_ref,
                actor=Ref("key", str(access.key_id)),
                wait=timedelta(seconds=2 * PATIENCE_SECONDS),
            )
        )
        if owed is None:
            return json_response(_json(user_ref, done=True))
        done = await work_on(database.pool().connection, owed.pk, PATIENCE_SECONDS)
        counted = await services().back_office.do(partial(UserErasure.objects.get, pk=owed.pk))
        return json_response(_json(user_ref, done=done, counted=counted))


def _json(user_ref: str, *, done: bool, counted: UserErasure | None = None) -> dict[str, Any]:
    return {
        "type": "user_erasure",
        "id": str(counted.pk) if counted else None,
        "user_id": user_ref,
        "state": "done" if done else "running",
        "conversations": counted.conversations if counted else 0,
    }
