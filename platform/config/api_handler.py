"""The lean ASGI handler under /v1: reads the body, calls the view, sends the response; nothing enters a thread.

Django's own handler runs its request signals and `response.close` in threads, which alone costs more than a whole turn
(docs/decisions/0004-the-hot-path.md). Nothing here uses Django's database connections, so those signals have no work.
The API's middleware would stand in `_middleware_chain`; errors, request ids and time-outs are the view's own.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
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
    urlconf = "config.api_urls"


class StreamedResponse(HttpResponseBase):
    """A response whose body is an async generator of bytes. The handler closes it, also when the caller hangs up."""

    streaming = True

    def __init__(self, parts: AsyncGenerator[bytes, None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parts = parts


class ApiHandler(ASGIHandler):
    """Serves config.api_urls."""

    request_class = ApiRequest

    def __init__(self) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain = convert_exception_to_response(self._get_response_async)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = largest(settings.API_BODY_BYTES, scope["path"])
        body = b"" if (refused := _announced(scope) > most) else await _read_body(receive, most)
        if body is None:
            return
        request = self.request_class(scope, BytesIO(body))
        request._body = body  # Django's own limit is for the pages' forms
        request.too_large, request.largest = refused or len(body) > most, most
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


def _announced(scope: Scope) -> int:
    """The body's length, where the caller says it beforehand."""
    said = dict(scope["headers"]).get(b"content-length", b"0")
    return int(said) if said.isdigit() else 0


async def _read_body(receive: Receive, most: int) -> bytes | None:
    """The body, read at most a little over `most` bytes; None when the caller left before it was whole."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if not message.get("more_body", False) or size > most:
            return b"".join(chunks)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(response: HttpResponseBase, send: Send) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    if isinstance(response, StreamedResponse):
        async with aclosing(response.parts) as parts:
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": response.content})
