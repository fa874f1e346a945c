"""POST /v1/messages/count_tokens: what the model would read, our system included. No turn, so nothing is recorded."""

from django.http import HttpResponseBase
from rest_framework.request import Request

from conversations import wording
from conversations.api.views import AsyncAPIView, json_response, lower_headers
from conversations.services import services
from conversations.turn import begin


class CountTokensView(AsyncAPIView):
    async def post(self, request: Request) -> HttpResponseBase:
        turn = await begin(services(), request._request.body, lower_headers(request), self.request_id, counting=True)
        return json_response(await turn.services.upstreams.count_tokens(wording.for_upstream(turn)))
