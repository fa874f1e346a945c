"""POST /v1/messages."""

from collections.abc import AsyncGenerator, AsyncIterator

from django.http import HttpResponseBase
from rest_framework.request import Request

from config.api_handler import StreamedResponse
from conversations import wording
from conversations.api.views import AsyncAPIView, json_response, lower_headers
from conversations.errors import ApiError
from conversations.requests import read_messages_request
from conversations.running import Stream
from conversations.services import services
from conversations.sse import Event, encode
from conversations.turn import answer_in_stream, answer_plainly, authenticated, begin


class MessagesView(AsyncAPIView):
    async def post(self, request: Request) -> HttpResponseBase:
        return await self.answer(request, lower_headers(request))

    async def answer(self, request: Request, headers: dict[str, str]) -> HttpResponseBase:
        """One turn, as the body and these headers ask for it."""
        access = await authenticated(services(), headers)
        asked = read_messages_request(request._request.body)
        turn = await begin(services(), access, asked, headers, self.request_id)
        told = wording.reply_headers(turn)
        try:
            if not turn.request.stream:
                return json_response(await answer_plainly(turn), headers=told)
            stream = Stream(answer_in_stream(turn), turn)
            services().running.add(stream)
            events = stream.events()
            # The model's refusal to start is still an HTTP status; after the first byte only an event can tell.
            first = await anext(events)
        except ApiError as error:
            error.headers |= told
            raise
        return StreamedResponse(
            _encoded(first, events, self.request_id),
            content_type="text/event-stream; charset=utf-8",
            headers={"cache-control": "no-cache", **told},
        )


async def _encoded(first: Event, rest: AsyncIterator[Event], request_id: str) -> AsyncGenerator[bytes, None]:
    try:
        yield first.raw
        async for event in rest:
            yield event.raw
    except ApiError as error:
        yield encode("error", error.body(request_id))
    finally:
        await rest.aclose()  # type: ignore[attr-defined] # an async generator
