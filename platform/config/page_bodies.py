"""How large the body of a request for a page may be. Django's own limits do not count files.

Forms are small. What says that it is larger is refused before any of it is read; what does not say so, once it is.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from config.bodies import MIB

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Handler = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

LARGEST = 4 * MIB
_TEXT = b"This is larger than any form here."


class TooLargeError(Exception):
    """The body went over the limit while it was read."""


def bounded(handler: Handler) -> Handler:
    async def bounded_handler(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > LARGEST:
            await _refuse(send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > LARGEST:
                raise TooLargeError
            return message

        try:
            await handler(scope, counted, send)
        except TooLargeError:
            await _refuse(send)  # the handler reads the body before it answers

    return bounded_handler


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": _TEXT})
