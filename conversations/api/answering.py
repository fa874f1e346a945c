"""A turn's answer as an HTTP response, plain or streamed, in whichever shape its caller speaks."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Protocol

from django.http import HttpResponseBase

from config.api_handler import StreamedResponse
from conversations import wording
from conversations.api.views import json_response
from conversations.errors import ApiError
from conversations.running import Stream
from conversations.sse import Event, encode
from conversations.turn import TurnInProgress, answer_in_stream, answer_plainly


class Shape(Protocol):
    """How one API puts one answer: whole, or event by event."""

    def whole(self, message: dict[str, Any]) -> Any: ...

    def part(self, event: Event) -> bytes:
        """Empty where the event is nothing to this caller."""
        ...

    def failure(self, error: ApiError) -> bytes:
        """The end of a stream that failed in the middle."""
        ...


class MessagesShape:
    """The Messages API's own: nothing is translated."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id

    def whole(self, message: dict[str, Any]) -> dict[str, Any]:
        return message

    def part(self, event: Event) -> bytes:
        return event.raw

    def failure(self, error: ApiError) -> bytes:
        return encode("error", error.body(self._request_id))


async def answered(turn: TurnInProgress, shape: Shape) -> HttpResponseBase:
    """Raises ApiError for what fails before the first byte."""
    told = wording.reply_headers(turn)
    try:
        if not turn.request.stream:
            return json_response(shape.whole(await answer_plainly(turn)), headers=told)
        stream = Stream(answer_in_stream(turn), turn)
        turn.services.running.add(stream)
        events = stream.events()
        # The model's refusal to start is still an HTTP status; after the first byte only an event can tell.
        first = await anext(events)
    except ApiError as error:
        error.headers |= told
        raise
    return StreamedResponse(
        _parts(first, events, shape),
        content_type="text/event-stream; charset=utf-8",
        headers={"cache-control": "no-cache", **told},
    )


async def _parts(first: Event, rest: AsyncIterator[Event], shape: Shape) -> AsyncGenerator[bytes, None]:
    try:
        yield shape.part(first)
        async for event in rest:
            if part := shape.part(event):
                yield part
    except ApiError as error:
        yield shape.failure(error)
    finally:
        await rest.aclose()  # type: ignore[attr-defined] # an async generator
