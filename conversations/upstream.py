"""Answer: the model, spoken to over the Messages API's wire protocol. Any server that speaks it can be upstream.

aiohttp stands beneath the protocol without the official client between: building that client's request and response
objects took six times as long as the exchange itself (docs/decisions/0004-the-hot-path.md). Retries and times are
bounded; the model's errors reach the caller in the same shape and status.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from django.conf import settings

from conversations.errors import ApiError
from conversations.sse import Decoder, Event, MalformedStreamError

VERSION = "2023-06-01"
OFFICIAL = "https://api.anthropic.com"
RETRIED = frozenset({408, 500, 502, 503, 504, 529})
LONGEST_RETRY_AFTER = 2.0
CONNECTIONS = 4000


class UpstreamError(ApiError):
    """The model failed; status, type and text are what the caller is told."""


@dataclass(slots=True)
class Answer:
    """A plain answer: the Messages API's `message` object and the model's own request id."""

    message: dict[str, Any]
    request_id: str


class Upstream:
    """One connection pool for the process."""

    def __init__(self) -> None:
        self._url = (settings.ANTHROPIC_BASE_URL or OFFICIAL).rstrip("/")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=30),
            timeout=aiohttp.ClientTimeout(
                total=settings.UPSTREAM_TOTAL_SECONDS,
                sock_connect=settings.UPSTREAM_CONNECT_SECONDS,
                sock_read=settings.UPSTREAM_IDLE_SECONDS,
            ),
            headers={
                "x-api-key": settings.ANTHROPIC_API_KEY or "none",
                "content-type": "application/json",
                "anthropic-version": VERSION,
            },
            read_bufsize=2**16,
        )

    async def close(self) -> None:
        await self._session.close()

    async def reachable(self) -> bool:
        """Whether anything answers at the model's address; for /readyz."""
        try:
            async with self._session.get(f"{self._url}/v1/models", timeout=aiohttp.ClientTimeout(total=3)) as response:
                return response.status < 500
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def answer(self, body: dict[str, Any], headers: dict[str, str]) -> Answer:
        """One plain answer. Raises UpstreamError."""
        async with self._exchange(body, headers) as response:
            raw = await response.read()
        try:
            message = orjson.loads(raw)
        except orjson.JSONDecodeError:
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("content"), list):
            raise UpstreamError(502, "the model's answer was malformed")
        return Answer(message, response.headers.get("request-id", ""))

    @asynccontextmanager
    async def stream(self, body: dict[str, Any], headers: dict[str, str]) -> AsyncIterator[AsyncIterator[Event]]:
        """The answer's events as they arrive. Raises UpstreamError on entry, or while iterating."""
        async with self._exchange(body, headers) as response:
            if response.content_type != "text/event-stream":
                raise UpstreamError(502, "the model's answer was not a stream")
            yield _events(response)

    @asynccontextmanager
    async def _exchange(self, body: dict[str, Any], headers: dict[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        """A response with status 200; leaving the block early closes the connection, which tells the model to stop."""
        try:
            response = await self._post(orjson.dumps(body), headers)
            async with response:
                yield response
        except TimeoutError as error:
            raise UpstreamError(504, "the model did not answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamError(502, "the model cannot be reached, or broke off") from error

    async def _post(self, data: bytes, headers: dict[str, str]) -> aiohttp.ClientResponse:
        for attempt in range(settings.UPSTREAM_RETRIES + 1):
            last = attempt == settings.UPSTREAM_RETRIES
            wait = 0.2 * 2**attempt * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, not a secret
            try:
                response = await self._session.post(
                    f"{self._url}/v1/messages", data=data, headers=headers, allow_redirects=False
                )
            except (aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError, ConnectionResetError):
                if last:
                    raise
            else:
                if response.status == 200:
                    return response
                error = await _status_error(response)
                asked = _seconds(error.headers.get("retry-after"))
                if last or response.status not in RETRIED or asked > LONGEST_RETRY_AFTER:
                    raise error
                wait = max(wait, asked)
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[Event]:
    decoder = Decoder()
    try:
        async for piece in response.content.iter_any():
            for event in decoder.feed(piece):
                if event.name == "error":
                    raise _error_event(event.data)
                yield event
                if event.name == "message_stop":
                    return
    except MalformedStreamError as error:
        raise UpstreamError(502, f"the model's stream was malformed: {error}") from error
    raise UpstreamError(502, "the model's stream ended before its last event")


def _error_event(data: dict[str, Any]) -> UpstreamError:
    kind, message = _error_of(data)
    status = {"overloaded_error": 529, "rate_limit_error": 429, "timeout_error": 504}.get(kind, 502)
    return UpstreamError(status, message or "the model's stream failed", kind)


async def _status_error(response: aiohttp.ClientResponse) -> UpstreamError:
    status = response.status
    raw = await response.read()
    response.release()
    headers = {"retry-after": response.headers["retry-after"]} if "retry-after" in response.headers else {}
    if status in {429, 529}:
        headers.setdefault("retry-after", "5")
    if status in {401, 403}:
        # Our key upstream, not the caller's: their client must not conclude that theirs is wrong.
        return UpstreamError(502, "Plumbline's own access to the model was refused")
    if not 400 <= status <= 599:
        return UpstreamError(502, f"the model answered with status {status}")
    try:
        kind, message = _error_of(orjson.loads(raw))
    except orjson.JSONDecodeError:
        kind, message = "", ""
    return UpstreamError(status, message or f"the model answered with status {status}", kind, headers)


def _error_of(body: Any) -> tuple[str, str]:
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("type") or ""), str(error.get("message") or "")[:1000]


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return float("inf")
