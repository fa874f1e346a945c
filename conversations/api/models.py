"""GET /v1/models: what the key may use."""

from django.conf import settings
from django.http import HttpResponseBase
from rest_framework.request import Request

from conversations.api.views import AsyncAPIView, json_response, lower_headers
from conversations.services import services
from conversations.turn import authenticated


class ModelsView(AsyncAPIView):
    async def get(self, request: Request) -> HttpResponseBase:
        await authenticated(services(), lower_headers(request))
        name = settings.UPSTREAM_MODEL
        # When the model was made is not known here; the type asks for a date.
        model = {
            "type": "model",
            "id": name,
            "display_name": name,
            "created_at": "1970-01-01T00:00:00Z",
            "lifecycle": "active",
        }
        return json_response({"data": [model], "has_more": False, "first_id": name, "last_id": name})
