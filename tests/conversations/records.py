"""Turns for tests of the record."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2


def body(text: str, user: str = "", **more: Any) -> dict[str, Any]:
    asked = {"model": "default", "max_tokens": 100, "messages": [{"role": "user", "content": text}], **more}
    return asked | ({"metadata": {"user_id": user}} if user else {})


def ask(api: httpx2.Client, text: str, user: str = "", **more: Any) -> dict[str, Any]:
    """A turn of a new conversation; the `plumbline` object of its answer."""
    response = api.post("/v1/messages", json=body(text, user, **more))
    assert response.status_code == 200, response.text
    return response.json()["plumbline"]


def go_on(api: httpx2.Client, conversation: str, text: str, user: str = "", **more: Any) -> httpx2.Response:
    return api.post(f"/v1/conversations/{conversation}/turns", json=body(text, user, **more))


def error_of(response: httpx2.Response, status: int) -> str:
    """The message of an error in the API's shape."""
    assert response.status_code == status, response.text
    told = response.json()
    assert told["type"] == "error"
    assert told["request_id"] == response.headers["request-id"]
    return told["error"]["message"]


@contextmanager
def running_turn(api: httpx2.Client, path: str, text: str, **more: Any) -> Iterator[Iterator[dict[str, Any]]]:
    """A stream that has begun and waits in the middle; yields what is left of its events."""
    with api.stream("POST", path, json=body(f"{text} [[stall-mid:1.5]]", stream=True, **more)) as response:
        assert response.status_code == 200
        events = (json.loads(line[5:]) for line in response.iter_lines() if line.startswith("data:"))
        assert next(events)["type"] == "message_start"
        yield events


def at_once(*calls: Callable[[], httpx2.Response]) -> list[httpx2.Response]:
    """The answers of calls made at the same time, in the calls' order."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [made.result(30) for made in [threads.submit(call) for call in calls]]
