"""Which upstream answers: order, fallback, rest, time-outs, and where an operator's own may not lead."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any
from uuid import UUID, uuid4

import pytest

from conversations.upstreams import FAILURES_IN_A_ROW, REST_SECONDS, Call, UpstreamError, Upstreams
from conversations.upstreams.wire import Times
from operators.addresses import check_address, is_public
from operators.catalogue import Endpoint, Offer, Offers, Route
from tests.support.model_server import ModelServer
from tests.support.product import free_port
from tests.support.waiting import until

QUICK = Times(connect=2, first=5, idle=5, total=20)


@pytest.fixture
async def first() -> AsyncIterator[ModelServer]:
    async with ModelServer(api_key="sk-first") as server:
        yield server


@pytest.fixture
async def second() -> AsyncIterator[ModelServer]:
    async with ModelServer(api_key="sk-second") as server:
        yield server


@asynccontextmanager
async def upstreams(**options: Any) -> AsyncIterator[Upstreams]:
    made = Upstreams(**({"times": QUICK, "private": False} | options))
    try:
        yield made
    finally:
        await made.close()


def route(url: str, name: str, operator_id: UUID | None = None) -> Route:
    return Route(Endpoint(name, name, url, f"sk-{name}", operator_id), f"{name}-model")


def call(*routes: Route, headers: dict[str, str] | None = None, **body: Any) -> Call:
    question = {"role": "user", "content": "hello"}
    return Call(Offer("m", routes), Offers(), {"max_tokens": 50, "messages": [question], **body}, headers or {})


def both(one: ModelServer, other: ModelServer) -> Call:
    return call(route(one.url, "first"), route(other.url, "second"))


async def say(made: Upstreams, asked: Call, *, stream: bool = False) -> str:
    if not stream:
        return (await made.answer(asked)).message["content"][0]["text"]
    asked.body["stream"] = True
    async with made.stream(asked) as events:
        deltas = [event.data["delta"].get("text", "") async for event in events if event.name == "content_block_delta"]
    return "".join(deltas)


plain_and_stream = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


@plain_and_stream
async def test_the_preferred_one_answers_under_its_own_name_for_the_model(first, second, stream):
    async with upstreams() as made:
        asked = both(first, second)
        assert "scripted answer" in await say(made, asked, stream=stream)
    assert [received.body["model"] for received in first.requests] == ["first-model"]
    assert not second.requests
    assert asked.route.endpoint.name == "first"


@plain_and_stream
@pytest.mark.parametrize(
    "fault",
    ["status:500", "status:502", "status:503", "status:504", "status:529", "drop", "stall:30", "malformed:html"],
)
async def test_a_failure_before_the_first_byte_is_passed_over(first, second, stream, fault):
    first.script("hello", f"[[{fault}]]")
    async with upstreams(times=Times(connect=2, first=1, idle=5, total=20)) as made:
        asked = both(first, second)
        asked.body["max_tokens"] = 1
        assert await say(made, asked, stream=stream)
    assert len(first.requests) == 1
    assert [received.body["model"] for received in second.requests] == ["second-model"]
    assert asked.route.endpoint.name == "second"


@plain_and_stream
async def test_an_upstream_that_is_not_there_is_passed_over(second, stream):
    async with upstreams() as made:
        asked = call(route(f"http://127.0.0.1:{free_port()}", "first"), route(second.url, "second"))
        assert await say(made, asked, stream=stream)


@plain_and_stream
@pytest.mark.parametrize(("status", "told"), [(400, 400), (401, 502), (402, 502), (404, 404), (413, 413), (429, 429)])
async def test_what_the_request_or_the_key_is_to_blame_for_is_not(first, second, stream, status, told):
    first.script("hello", f"[[status:{status}]]")
    async with upstreams() as made:
        with pytest.raises(UpstreamError) as caught:
            await say(made, both(first, second), stream=stream)
    assert caught.value.status == told
    assert not second.requests


async def test_after_the_first_byte_nobody_else_is_asked(first, second):
    first.script("hello", "[[chunks:20]][[error-mid]]")
    async with upstreams() as made:
        with pytest.raises(UpstreamError) as caught:
            await say(made, both(first, second), stream=True)
    assert caught.value.status == 529
    assert not second.requests


async def test_where_all_fail_the_last_ones_error_is_told(first, second):
    first.script("hello", "[[status:500]]")
    second.script("hello", "[[status:529]]")
    async with upstreams() as made:
        with pytest.raises(UpstreamError) as caught:
            await say(made, both(first, second))
    assert (caught.value.status, caught.value.kind) == (529, "overloaded_error")


async def test_one_that_fails_in_a_row_rests_and_is_tried_again_later(first, second):
    now = 0.0
    first.script("hello", "[[status:500]]")
    async with upstreams(clock=lambda: now) as made:
        for _ in range(FAILURES_IN_A_ROW + 2):
            await say(made, both(first, second))
        assert len(first.requests) == FAILURES_IN_A_ROW
        now += REST_SECONDS
        await asyncio.gather(*(say(made, both(first, second)) for _ in range(5)))
        assert len(first.requests) == FAILURES_IN_A_ROW + 1
        now += REST_SECONDS
        first.reset()
        for _ in range(2):
            await say(made, both(first, second))
        assert len(first.requests) == 2


async def test_a_caller_who_leaves_says_nothing_about_the_upstream(first, second):
    now = 0.0
    first.script("hello", "[[status:500]]")
    async with upstreams(clock=lambda: now) as made:
        for _ in range(FAILURES_IN_A_ROW):
            await say(made, both(first, second))
        now += REST_SECONDS
        first.reset()
        first.script("hello", "[[stall:30]]")
        leaving = asyncio.create_task(say(made, both(first, second)))
        await asyncio.to_thread(until, lambda: first.requests)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        first.reset()
        asked = both(first, second)
        await say(made, asked)
    assert asked.route.endpoint.name == "first"


async def test_one_that_rests_is_tried_all_the_same_where_there_is_no_other(first):
    first.script("hello", f"[[status:500*{3 * FAILURES_IN_A_ROW}]][[say:Here again.]]")
    async with upstreams() as made:
        for _ in range(FAILURES_IN_A_ROW):
            with pytest.raises(UpstreamError):
                await say(made, call(route(first.url, "first")))
        assert await say(made, call(route(first.url, "first"))) == "Here again."


async def test_a_plain_answer_may_take_as_long_as_its_tokens_do(first):
    first.script("hello", "[[stall:1.5]]")
    async with upstreams(times=Times(connect=2, first=0.5, idle=5, total=20)) as made:
        assert await say(made, call(route(first.url, "first"), max_tokens=100))
        with pytest.raises(UpstreamError) as caught:
            await say(made, call(route(first.url, "first"), max_tokens=1))
        assert caught.value.status == 504
        with pytest.raises(UpstreamError) as caught:
            await say(made, call(route(first.url, "first"), max_tokens=100), stream=True)
    assert caught.value.status == 504


async def test_a_stream_that_falls_silent_is_a_timeout_of_its_own(first):
    first.script("hello", "[[chunks:20]][[stall:1]][[stall-mid:30]]")
    async with upstreams(times=Times(connect=2, first=10, idle=0.5, total=20)) as made:
        with pytest.raises(UpstreamError) as caught:
            await say(made, call(route(first.url, "first")), stream=True)
    assert caught.value.status == 504


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_an_operators_own_upstream_leads_nowhere_inside(first, host):
    inside = f"http://{host}:{first.port}"
    async with upstreams() as made:
        # A connection of the platform's to the same place stands open.
        assert await say(made, call(route(f"http://127.0.0.1:{first.port}", "first")))
        with pytest.raises(UpstreamError) as caught:
            await say(made, call(route(inside, "first", uuid4())))
    assert caught.value.status == 502
    assert len(first.requests) == 1


async def test_an_operators_own_comes_first_and_gets_its_workspace(first, second):
    own = route(first.url, "first", uuid4())
    headers = {"anthropic-workspace-id": "wrkspc_1", "anthropic-beta": "a,b"}
    async with upstreams(private=True) as made:
        assert await say(made, call(own, route(second.url, "second"), headers=headers))
        first.script("hello", "[[status:500]]")
        assert await say(made, call(own, route(second.url, "second"), headers=headers))
    assert first.requests[0].headers["anthropic-workspace-id"] == "wrkspc_1"
    assert "anthropic-workspace-id" not in second.requests[0].headers
    assert second.requests[0].headers["anthropic-beta"] == "a,b"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",  # noqa: S104
     "240.0.0.1", "::1", "::", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "ff02::1"],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "160.79.104.10", "2607:6bc0::10", "64:ff9b::808:808"])
def test_addresses_that_are(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    ["ftp://x.example", "x.example", "https://", "https://u:p@x.example", "https://x.example/?a=b",
     "http://x.example", "https://10.0.0.1", "https://[::1]:8443", "https://localhost", "https://a.localhost"],
)  # fmt: skip
def test_addresses_an_operator_cannot_name(url):
    with pytest.raises(ValueError, match=r"\w"):
        check_address(url, by_operator=True)


def test_addresses_an_operator_or_the_platform_can_name(settings):
    check_address("https://models.example/v1", by_operator=True)
    check_address("http://10.0.0.1:8080", by_operator=False)
    settings.PRIVATE_UPSTREAMS = True
    check_address("http://10.0.0.1:8080", by_operator=True)


@plain_and_stream
async def test_connections_are_used_again(first, stream):
    async with upstreams() as made:
        for _ in range(5):
            await say(made, call(route(first.url, "first")), stream=stream)
    assert len(first.requests) == 5
    assert len({received.peer for received in first.requests}) == 1


@plain_and_stream
async def test_one_that_takes_no_connection_is_passed_over_in_time(second, stream):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        where = full.getsockname()
        # Its queue is full: whoever connects now waits for an answer that does not come.
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(where)
        asked = call(route(f"http://127.0.0.1:{where[1]}", "first"), route(second.url, "second"))
        async with upstreams(times=Times(connect=0.3, first=30, idle=30, total=60)) as made, asyncio.timeout(15):
            assert await say(made, asked, stream=stream)
        for one in waiting:
            one.close()
    assert asked.route.endpoint.name == "second"


async def test_one_answer_may_not_take_for_ever(first):
    """However lively it is: the time for the whole runs on while parts of it come."""
    first.script("hello", "[[chunks:100]][[slow:100]][[say:" + "word " * 400 + "]]")
    async with upstreams(times=Times(connect=2, first=5, idle=5, total=1)) as made:
        with pytest.raises(UpstreamError) as caught:
            await say(made, call(route(first.url, "first")), stream=True)
    assert caught.value.status == 504
