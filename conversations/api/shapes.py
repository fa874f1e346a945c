"""What several of the API's resources share: moments, and the size of a page."""

from datetime import UTC, datetime

from conversations.errors import ApiError

DEFAULT_LIMIT, LARGEST_LIMIT = 20, 1000


def moment(at: datetime | None) -> str | None:
    """RFC 3339, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def limit_of(text: str | None) -> int:
    """How many a page may hold. Raises ApiError 400 that names the parameter."""
    try:
        limit = int(text) if text else DEFAULT_LIMIT
    except ValueError:
        limit = 0
    if not 1 <= limit <= LARGEST_LIMIT:
        raise ApiError(400, f"limit: a whole number from 1 to {LARGEST_LIMIT} is required")
    return limit
