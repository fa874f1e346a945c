"""A model server that speaks the true Messages API and misbehaves on request; for tests and benches, loopback only.

In the caller's event loop:         async with ModelServer() as server: ... server.url ...
In its own thread (plain tests):    with running() as server: ...
As a process:                       python tests/support/model_server.py --port 0 --delay 20

What it answers is chosen by directives (script.py lists them) in the last user message, in the header `x-scripted`, or
by `server.script("words in the request", "[[status:500]]")`. Without any it gives the same answer to the same request.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

if __name__ == "__main__":  # as a script, only this directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import orjson
from aiohttp import web

from tests.support import validation, wire
from tests.support.message_batches import MessageBatches
from tests.support.script import Script, parse

KEPT_REQUESTS = 10_000
DEFAULT_RETRY_AFTER = {429: "1", 529: "1"}
MESSAGES = {
    401: "invalid x-api-key",
    404: "Not found",
    429: "This request would exceed your organization's rate limit.",
    500: "Internal server error",
    529: "Overloaded",
}
REQUEST_ID = web.RequestKey("request_id", str)
RECEIVED = web.RequestKey("received", object)
MODELS = ("claude-mock-1", "claude-mock-small-1")


@dataclass
class Received:
    """One request as it came in. `headers` has lower-case names; `hung_up` turns true if its caller left early.

    `sent` counts the events of its stream; `peer` is the connection it came over.
    """

    path: str
    headers: dict[str, str]
    body: Any
    hung_up: bool = False
    sent: int = 0
    finished: bool = False
    peer: Any = None

    @property
    def text(self) -> str:
        return validation.last_user_text(self.body)


class SocketClosedError(Exception):
    """The script had us close the socket: nothing more can be written to it."""


@dataclass
class ModelServer:
    """Listens on 127.0.0.1 from `start` to `stop`. `delay` is in seconds, before every answer; port 0 takes a free one.

    With `api_key` set, others get a 401; else any key is good, but one must be there, as with the API.
    """

    port: int = 0
    delay: float = 0.0
    chunks: int | None = None
    api_key: str | None = None
    models: tuple[str, ...] = MODELS
    requests: deque[Received] = field(default_factory=lambda: deque(maxlen=KEPT_REQUESTS))

    def __post_init__(self) -> None:
        self._scripts: list[tuple[str, str]] = []
        self._contents: list[tuple[str, Callable[[dict[str, Any]], list[dict[str, Any]]]]] = []
        self.batches = MessageBatches(self)
        self._failures: Counter[str] = Counter()
        self._runner: web.AppRunner | None = None
        self._stopping = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def hangups(self) -> list[Received]:
        """The kept requests whose caller closed the connection before its answer was complete."""
        return [received for received in self.requests if received.hung_up]

    def script(self, words: str, directives: str) -> None:
        """From now on, a request whose last user text or system prompt holds `words` is answered by `directives`."""
        self._scripts.insert(0, (words, directives))

    def answer(self, words: str, content: list[dict[str, Any]]) -> None:
        """From now on, a request whose last user text holds `words` is answered with these very blocks."""
        self.compose(words, lambda _: content)

    def compose(self, words: str, make: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> None:
        """From now on, such a request is answered with the blocks that `make` makes of its body."""
        self._contents.insert(0, (words, make))

    def reset(self) -> None:
        """Forgets requests, scripts, answers and counted failures."""
        self.requests.clear()
        self._scripts.clear()
        self._contents.clear()
        self._failures.clear()
        self.batches.reset()

    async def start(self) -> None:
        app = web.Application(middlewares=[self._envelope], client_max_size=32 * 2**20)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/v1/messages/count_tokens", self._count_tokens)
        self.batches.add_routes(app)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_get("/v1/models/{model}", self._get_model)
        # Cancelling the handler is the one way to notice a caller that leaves while we stall.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, backlog=1024)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Ends at once, answers under way included; those are no hang-ups. A later `start` takes the same port."""
        self._stopping = True
        if self._runner:
            await self._runner.cleanup()
        self._runner, self._stopping = None, False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # --- Endpoints

    @web.middleware
    async def _envelope(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Checks the credentials, and puts every failure in the API's shape."""
        request[REQUEST_ID] = wire.new_id("req")
        try:
            if not (key := _credentials(request)):
                return _error(request, 401, "x-api-key header is required")
            if self.api_key not in (None, key):
                return _error(request, 401, "invalid x-api-key")
            return await handler(request)
        except web.HTTPException as failure:
            status = 400 if failure.status == 405 else failure.status
            return _error(request, status, MESSAGES.get(status, failure.reason))

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, counting=False)

    async def _count_tokens(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, counting=True)

    async def _list_models(self, request: web.Request) -> web.Response:
        shown = self.models[: int(request.query.get("limit", "20"))]
        page = {
            "data": [_model(name) for name in shown],
            "has_more": len(shown) < len(self.models),
            "first_id": shown[0] if shown else None,
            "last_id": shown[-1] if shown else None,
        }
        return _json(request, page)

    async def _get_model(self, request: web.Request) -> web.Response:
        name = request.match_info["model"]
        return _json(request, _model(name)) if name in self.models else _error(request, 404, f"model: {name}")

    # --- One request

    async def _serve(self, request: web.Request, *, counting: bool) -> web.StreamResponse:
        raw = await request.read()
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError as failure:
            return _error(request, 400, f"The request body is not valid JSON: {failure}")
        received = Received(request.path, {name.lower(): value for name, value in request.headers.items()}, body)
        received.peer = request.transport and request.transport.get_extra_info("peername")
        request[RECEIVED] = received
        self.requests.append(received)
        try:
            version, beta = request.headers.get("anthropic-version", ""), "anthropic-beta" in request.headers
            if found := validation.problem(body, version, counting=counting, beta=beta):
                return _error(request, 400, found)
            response = await self._respond(request, body, counting=counting)
        except SocketClosedError:
            return web.Response()  # aiohttp wants one; its socket is gone
        except (asyncio.CancelledError, ConnectionError):
            received.hung_up = not self._stopping
            raise
        received.finished = True
        return response

    async def _respond(self, request: web.Request, body: dict[str, Any], *, counting: bool) -> web.StreamResponse:
        directives = self._directives(request, body)
        try:
            script = parse(directives)
        except ValueError as failure:
            return _error(request, 400, str(failure))
        await asyncio.sleep(self.delay + script.stall)
        if script.drop:
            _close(request)
        if script.status and self._still_fails(directives, script):
            return _failure(request, script)
        if counting:
            return _json(request, {"input_tokens": wire.input_tokens(body)})
        answer = self._answer(body, script)
        return await (self._stream if body.get("stream") else self._plain)(request, answer, script)

    def _answer(self, body: dict[str, Any], script: Script) -> dict[str, Any]:
        answer = wire.message(body, script)
        for words, make in self._contents:
            if words in validation.last_user_text(body):
                answer["content"] = make(body)
                break
        return answer

    def answer_of_batch(self, params: dict[str, Any]) -> dict[str, Any]:
        """One request of a batch: its result as the API gives it."""
        try:
            script = parse(self._scripted(params))
        except ValueError as failure:
            return {"type": "errored", "error": orjson.loads(wire.error(400, str(failure), wire.new_id("req")))}
        if script.status:
            message = MESSAGES.get(script.status, "Scripted failure")
            return {"type": "errored", "error": orjson.loads(wire.error(script.status, message, wire.new_id("req")))}
        return {"type": "succeeded", "message": self._answer(params, script)}

    def _directives(self, request: web.Request, body: dict[str, Any]) -> str:
        return request.headers.get("x-scripted") or self._scripted(body)

    def _scripted(self, body: dict[str, Any]) -> str:
        text = validation.last_user_text(body)
        if self._scripts:
            searched = f"{validation.system_text(body)}\n{text}"
            for words, directives in self._scripts:
                if words in searched:
                    return directives
        return text

    def _still_fails(self, directives: str, script: Script) -> bool:
        self._failures[directives] += 1
        return script.status_times is None or self._failures[directives] <= script.status_times

    async def _plain(self, request: web.Request, answer: dict[str, Any], script: Script) -> web.StreamResponse:
        if script.error_mid:
            return _failure(request, Script(status=529))
        if script.malformed:
            return _malformed(request, orjson.dumps(answer), script)
        if not (script.cut or script.stall_mid):
            return _json(request, answer)
        payload = orjson.dumps(answer)
        half = len(payload) // 2
        headers = {**_headers(request), "content-type": "application/json", "content-length": str(len(payload))}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        await response.write(payload[:half])
        if script.cut:
            _close(request)
        await asyncio.sleep(script.stall_mid)
        await response.write(payload[half:])
        return response

    async def _stream(self, request: web.Request, answer: dict[str, Any], script: Script) -> web.StreamResponse:
        if script.malformed == "html":
            return _malformed(request, b"", script)
        headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        response = web.StreamResponse(headers={**_headers(request), **headers})
        await response.prepare(request)
        await response.write(wire.stream_head(answer))
        frames = list(wire.stream_blocks(answer, script.chunks or self.chunks))
        for number, frame in enumerate(frames):
            if script.slow and frame.startswith(b"event: content_block_delta"):
                await asyncio.sleep(script.slow)
            if number == len(frames) // 2 and not await self._go_on(request, response, script):
                return response
            await response.write(frame)
            request[RECEIVED].sent += 1
        await response.write(wire.stream_tail(answer))
        return response

    async def _go_on(self, request: web.Request, response: web.StreamResponse, script: Script) -> bool:
        """What the script wants in the middle of a stream; False when the stream is over with it."""
        if script.stall_mid:
            await asyncio.sleep(script.stall_mid)
        if script.cut:
            _close(request)
        if script.error_mid:
            details = {"details": None, "type": "overloaded_error", "message": "Overloaded"}
            await response.write(wire.event("error", error=details, request_id=request[REQUEST_ID]))
            return False
        if script.end_mid:
            return False
        if script.malformed:
            await response.write(b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"del\n\n')
        return True


def _credentials(request: web.Request) -> str:
    return request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")


def _headers(request: web.Request) -> dict[str, str]:
    headers = {"request-id": request[REQUEST_ID], "anthropic-organization-id": "7c1f0000-0000-4000-8000-000000000001"}
    for name, limit in (("requests", 4000), ("input-tokens", 400_000), ("output-tokens", 80_000), ("tokens", 480_000)):
        prefix = f"anthropic-ratelimit-{name}"
        headers |= {f"{prefix}-limit": str(limit), f"{prefix}-remaining": str(limit - 1)}
        headers[f"{prefix}-reset"] = "2030-01-01T00:00:00Z"
    return headers


def _json(request: web.Request, body: Any) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json", headers=_headers(request))


def _error(request: web.Request, status: int, message: str, **headers: str) -> web.Response:
    return web.Response(
        status=status,
        body=wire.error(status, message, request[REQUEST_ID]),
        content_type="application/json",
        headers={"request-id": request[REQUEST_ID], **headers},
    )


def _failure(request: web.Request, script: Script) -> web.Response:
    status = script.status or 500
    headers = {"x-should-retry": "true" if status in (408, 409, 429) or status >= 500 else "false"}
    if (after := script.retry_after or DEFAULT_RETRY_AFTER.get(status)) is not None:
        headers["retry-after"] = after
    return _error(request, status, MESSAGES.get(status, "Scripted failure"), **headers)


def _malformed(request: web.Request, payload: bytes, script: Script) -> web.Response:
    if script.malformed == "html":
        return web.Response(body=b"<html><body>Bad gateway</body></html>", content_type="text/html")
    headers = _headers(request)
    return web.Response(body=payload[: len(payload) // 2], content_type="application/json", headers=headers)


def _model(name: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": name,
        "display_name": name.replace("-", " ").title(),
        "created_at": "2025-01-01T00:00:00Z",
        "lifecycle": "active",
    }


def _close(request: web.Request) -> None:
    if request.transport:
        request.transport.close()
    raise SocketClosedError


@contextlib.contextmanager
def running(**options: Any) -> Iterator[ModelServer]:
    """A server in a thread of its own, for callers without an event loop; `options` are ModelServer's."""
    server = ModelServer(**options)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="model-server", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        yield server
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def serve(server: ModelServer) -> None:
    """Runs until SIGTERM or SIGINT; the first line on stdout says where."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with server:
        print(f"listening on {server.url}", flush=True)
        await stopped.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    parser.add_argument("--delay", type=float, default=0.0, metavar="MS", help="wait before every answer")
    parser.add_argument("--chunks", type=int, default=None, metavar="N", help="text deltas of a stream")
    options = parser.parse_args()
    import uvloop

    uvloop.run(serve(ModelServer(options.port, options.delay / 1000, options.chunks)))


if __name__ == "__main__":
    main()
