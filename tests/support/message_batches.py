"""Message batches, as the API speaks of them: created, polled, and their results read as lines of JSON.

A batch is answered when `hold` is false and somebody asks for it; `lose` has the server know nothing of it any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from tests.support import validation, wire

if TYPE_CHECKING:
    from tests.support.model_server import ModelServer

PATH = "/v1/messages/batches"
RESULTS = ("succeeded", "errored", "canceled", "expired")


class MessageBatches:
    """The batches of one server. `status` makes creating them fail."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self.reset()

    def reset(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        self.hold = False
        self.status = 0

    def lose(self) -> None:
        self.made.clear()

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post(PATH, self._create)
        app.router.add_get(PATH + "/{batch}", self._retrieve)
        app.router.add_get(PATH + "/{batch}/results", self._results)

    async def _create(self, request: web.Request) -> web.Response:
        if self.status:
            return _failure(self.status, "Scripted failure")
        body = orjson.loads(await request.read())
        names = [one["custom_id"] for one in body["requests"]]
        if not names or len(names) != len(set(names)):
            return _failure(400, "requests: each needs a custom_id of its own")
        for index, one in enumerate(body["requests"]):
            if found := validation.problem(one["params"], request.headers.get("anthropic-version", "")):
                return _failure(400, f"requests.{index}.params.{found}")
        batch = wire.new_id("msgbatch")
        self.made[batch] = {"requests": body["requests"], "results": None}
        return _json(self._shown(request, batch))

    async def _retrieve(self, request: web.Request) -> web.Response:
        batch = request.match_info["batch"]
        if batch not in self.made:
            return _failure(404, f"Message batch {batch} not found")
        made = self.made[batch]
        if made["results"] is None and not self.hold:
            made["results"] = [
                {"custom_id": one["custom_id"], "result": self._server.answer_of_batch(one["params"])}
                for one in reversed(made["requests"])  # in any order, as the API says
            ]
        return _json(self._shown(request, batch))

    async def _results(self, request: web.Request) -> web.Response:
        made = self.made.get(request.match_info["batch"])
        if made is None or made["results"] is None:
            return _failure(404, "no results")
        lines = b"".join(orjson.dumps(one) + b"\n" for one in made["results"])
        return web.Response(body=lines, content_type="application/binary")

    def _shown(self, request: web.Request, batch: str) -> dict[str, Any]:
        made = self.made[batch]
        results = made["results"]
        counts = dict.fromkeys(("processing", *RESULTS), 0)
        counts["processing"] = len(made["requests"]) if results is None else 0
        for one in results or ():
            counts[one["result"]["type"]] += 1
        return {
            "id": batch,
            "type": "message_batch",
            "processing_status": "in_progress" if results is None else "ended",
            "request_counts": counts,
            "ended_at": None if results is None else "2030-01-01T01:00:00Z",
            "created_at": "2030-01-01T00:00:00Z",
            "expires_at": "2030-01-02T00:00:00Z",
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": None if results is None else f"{request.url.origin()}{PATH}/{batch}/results",
        }


def _json(body: Any) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")


def _failure(status: int, message: str) -> web.Response:
    body = wire.error(status, message, wire.new_id("req"))
    return web.Response(status=status, body=body, content_type="application/json")
