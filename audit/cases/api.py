"""A user's appeal, through the app: POST /v1/appeals and GET /v1/appeals/{id}.

It is rare and ends in the ORM, so it is done in the back office and not on the hot path.
"""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from rest_framework.request import Request

from audit.cases.appeals import LONGEST, AppealError, appeal_turn
from audit.cases.models import Appeal
from conversations.api.paging import written
from conversations.api.turns import known_turn
from conversations.api.views import AsyncAPIView, json_response, lower_headers
from conversations.errors import ApiError
from conversations.models import Turn
from conversations.requests import load_object
from conversations.services import services
from conversations.turn import authenticated


class AppealsView(AsyncAPIView):
    async def post(self, request: Request) -> HttpResponseBase:
        """201 with the appeal. A turn's conversation has one open appeal at a time: 409 for another."""
        access = await authenticated(services(), lower_headers(request))
        body = load_object(request._request.body)
        for name in body:
            if name not in {"turn_id", "reason"}:
                raise ApiError(400, f"{name[:100]}: is not a field here; there are turn_id, reason")
        turn_id, reason = _text(body, "turn_id", 64), _text(body, "reason", LONGEST)
        row = await known_turn(access.deployment_id, turn_id)

        def work() -> dict[str, Any]:
            turn = Turn.objects.select_related("conversation").defer("content", "decision").get(pk=row["id"])
            try:
                return appeal_json(appeal_turn(turn, reason=reason, key_id=access.key_id))
            except AppealError as error:
                raise ApiError(409, str(error)) from None

        return json_response(await services().back_office.do(work), 201)


class AppealView(AsyncAPIView):
    async def get(self, request: Request, appeal_id: str) -> HttpResponseBase:
        access = await authenticated(services(), lower_headers(request), "records")

        def work() -> dict[str, Any]:
            try:
                found = Appeal.objects.filter(
                    pk=UUID(appeal_id), deployment=access.deployment_id, by=Appeal.By.USER
                ).first()
            except ValueError:
                found = None
            if found is None:
                raise ApiError(404, f"there is no appeal {appeal_id[:64]!r} of this deployment's users")
            return appeal_json(found)

        return json_response(await services().back_office.do(work))


def appeal_json(appeal: Appeal) -> dict[str, Any]:
    """`answer` says why, once it is decided."""
    return {
        "type": "appeal",
        "id": str(appeal.pk),
        "turn": str(appeal.turn_id) if appeal.turn_id else None,
        "reason": appeal.reason,
        "status": appeal.status,
        "answer": appeal.answer or None,
        "made_at": written(appeal.made_at),
        "decided_at": written(appeal.decided_at),
    }


def _text(body: dict[str, Any], name: str, longest: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.replace("\0", "").strip() or len(value) > longest:
        raise ApiError(400, f"{name}: a text of 1 to {longest} characters is required")
    return value
