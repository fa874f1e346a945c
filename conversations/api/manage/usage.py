"""GET /v1/manage/usage: turns, tokens, cost and outcomes of a range of days or hours."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request

from conversations.api.manage import shapes
from conversations.api.manage.view import ManageView
from conversations.api.views import json_response
from conversations.errors import ApiError
from conversations.usage import Amount, Row, usage
from conversations.usage_question import UsageError, read_question
from operators.models import Key


class UsageView(ManageView):
    async def get(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        query, now = request.query_params, datetime.now(UTC)

        def work(key: Key) -> dict[str, Any]:
            try:
                question = read_question(query, key.deployment_id, now)
                counted = usage(question)
            except UsageError as error:
                raise ApiError(400, str(error)) from None
            return {
                "type": "usage",
                "from": shapes.time(question.start),
                "to": shapes.time(question.end),
                "by": question.by,
                "split": sorted(question.split),
                "total": _amount(counted.total),
                "data": [_row(row, question.split) for row in counted.rows],
            }

        return json_response(await self.manage(acting, work))


def _row(row: Row, split: frozenset[str]) -> dict[str, Any]:
    return {
        "start": shapes.time(row.start),
        **({"model": row.model} if "model" in split else {}),
        **({"key": str(row.key_id)} if "key" in split else {}),
        **_amount(row.amount),
    }


def _amount(amount: Amount) -> dict[str, Any]:
    """`cost` as text, in millionths of the currency of the catalogue's prices."""
    return {
        "turns": amount.turns,
        "failed": amount.failed,
        "outcomes": amount.outcomes,
        "input_tokens": amount.input_tokens,
        "output_tokens": amount.output_tokens,
        "cost": f"{amount.cost:.6f}",
        "unpriced_turns": amount.unpriced,
    }
