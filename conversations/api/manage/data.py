"""GET and PATCH /v1/manage/data: what the deployment keeps of what is said."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from rest_framework.request import Request

from conversations.api.manage import shapes
from conversations.api.manage.body import Body
from conversations.api.manage.view import ManageView
from conversations.api.views import json_response
from conversations.errors import ApiError
from operators.data_settings import change_data_settings, data_settings, said
from operators.models import DataSettings, Key

MOST_DAYS = 3650
RUNS = 30


class DataView(ManageView):
    async def get(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        return json_response(await self.manage(acting, lambda key: _shown(data_settings(key.deployment))))

    async def patch(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        body = Body(request, "store_content", "retention_days", "redaction", "region_note")
        values = _values(body)

        def work(key: Key) -> dict[str, Any]:
            try:
                return _shown(change_data_settings(key.deployment, values, by=key))
            except ValidationError as error:
                field, told = next(iter(error.message_dict.items()))
                raise ApiError(400, f"{field}: {told[0]}") from None

        return json_response(await self.manage(acting, work))


def _values(body: Body) -> dict[str, Any]:
    """What the body names. Alone of all fields, `retention_days` takes a null: for good."""
    values: dict[str, Any] = {}
    if body.has("store_content"):
        values["store_content"] = body.flag("store_content")
    if body.names("retention_days"):
        values["retention_days"] = body.number("retention_days", 1, MOST_DAYS, None)
    if body.has("redaction"):
        values["redaction"] = body.text("redaction", 8)
    if body.has("region_note"):
        values["region_note"] = body.text("region_note", 500, "")
    return values


def _shown(row: DataSettings) -> dict[str, Any]:
    runs = row.deployment.retention_runs.all()[:RUNS]
    return {"type": "data_settings", **said(row), "retention_runs": [_run(run) for run in runs]}


def _run(run: Any) -> dict[str, Any]:
    return {
        "at": shapes.time(run.started_at),
        "days": run.days,
        "turns": run.turns,
        "conversations": run.conversations,
        "oldest_kept": shapes.time(run.oldest_kept) if run.oldest_kept else None,
    }
