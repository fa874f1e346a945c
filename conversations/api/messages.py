"""POST /v1/messages."""

from django.http import HttpResponseBase
from rest_framework.request import Request

from conversations.api.answering import MessagesShape, answered
from conversations.api.views import AsyncAPIView, lower_headers
from conversations.requests import read_messages_request
from conversations.services import services
from conversations.turn import authenticated, begin
from conversations.versions import check_version


class MessagesView(AsyncAPIView):
    async def post(self, request: Request) -> HttpResponseBase:
        return await self.answer(request, lower_headers(request))

    async def answer(self, request: Request, headers: dict[str, str]) -> HttpResponseBase:
        """One turn, as the body and these headers ask for it."""
        access = await authenticated(services(), headers)
        check_version(headers)
        asked = read_messages_request(request._request.body)
        turn = await begin(services(), access, asked, headers, self.request_id)
        return await answered(turn, MessagesShape(self.request_id))
