"""Lists in pages, and what their parameters may be: the shape of the Messages API's own lists."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import QueryDict

from conversations.errors import ApiError
from conversations.reading import Position

DEFAULT_LIMIT, LARGEST_LIMIT = 20, 1000


def read_position(query: QueryDict) -> Position:
    """Raises ApiError 400 that names the parameter."""
    return Position(read_limit(query.get("limit")), read_cursor(query, "after_id"), read_cursor(query, "before_id"))


def read_limit(text: str | None) -> int:
    try:
        limit = int(text) if text else DEFAULT_LIMIT
    except ValueError:
        limit = 0
    if not 1 <= limit <= LARGEST_LIMIT:
        raise ApiError(400, f"limit: a whole number from 1 to {LARGEST_LIMIT} is required")
    return limit


def read_cursor(query: QueryDict, name: str) -> UUID | None:
    text = query.get(name)
    try:
        return UUID(text) if text else None
    except ValueError:
        raise ApiError(400, f"{name}: must be the id of one of the list") from None


def read_truth(query: QueryDict, name: str) -> bool | None:
    text = query.get(name)
    if text not in {None, "", "true", "false"}:
        raise ApiError(400, f"{name}: must be true or false")
    return text == "true" if text else None


def read_moment(query: QueryDict, name: str) -> datetime | None:
    """A time as RFC 3339 writes it, or a day; UTC where it names no other zone."""
    text = query.get(name)
    if not text:
        return None
    try:
        # In a query a plus sign stands for a space, and few remember to encode it.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ApiError(400, f"{name}: must be a time such as 2026-11-24T09:30:00Z, or a day") from None


def only(query: QueryDict, known: frozenset[str]) -> None:
    """A filter that is misspelt must not show everything. Raises ApiError 400 for a parameter that is not known."""
    for name in query:
        if name not in known:
            raise ApiError(400, f"{name[:100]}: is not a parameter of this list; known are {', '.join(sorted(known))}")


def page_json(shown: Sequence[Mapping[str, Any]], position: Position, *, has_more: bool) -> dict[str, Any]:
    """`shown`: as they were read, which for a page before another is in reverse."""
    data = list(reversed(shown)) if position.backwards else list(shown)
    return {
        "data": data,
        "has_more": has_more,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }


def written(moment: datetime | None) -> str | None:
    """A time in an answer: RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
