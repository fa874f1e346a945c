"""GET /v1/manage/usage: turns, tokens, cost and outcomes of a range of days or hours."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase, QueryDict
from rest_framework.request import Request

from conversations.api.manage import shapes
from conversations.api.manage.view import ManageView, reach
from conversations.api.views import json_response
from conversations.errors import ApiError
from conversations.usage import Amount, By, Question, Row, UsageError, usage
from operators.models import Key

SPLITS = frozenset({"model", "key"})
USUAL: dict[By, timedelta] = {"day": timedelta(days=30), "hour": timedelta(days=1)}


class UsageView(ManageView):
    async def get(self, request: Request) -> HttpResponseBase:
        acting = await self.acting(request)
        query, now = request.query_params, datetime.now(UTC)

        def work(key: Key) -> dict[str, Any]:
            try:
                question = read_question(query, key.deployment_id, now)
                counted = usage(question, reach(key).listed.values())
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


def read_question(query: QueryDict, deployment_id: UUID, now: datetime) -> Question:
    """Without a range: the last 30 days, or the last 24 hours. Raises UsageError that names the parameter."""
    by = query.get("by") or "day"
    if by not in USUAL:
        raise UsageError("by: must be day or hour")
    split = frozenset(part for text in query.getlist("split") for part in text.split(",") if part)
    if split - SPLITS:
        raise UsageError("split: must be of model and key")
    end = _moment("to", query.get("to")) or now
    start = _moment("from", query.get("from")) or _floor(end - USUAL[by], by)
    model, key = query.get("model", ""), query.get("key")
    if len(model) > 128 or "\0" in model:
        raise UsageError("model: a name of at most 128 characters is required")
    try:
        return Question(deployment_id, start, end, by, model, UUID(key) if key else None, split)
    except ValueError as error:
        raise error if isinstance(error, UsageError) else UsageError("key: the id of a key is required") from None


def _moment(name: str, text: str | None) -> datetime | None:
    """A day or a time; without a zone it is UTC."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{name}: a day or time is required, e.g. 2027-01-31 or 2027-01-31T08:00:00Z") from None
    if not 2000 <= at.year <= 9000:
        raise UsageError(f"{name}: must lie between the years 2000 and 9000")
    return at


def _floor(at: datetime, by: By) -> datetime:
    whole = at.replace(minute=0, second=0, microsecond=0)
    return whole.replace(hour=0) if by == "day" else whole


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
        "outcomes": dict(amount.outcomes),
        "input_tokens": amount.input_tokens,
        "output_tokens": amount.output_tokens,
        "cost": f"{amount.cost:.6f}",
        "unpriced_turns": amount.unpriced,
    }
