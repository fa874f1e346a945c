"""What we ask of servers that are not ours: nothing follows a redirect with a key, and no answer is without end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from conversations.upstreams import UpstreamError, wire
from conversations.upstreams.wire import Times, Wire
from operators.catalogue import Endpoint

Asked = list[str]


@pytest.fixture
async def server() -> AsyncIterator[tuple[str, Asked]]:
    """An operator's own upstream that means no good; its address and the paths it was asked for."""
    asked: Asked = []

    async def endless(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        if request.path.startswith("/redirect/"):
            raise web.HTTPFound("/elsewhere")
        answer = web.StreamResponse(status=500 if request.path.startswith("/error/") else 200)
        await answer.prepare(request)
        for _ in range(400):
            await answer.write(b"x" * 65_536)
        return answer

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", endless)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}", asked
    await runner.cleanup()


@pytest.fixture
async def through() -> AsyncIterator[Wire]:
    made = Wire(Times(5, 5, 5, 20), private=True)
    yield made
    await made.close()


@pytest.fixture
def endpoint(server: tuple[str, Asked]) -> Callable[[str], Endpoint]:
    return lambda kind: Endpoint("1", "own", f"{server[0]}/{kind}", "sk-secret")


async def posted(through: Wire, endpoint: Endpoint) -> Any:
    async with await through.post(endpoint, "messages", {}, {}) as response:
        return await wire.read_whole(response, 5)


async def test_of_an_error_without_end_the_beginning_is_read(through, endpoint):
    async with asyncio.timeout(10):
        with pytest.raises(UpstreamError):
            await posted(through, endpoint("error"))


async def test_an_answer_without_end_is_given_up(through, endpoint, monkeypatch):
    monkeypatch.setattr(wire, "LARGEST_ANSWER", 1_000_000)
    with pytest.raises(UpstreamError, match="larger than any can be"):
        await posted(through, endpoint("plain"))


async def test_no_redirect_is_followed_neither_for_an_answer_nor_for_a_look(through, endpoint, server):
    with pytest.raises(UpstreamError):
        await posted(through, endpoint("redirect"))
    await through.reachable(endpoint("redirect"), 5)
    assert server[1] == ["/redirect/v1/messages", "/redirect/v1/models"]
