"""POST /v1/messages/count_tokens: what the model would read, our system included. No turn, so nothing is recorded."""

from django.http import HttpResponseBase
from rest_framework.request import Request

from conversations import wording
from conversations.api.views import AsyncAPIView, json_response, lower_headers
from conversations.requests import read_messages_request
from conversations.services import services
from conversations.turn import authenticated, begin
from conversations.versions import check_version


class CountTokensView(AsyncAPIView):
    async def post(self, request: Request) -> HttpResponseBase:
        headers = lower_headers(request)
        access = await authenticated(services(), headers)
        check_version(headers)
        asked = read_messages_request(request._request.body, counting=True)
        turn = await begin(services(), access, asked, headers, self.request_id, counting=True)
        counted = await turn.services.upstreams.count_tokens(wording.for_upstream(turn))
        return json_response(counted, headers=turn.admission.headers)
