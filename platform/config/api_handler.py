"""The lean ASGI handler under /v1: reads the body, calls the view, sends the response; nothing enters a thread.

Django's own handler runs its request signals and `response.close` in threads, which alone costs more than a whole turn
(docs/decisions/0004-the-hot-path.md). Nothing here uses Django's database connections, so those signals have no work.
The API's middleware would stand in `_middleware_chain`; errors, request ids and time-outs are the view's own.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import cache, cached_property
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpResponseBase

from config.bodies import largest

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

log = logging.getLogger(__name__)


class ApiRequest(ASGIRequest):
    """`too_large` tells that the body went over `largest` (bytes); the view answers that in the API's shape."""

    too_large = False
    largest = 0
    chunks: Sequence[bytes] = ()
    """The body as it came in."""
    urlconf = "config.api_urls"

    @cached_property
    def body(self) -> bytes:
        """Whole. Django's own would be held to the limit for pages."""
        return b"".join(self.chunks)


class StreamedResponse(HttpResponseBase):
    """A response whose body is an async generator of bytes. The handler closes it, also when the caller hangs up."""

    streaming = True

    def __init__(self, parts: AsyncGenerator[bytes, None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parts = parts


class ApiHandler(ASGIHandler):
    """Serves config.api_urls. Bodies end at settings.API_BODY_BYTES.

    known: for paths that take large ones, whether a request's headers are those of a caller who may send them; what
    strangers send ends at settings.API_STRANGERS_BODY_BYTES.
    """

    request_class = ApiRequest

    def __init__(self, known: Mapping[str, Callable[[Scope], Awaitable[bool]]] | None = None) -> None:
        self._known = known or {}
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain = convert_exception_to_response(self._get_response_async)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        most, body = largest(settings.API_BODY_BYTES, scope["path"]), _Body(receive)
        refused = _announced(scope) > most
        if not refused and not await self._read(body, scope, most):
            return
        request = self.request_class(scope, BytesIO(b""))
        request.chunks, request._read_started = body.chunks, True
        request.too_large, request.largest = refused or body.size > most, most
        if request.too_large:
            # Nothing more is read, and so a caller who asks first whether to send it is told no.
            await _send(await self._middleware_chain(request), send)
            return
        answering = asyncio.current_task()
        assert answering is not None  # noqa: S101 - an ASGI server runs us in a task
        hung_up = False

        def cancel(_: object) -> None:
            nonlocal hung_up
            hung_up = True
            answering.cancel()

        leaving = asyncio.create_task(_disconnected(receive))
        leaving.add_done_callback(cancel)
        try:
            await _send(await self._middleware_chain(request), send)
        except asyncio.CancelledError:
            if not hung_up:
                raise
            answering.uncancel()
        finally:
            leaving.remove_done_callback(cancel)
            leaving.cancel()

    async def _read(self, body: "_Body", scope: Scope, most: int) -> bool:
        """False when the caller left before the body was whole. Of strangers part is enough: the view refuses them."""
        known = self._known.get(scope["path"])
        if known is None or most <= settings.API_STRANGERS_BODY_BYTES:
            return await body.read(most)
        # Nobody's megabytes are kept before it is known who they are.
        there = await body.read(settings.API_STRANGERS_BODY_BYTES)
        if there and body.size > settings.API_STRANGERS_BODY_BYTES and await known(scope):
            return await body.read(most)
        return there


class _Body:
    """A request's body as it comes in. `size`: how much of it has come."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.chunks: list[bytes] = []
        self._whole = False
        self.size = 0

    async def read(self, limit: int) -> bool:
        """Reads on, at most a little over the limit. False when the caller left before it was whole."""
        while not self._whole and self.size <= limit:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return False
            self.chunks.append(message.get("body", b""))
            self.size += len(self.chunks[-1])
            self._whole = not message.get("more_body", False)
        return True


def _announced(scope: Scope) -> int:
    """The body's length, where the caller says it beforehand."""
    said = dict(scope["headers"]).get(b"content-length", b"0")
    return int(said) if said.isdigit() else 0


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@cache
def _protective() -> tuple[tuple[bytes, bytes], ...]:
    """What browsers are told with every answer: it is no page, whatever it looks like, and is only had over TLS."""
    headers = [(b"x-content-type-options", b"nosniff"), (b"content-security-policy", b"default-src 'none'")]
    if settings.SECURE_HSTS_SECONDS:
        told = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
        headers.append((b"strict-transport-security", told.encode()))
    return tuple(headers)


async def _send(response: HttpResponseBase, send: Send) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    headers += _protective()
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    if isinstance(response, StreamedResponse):
        async with aclosing(response.parts) as parts:
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": response.content})
