"""How an upstream can fail, in the words and statuses that the caller gets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from conversations.errors import ApiError

RETRIED = frozenset({408, 500, 502, 503, 504, 529})
LONGEST_RETRY_AFTER = 2.0
EVENT_STATUSES = {"overloaded_error": 529, "rate_limit_error": 429, "timeout_error": 504}


@dataclass
class UpstreamError(ApiError):
    """The model failed; status, type and text are what the caller is told."""

    elsewhere: bool = False
    """Another upstream may do better, as long as the caller was sent nothing."""
    again: bool = False
    """The same one may do better in a moment."""
    sound: bool = False
    """The upstream itself is well; it only cannot do this."""


@contextmanager
def named() -> Iterator[None]:
    """What breaks between us and an upstream, as UpstreamError."""
    try:
        yield
    except TimeoutError as error:
        raise UpstreamError(504, "the model did not answer in time", elsewhere=True) from error
    except (aiohttp.ClientError, OSError) as error:
        again = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ServerDisconnectedError | ConnectionResetError)
        raise UpstreamError(502, "the model cannot be reached, or broke off", elsewhere=True, again=again) from error


def malformed(what: str) -> UpstreamError:
    return UpstreamError(502, what, elsewhere=True)


def of_status(status: int, headers: Any, raw: bytes) -> UpstreamError:
    """An answer that is not 200."""
    told = {"retry-after": headers["retry-after"]} if "retry-after" in headers else {}
    if status in {429, 529}:
        told.setdefault("retry-after", "5")
    if status in {401, 402, 403}:
        # Our key upstream, not the caller's: their client must not conclude that theirs is wrong.
        return UpstreamError(502, "Plumbline's own access to the model was refused")
    if not 400 <= status <= 599:
        return UpstreamError(502, f"the model answered with status {status}")
    try:
        kind, message = _error_of(orjson.loads(raw))
    except orjson.JSONDecodeError:
        kind, message = "", ""
    return UpstreamError(
        status,
        message or f"the model answered with status {status}",
        kind,
        told,
        elsewhere=status >= 500 or status in RETRIED,
        again=status in RETRIED and retry_after(told) <= LONGEST_RETRY_AFTER,
    )


def of_event(data: dict[str, Any]) -> UpstreamError:
    """A stream's `error` event."""
    kind, message = _error_of(data)
    status = EVENT_STATUSES.get(kind, 502)
    return UpstreamError(status, message or "the model's stream failed", kind, elsewhere=status >= 500)


def retry_after(headers: dict[str, str]) -> float:
    """The seconds asked for; 0 where none are, infinite where they cannot be read."""
    try:
        return max(0.0, float(headers.get("retry-after") or 0))
    except ValueError:
        return float("inf")


def _error_of(body: Any) -> tuple[str, str]:
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("type") or ""), str(error.get("message") or "")[:1000]
