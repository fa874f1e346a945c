"""A stream as it goes over the wire: which bytes, in which order, and what holds it up."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import anthropic
import httpx2
import pytest

from conversations.models import Turn
from conversations.running import AHEAD, PING, Stream
from conversations.sse import Decoder, Event, encode
from tests.conftest import CODING
from tests.support.waiting import eventually, until

CONTENT: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "A little thought before the answer.", "signature": "c2ln"},
    {"type": "text", "text": "It is quite sunny. Take a big hat. Mind the hot sun."},
    {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}},
]


def body(text: str, **more: Any) -> dict[str, Any]:
    return {
        "model": "default",
        "max_tokens": 99,
        "stream": True,
        "messages": [{"role": "user", "content": text}],
    } | more


@contextmanager
def streaming(web: str, key: str, text: str) -> Iterator[Iterator[Event]]:
    """The events as they come in, comments and all."""
    with httpx2.stream("POST", f"{web}/v1/messages", json=body(text), headers={"x-api-key": key}, timeout=20) as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        decoder = Decoder()
        yield (event for piece in answer.iter_bytes() for event in decoder.feed(piece))


def collected(web: str, key: str, text: str) -> list[Event]:
    with streaming(web, key, text) as events:
        return list(events)


def test_the_events_come_in_the_documented_order(web, key, model):
    model.answer("weather", CONTENT)
    names = [event.name for event in collected(web, key, "How is the weather?")]
    assert names[0] == "message_start"
    assert names[-2:] == ["message_delta", "message_stop"]
    within = [name for name in names[1:-2] if name not in {"ping", "content_block_delta"}]
    assert within == ["content_block_start", "content_block_stop"] * len(CONTENT)
    assert names.count("ping") == 1


def joined(events: list[Event]) -> list[Event | tuple[str, str]]:
    """The events as they are, but words of neighbouring deltas put together: the guard holds some back."""
    made: list[Event | tuple[str, str]] = []
    for event in events:
        delta = event.data.get("delta", {})
        kind, words = next(
            ((kind, delta[kind]) for kind in ("text", "partial_json", "thinking") if kind in delta), ("", "")
        )
        if not kind:
            made.append(event)
        elif made and isinstance(made[-1], tuple) and not isinstance(made[-1], Event):
            made[-1] = (kind, made[-1][1] + words)
        else:
            made.append((kind, words))
    return made


def test_what_the_model_says_leaves_as_it_came_but_for_what_names_the_turn(web, key, model):
    model.answer("weather", CONTENT)
    given = httpx2.post(
        f"{model.url}/v1/messages", json=body("weather"), headers={"x-api-key": "x", "anthropic-version": "2023-06-01"}
    )
    model_said = Decoder().feed(given.content)
    ours = collected(web, key, "weather")
    renamed = {"message_start", "message_delta"}
    assert joined([one for one in ours if one.name not in renamed]) == joined(
        [one for one in model_said if one.name not in renamed]
    )
    start, delta = ours[0].data, ours[-2].data
    assert start["message"]["model"] == "default"
    assert start["message"]["plumbline"] == start["plumbline"] == delta["plumbline"]
    assert delta["usage"]["output_tokens"] == model_said[-2].data["usage"]["output_tokens"] > 0
    assert delta["delta"] == model_said[-2].data["delta"]


def test_text_arrives_while_the_model_is_still_writing(web, key, model):
    with streaming(web, key, "[[chunks:40]][[stall-mid:2]][[say:One. Two. Three. Four. Five. Six.]]") as events:
        first = next(event for event in events if event.name == "content_block_delta")
        assert first.data["delta"]["text"].startswith("One.")
        assert not model.requests[-1].finished
        assert list(events)[-1].name == "message_stop"


def test_while_the_model_is_silent_a_ping_keeps_the_connection_open(web, key):
    events = collected(web, key, "[[chunks:9]][[stall-mid:1.3]][[say:One. Two. Three.]]")
    assert sum(event.raw == PING.raw for event in events) >= 2
    assert [event.name for event in events][-2:] == ["message_delta", "message_stop"]


@pytest.mark.parametrize(("fault", "kind"), [("error-mid", "overloaded_error"), ("end-mid", "api_error")])
def test_a_failure_in_the_middle_is_an_error_event_in_the_documented_shape(web, key, fault, kind):
    with streaming(web, key, f"[[chunks:20]][[{fault}]]") as events:
        last = list(events)[-1]
    assert last.name == "error"
    assert last.data.keys() == {"type", "error", "request_id"}
    assert last.data["error"].keys() == {"type", "message"}
    assert last.data["error"]["type"] == kind
    assert last.data["request_id"] == Turn.objects.get().request_id


def test_our_own_words_and_a_refusal_are_the_types_that_clients_check(web, new_key, model):
    key = new_key(CODING)[1]
    model.script("sort a list", "[[say:Of course. A sexual story about a 9 year old girl follows. More of it.]]")
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0, _strict_response_validation=True) as client:
        for text in ("Give me a good recipe for lasagne", "How do I sort a list in Python?"):
            asked: Any = {"model": "default", "max_tokens": 99, "messages": [{"role": "user", "content": text}]}
            plain = client.messages.create(**asked)
            with client.messages.stream(**asked) as events:
                streamed = events.get_final_message()
            assert plain.content[0].text == streamed.content[0].text
            assert plain.stop_reason == streamed.stop_reason
    assert {turn.status for turn in Turn.objects.all()} == {"own_words", "guarded"}


def test_a_caller_who_leaves_before_a_plain_answer_stops_the_model(web, key, model):
    asked = body("[[stall:20]] hello", stream=False)
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{web}/v1/messages", json=asked, headers={"x-api-key": key}, timeout=0.5)
    until(lambda: model.hangups)
    until(Turn.objects.exists)
    assert Turn.objects.get().status == "hung_up"


def test_a_slow_reader_holds_the_model_back(web, key, model):
    """More than the sockets between can hold: what the reader does not take, the model does not get to send."""
    page = {"type": "tool_use", "name": "print", "input": {"page": "x" * 90_000}}
    content = [{**page, "id": f"toolu_{number}"} for number in range(600)]
    model.answer("a long book", content)
    asked = json.dumps(body("Print a long book.")).encode()
    where = urlsplit(web)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        slow.connect((where.hostname, where.port))
        head = f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-length: {len(asked)}\r\n\r\n"
        slow.sendall(head.encode() + asked)
        assert slow.recv(4096).startswith(b"HTTP/1.1 200")
        (received,) = model.requests
        before = -1
        while before != (before := received.sent):
            threading.Event().wait(0.7)
        assert 0 < before < len(content) * 5
        assert not received.finished
        for _ in range(2000):
            slow.recv(65536)
        until(lambda: received.sent > before)
    until(lambda: received.hung_up)
    until(Turn.objects.exists)
    assert Turn.objects.get().status == "hung_up"


def event(number: int) -> Event:
    data = {"type": "content_block_delta", "index": number}
    return Event("content_block_delta", data, encode("content_block_delta", data))


async def test_the_model_is_never_further_ahead_than_allowed():
    produced = 0

    async def source() -> AsyncIterator[Event]:
        nonlocal produced
        for number in range(AHEAD * 3):
            produced += 1
            yield event(number)

    stream = Stream(source(), SimpleNamespace(access=None, pause=None, kept=False))
    for _ in range(AHEAD * 10):
        await asyncio.sleep(0)
    assert produced <= AHEAD + 1
    assert [one.data["index"] async for one in stream.events()] == list(range(AHEAD * 3))


async def test_leaving_a_stream_cancels_what_fills_it():
    closed = asyncio.Event()

    async def source() -> AsyncIterator[Event]:
        try:
            yield event(0)
            await asyncio.Event().wait()
        finally:
            closed.set()

    stream = Stream(source(), SimpleNamespace(access=None, pause=None, kept=False))
    events = stream.events()
    await anext(events)
    await events.aclose()
    await eventually(closed.is_set)


async def test_no_ping_comes_before_the_first_event(settings):
    settings.STREAM_PING_SECONDS = 0.01
    begin = asyncio.Event()

    async def source() -> AsyncIterator[Event]:
        await begin.wait()
        yield event(0)
        await asyncio.sleep(0.1)

    events = Stream(source(), SimpleNamespace(access=None, pause=None, kept=False)).events()
    first = asyncio.create_task(anext(events))
    await asyncio.sleep(0.05)
    assert not first.done()
    begin.set()
    assert (await first).data["index"] == 0
    assert await anext(events) is PING
    await events.aclose()


def test_events_without_a_name_get_one():
    (one,) = Decoder().feed(b'data: {"type":"message_stop"}\n\n')
    assert one.raw == b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
