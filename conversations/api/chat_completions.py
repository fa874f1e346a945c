"""POST /v1/chat/completions: for OpenAI's clients, a translation in front of the very same turn."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from rest_framework.request import Request

from conversations.api.answering import answered
from conversations.api.views import AsyncAPIView, lower_headers
from conversations.errors import ApiError
from conversations.openai.answer import Wanted, completion
from conversations.openai.errors import callers_name
from conversations.openai.request import read_chat_request
from conversations.openai.stream import Chunks
from conversations.services import services
from conversations.sse import Event
from conversations.turn import authenticated, begin


class ChatCompletionsView(AsyncAPIView):
    def speaks_openai(self, request: HttpRequest) -> bool:  # noqa: ARG002 - whatever the headers
        return True

    async def post(self, request: Request) -> HttpResponseBase:
        headers = lower_headers(request)
        # The translation writes for one version of the Messages API, whichever the caller names.
        headers.pop("anthropic-version", None)
        access = await authenticated(services(), headers)
        chat = read_chat_request(request._request.body, access.offers)
        turn = await begin(services(), access, chat.asked, headers, self.request_id)
        turn.dropped = chat.dropped | {callers_name(name): word for name, word in turn.dropped.items()}
        return await answered(turn, CompletionShape(int(turn.started_at.timestamp()), chat.wanted))


class CompletionShape:
    def __init__(self, created: int, wanted: Wanted) -> None:
        self._created, self._wanted = created, wanted
        self._chunks = Chunks(created, wanted)

    def whole(self, message: dict[str, Any]) -> dict[str, Any]:
        return completion(message, self._created, self._wanted)

    def part(self, event: Event) -> bytes:
        return self._chunks.feed(event)

    def failure(self, error: ApiError) -> bytes:
        return self._chunks.fail(error)
