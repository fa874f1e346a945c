"""GET /v1/openapi.json."""

import asyncio

from django.http import HttpResponse, HttpResponseBase
from rest_framework.request import Request

from conversations.api.contract.document import document
from conversations.api.views import AsyncAPIView, lower_headers


class OpenApiView(AsyncAPIView):
    async def get(self, request: Request) -> HttpResponseBase:
        """Made once a process, apart from the event loop: it takes as long as some hundred turns."""
        made = document() if document.cache_info().currsize else await asyncio.to_thread(document)
        headers = {"etag": made.etag, "cache-control": "no-cache"}
        if made.etag in lower_headers(request).get("if-none-match", ""):
            return HttpResponse(status=304, headers=headers)
        return HttpResponse(made.raw, content_type="application/json", headers=headers)
