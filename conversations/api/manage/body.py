"""The body of a management request, field by field. What is not asked for is refused: a misspelt `expires_at` must not
make a key that never expires."""

from datetime import datetime
from typing import Any

from rest_framework.request import Request

from conversations.errors import ApiError
from conversations.requests import load_object
from operators.texts import is_one_line

LARGEST = 1024 * 1024
REQUIRED: Any = object()


class Body:
    """Each reader raises ApiError 400 that names the field. A null counts as a field that is not there."""

    def __init__(self, request: Request, *fields: str) -> None:
        raw = request._request.body
        if len(raw) > LARGEST:
            raise ApiError(413, "the body is larger than management takes (1 MB)")
        self._data = load_object(raw) if raw.strip() else {}
        for name in self._data:
            if name not in fields:
                raise ApiError(400, f"{name[:100]}: is not a field here; there are {', '.join(fields)}")

    def has(self, name: str) -> bool:
        return self._data.get(name) is not None

    def names(self, name: str) -> bool:
        """Also with a null."""
        return name in self._data

    def json(self, name: str) -> Any:
        return self._data.get(name)

    def text(self, name: str, longest: int, default: str = REQUIRED) -> str:
        """One line, trimmed, without control characters."""
        value = self._value(name, default)
        if not isinstance(value, str) or len(value) > longest or (default is REQUIRED and not value.strip()):
            raise ApiError(400, f"{name}: a text of at most {longest} characters is required")
        if not is_one_line(value):
            raise ApiError(400, f"{name}: must be one line without control characters")
        return value.strip()

    def number(self, name: str, lowest: int, highest: int, default: Any = REQUIRED) -> Any:
        """A whole number, or the default."""
        value = self._value(name, default)
        if value is default:
            return value
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise ApiError(400, f"{name}: a whole number from {lowest} to {highest} is required")
        return value

    def flag(self, name: str) -> bool:
        value = self._value(name, False)
        if not isinstance(value, bool):
            raise ApiError(400, f"{name}: must be true or false")
        return value

    def moment(self, name: str) -> datetime | None:
        value = self._value(name, None)
        return None if value is None else moment(name, value)

    def _value(self, name: str, default: Any) -> Any:
        value = self._data.get(name)
        if value is None:
            if default is REQUIRED:
                raise ApiError(400, f"{name}: is required")
            return default
        return value


def moment(name: str, text: Any) -> datetime:
    """A time with its zone, in ISO 8601. Raises ApiError 400 that names the field."""
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        at = None
    if at is None or at.tzinfo is None:
        raise ApiError(400, f"{name}: a time with its zone is required, e.g. 2027-01-31T00:00:00Z")
    return at
