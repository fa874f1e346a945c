"""Lists in pages: `limit` and `after_id`, as the lists of the Messages API have them."""

from collections.abc import Sequence
from typing import Any

from django.http import QueryDict

from conversations.errors import ApiError

USUAL, MOST = 20, 100


def limit_of(query: QueryDict) -> int:
    """Raises ApiError 400."""
    text = query.get("limit") or str(USUAL)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= MOST or len(text) > 6:
        raise ApiError(400, f"limit: a whole number from 1 to {MOST} is required")
    return int(text)


def page(rows: Sequence[dict[str, Any]], limit: int, name: str) -> dict[str, Any]:
    """rows: at most limit + 1 of them, of which the last only tells that there is more; `name` holds a row's id."""
    shown = list(rows[:limit])
    return {
        "data": shown,
        "has_more": len(rows) > limit,
        "first_id": shown[0][name] if shown else None,
        "last_id": shown[-1][name] if shown else None,
    }
