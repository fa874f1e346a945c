"""The limit to measure against: an ASGI application that hands every request to the model server and does nothing else.

MODEL_SERVER=http://127.0.0.1:PORT uvicorn --app-dir bench passthrough:app --loop uvloop --http httptools
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

FORWARDED = {b"x-api-key", b"authorization", b"anthropic-version", b"content-type"}
UPSTREAM = os.environ.get("MODEL_SERVER", "")
state: dict[str, aiohttp.ClientSession] = {}


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    await (lifespan if scope["type"] == "lifespan" else forward)(scope, receive, send)


async def lifespan(_scope: dict[str, Any], receive: Receive, send: Send) -> None:
    while (await receive())["type"] == "lifespan.startup":
        connector = aiohttp.TCPConnector(limit=0)
        state["session"] = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        await send({"type": "lifespan.startup.complete"})
    await state["session"].close()
    await send({"type": "lifespan.shutdown.complete"})


async def forward(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    parts, more = [], True
    while more:
        event = await receive()
        parts.append(event.get("body", b""))
        more = event.get("more_body", False)
    headers = {name.decode(): value.decode() for name, value in scope["headers"] if name in FORWARDED}
    url = UPSTREAM + scope["path"]
    async with state["session"].request(scope["method"], url, data=b"".join(parts), headers=headers) as answer:
        content_type = answer.headers["content-type"].encode()
        start = {"type": "http.response.start", "status": answer.status, "headers": [(b"content-type", content_type)]}
        if content_type.startswith(b"text/event-stream"):
            await send(start)
            async for part in answer.content.iter_any():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        else:
            body = await answer.read()
            start["headers"].append((b"content-length", str(len(body)).encode()))
            await send(start)
            await send({"type": "http.response.body", "body": body})
