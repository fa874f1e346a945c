"""The ASGI application: /v1 through the lean handler, pages through Django's, the services with the lifespan."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup(set_prefix=False)

from django.core.handlers.asgi import ASGIHandler  # noqa: E402

from config.api_handler import ApiHandler, Receive, Scope, Send  # noqa: E402
from config.page_bodies import bounded  # noqa: E402
from conversations.api.batches import is_known_caller  # noqa: E402
from conversations.services import close_services, open_services  # noqa: E402

_pages = bounded(ASGIHandler())
_api = ApiHandler({"/v1/messages/batches": is_known_caller})


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        path: str = scope["path"]
        handler: Any = _api if path.startswith("/v1/") or path in {"/v1", "/healthz", "/readyz"} else _pages
        await handler(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _lifespan(receive, send)
    else:
        raise ValueError(f"Plumbline does not speak {scope['type']}")


async def _lifespan(receive: Receive, send: Send) -> None:
    await receive()
    try:
        await open_services()
    except Exception as error:
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        raise
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await close_services()
    await send({"type": "lifespan.shutdown.complete"})
