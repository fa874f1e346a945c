"""One exchange with one upstream, over the Messages API's wire protocol. Any server that speaks it can be upstream.

aiohttp stands beneath the protocol without the official client between: building that client's request and response
objects took six times as long as the exchange itself (docs/decisions/0004-the-hot-path.md).
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
import orjson
from django.conf import settings

from conversations.sse import Decoder, Event, MalformedStreamError
from conversations.upstreams.failures import malformed, named, of_event, of_status
from operators.addresses import public_socket
from operators.catalogue import Endpoint

VERSION = "2023-06-01"
CONNECTIONS = 4000
SLOWEST_TOKENS_A_SECOND = 20
LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of a plain answer. Whose upstream it is may send what they like, and we need not keep it."""
LARGEST_ERROR = 256 * 1024
"""Bytes of an answer that is an error; what comes after is not read."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. first: from the request to the answer's first byte; idle: between its parts; total: for all of it."""

    connect: float
    first: float
    idle: float
    total: float

    @classmethod
    def from_settings(cls) -> Self:
        return cls(
            settings.UPSTREAM_CONNECT_SECONDS,
            settings.UPSTREAM_FIRST_TOKEN_SECONDS,
            settings.UPSTREAM_IDLE_SECONDS,
            settings.UPSTREAM_TOTAL_SECONDS,
        )

    def whole(self, max_tokens: Any) -> float:
        """To the first byte of a plain answer, which comes once all of it is written."""
        tokens = max_tokens if isinstance(max_tokens, int) else 0
        return min(self.total, self.first + tokens / SLOWEST_TOKENS_A_SECOND)


class Wire:
    """The process's connections. Those to operators' own upstreams are kept apart, and go to public addresses only
    unless `private` allows others: neither a name that leads inside nor a connection to us is theirs to use."""

    def __init__(self, times: Times, *, private: bool) -> None:
        self.times = times
        self._platform = _session(times, None)
        self._operators = _session(times, None if private else public_socket)

    async def close(self) -> None:
        await self._platform.close()
        await self._operators.close()

    async def post(
        self, endpoint: Endpoint, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> aiohttp.ClientResponse:
        """A response with status 200, its body unread. Raises UpstreamError, and what `named` names."""
        sent = {"x-api-key": endpoint.api_key or "none", "anthropic-version": VERSION, **headers}
        if endpoint.operator_id is None:
            # It picks a workspace of whoever's key it is: not the caller's to pick where the key is the platform's.
            sent.pop("anthropic-workspace-id", None)
        response = await self._session(endpoint).post(
            endpoint.url(path), data=orjson.dumps(body), headers=sent, allow_redirects=False
        )
        if response.status != 200:
            async with response:
                raise of_status(response.status, response.headers, await _beginning(response))
        return response

    async def reachable(self, endpoint: Endpoint, seconds: float) -> bool:
        """Whether anything answers at its address."""
        try:
            limit = aiohttp.ClientTimeout(total=seconds)
            async with self._session(endpoint).get(
                endpoint.url("models"),
                headers={"x-api-key": endpoint.api_key or "none"},
                timeout=limit,
                allow_redirects=False,  # the key would go along
            ) as response:
                return response.status < 500
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    def _session(self, endpoint: Endpoint) -> aiohttp.ClientSession:
        return self._platform if endpoint.operator_id is None else self._operators


def _session(times: Times, socket_factory: Any) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=30, socket_factory=socket_factory),
        timeout=aiohttp.ClientTimeout(total=times.total, sock_connect=times.connect),
        headers={"content-type": "application/json"},
        read_bufsize=2**16,
    )


async def read_whole(response: aiohttp.ClientResponse, idle: float) -> bytes:
    """Raises UpstreamError for more than LARGEST_ANSWER bytes."""
    pieces, size = [], 0
    while piece := await _piece(response, idle):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER:
            raise malformed("the model's answer was larger than any can be")
    return b"".join(pieces)


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    raw = b""
    while len(raw) < LARGEST_ERROR and (piece := await response.content.read(LARGEST_ERROR - len(raw))):
        raw += piece
    return raw


async def events(response: aiohttp.ClientResponse, idle: float) -> AsyncGenerator[Event, None]:
    """A stream's events as they arrive; whoever asks for the first one limits its time. Raises UpstreamError."""
    if response.content_type != "text/event-stream":
        raise malformed("the model's answer was not a stream")
    decoder, limit = Decoder(), None
    try:
        with named():
            while piece := await _piece(response, limit):
                for event in decoder.feed(piece):
                    if event.name == "error":
                        raise of_event(event.data)
                    yield event
                    if event.name == "message_stop":
                        return
                    limit = idle
    except MalformedStreamError as error:
        raise malformed(f"the model's stream was malformed: {error}") from error
    raise malformed("the model's stream ended before its last event")


async def _piece(response: aiohttp.ClientResponse, seconds: float | None) -> bytes:
    """What has arrived, at least a byte; empty at the end."""
    async with asyncio.timeout(seconds):
        return await response.content.readany()
