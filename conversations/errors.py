"""Errors as callers of the Messages API know them: a status, a type and a sentence."""

from dataclasses import dataclass, field
from typing import Any

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    409: "conflict_error",
    413: "request_too_large",
    415: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


@dataclass
class ApiError(Exception):
    """Ends a request. `status` is the HTTP status; `kind` the type in the body; `headers` go out with it; `more` stands
    beside the message."""

    status: int
    message: str
    kind: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.message)
        self.kind = self.kind or TYPES.get(self.status, "api_error" if self.status >= 500 else "invalid_request_error")

    def body(self, request_id: str) -> dict[str, Any]:
        """The documented shape, in an answer's body and in a stream's `error` event alike."""
        error = {"type": self.kind, "message": self.message, **self.more}
        return {"type": "error", "error": error, "request_id": request_id}


class LacksScopeError(ApiError):
    """The key is good, but not for this."""

    def __init__(self, scope: str) -> None:
        super().__init__(403, f"this key may not do that: it lacks the scope {scope!r}")


class PausedError(ApiError):
    """Stewards have paused what was asked for (403), or it is not known whether they have (503)."""


class NotRecordedError(ApiError):
    """The turn could not be recorded, so it was not answered."""

    def __init__(self) -> None:
        super().__init__(
            503, "the turn could not be recorded, so its answer is withheld; try again", headers={"retry-after": "2"}
        )
