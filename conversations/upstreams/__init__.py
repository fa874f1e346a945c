"""Answer: the model, at the first of its upstreams that answers.

They are tried in the offer's order of preference. One that cannot be reached, fails or does not begin in time is passed
over for the next, as long as the caller was sent nothing; one that failed several times in a row rests for a while.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import orjson
from django.conf import settings

from conversations.breaker import Breaker
from conversations.sse import Event
from conversations.upstreams import wire
from conversations.upstreams.failures import LONGEST_RETRY_AFTER, UpstreamError, malformed, named, retry_after
from operators.catalogue import Endpoint, Offer, Offers, Route

__all__ = ["Answer", "Call", "UpstreamError", "Upstreams"]

FAILURES_IN_A_ROW = 5
REST_SECONDS = 30.0
NOT_SERVED = frozenset({404, 405, 501})

log = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(slots=True)
class Call:
    """What is asked of whichever upstream answers first. `route` is the one last tried, so the one that answered."""

    offer: Offer
    offers: Offers
    body: dict[str, Any]
    headers: dict[str, str]
    route: Route | None = None

    def body_at(self, route: Route) -> dict[str, Any]:
        """The body with models named as this upstream knows them."""
        body = {**self.body, "model": route.model}
        for field in ("fallbacks", "tools"):
            if isinstance(named := body.get(field), list):
                body[field] = [self._named_at(route.endpoint, one) for one in named]
        return body

    def _named_at(self, endpoint: Endpoint, one: Any) -> Any:
        """A fallback, or a tool that is a model. What names none that is known here stays for the upstream to judge."""
        name = one.get("model") if isinstance(one, dict) else None
        offer = self.offers.find(name) if isinstance(name, str) else None
        there = offer.name_at(endpoint) if offer else None
        return {**one, "model": there} if there else one


@dataclass(slots=True)
class Answer:
    """A plain answer: the Messages API's `message` object and the model's own request id."""

    message: dict[str, Any]
    request_id: str


@dataclass(slots=True)
class _Opened:
    """A stream whose first event has come."""

    response: aiohttp.ClientResponse
    first: Event
    rest: AsyncGenerator[Event, None]


class Upstreams:
    """One a process: connections, and which upstreams rest. `clock` gives monotonic seconds."""

    def __init__(
        self,
        *,
        times: wire.Times | None = None,
        private: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._times = times or wire.Times.from_settings()
        self._wire = wire.Wire(self._times, private=settings.PRIVATE_UPSTREAMS if private is None else private)
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}

    async def close(self) -> None:
        await self._wire.close()

    async def reachable(self, endpoints: Iterable[Endpoint], seconds: float) -> bool:
        """Whether anything answers at one of the platform's upstreams; for /readyz."""
        asked = [self._wire.reachable(endpoint, seconds) for endpoint in endpoints if endpoint.operator_id is None]
        return any(await asyncio.gather(*asked))

    async def answer(self, call: Call) -> Answer:
        """One plain answer. Raises UpstreamError."""

        async def attempt(route: Route) -> Answer:
            raw, request_id = await self._whole(route, "messages", call)
            message = _object(raw)
            if message is None or not isinstance(message.get("content"), list):
                raise malformed("the model's answer was malformed")
            return Answer(message, request_id)

        return await self._first(call, attempt)

    async def count_tokens(self, call: Call) -> dict[str, Any]:
        """The answer to `count_tokens`. Raises UpstreamError: 404 where no upstream of the model counts tokens."""

        async def attempt(route: Route) -> dict[str, Any]:
            try:
                raw, _ = await self._whole(route, "messages/count_tokens", call)
            except UpstreamError as error:
                if error.status not in NOT_SERVED:
                    raise
                told = f"model: no upstream of {call.offer.name} counts tokens"
                raise UpstreamError(404, told, elsewhere=True, sound=True) from error
            counted = _object(raw)
            if counted is None or not isinstance(counted.get("input_tokens"), int):
                raise malformed("the model's count of tokens was malformed")
            return counted

        return await self._first(call, attempt)

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[AsyncIterator[Event]]:
        """The answer's events as they arrive. Raises UpstreamError on entry, or while iterating.

        Leaving the block early closes the connection, which tells the model to stop.
        """
        opened = await self._first(call, lambda route: self._open(route, call))
        async with opened.response, aclosing(opened.rest), aclosing(_all(opened)) as events:
            yield events

    async def _open(self, route: Route, call: Call) -> _Opened:
        with named():
            async with asyncio.timeout(self._times.first):
                response = await self._post(route, "messages", call)
                try:
                    events = wire.events(response, self._times.idle)
                    return _Opened(response, await anext(events), events)
                except BaseException:
                    response.close()
                    raise

    async def _whole(self, route: Route, path: str, call: Call) -> tuple[bytes, str]:
        with named():
            async with asyncio.timeout(self._times.whole(call.body.get("max_tokens"))):
                response = await self._post(route, path, call)
            async with response:
                raw = await wire.read_whole(response, self._times.idle)
        return raw, response.headers.get("request-id", "")

    async def _post(self, route: Route, path: str, call: Call) -> aiohttp.ClientResponse:
        return await self._wire.post(route.endpoint, path, call.body_at(route), call.headers)

    async def _first(self, call: Call, attempt: Callable[[Route], Awaitable[Result]]) -> Result:
        """What the first upstream to answer gave. Raises the last one's UpstreamError."""
        routes: Sequence[Route] = call.offer.routes
        for number in range(settings.UPSTREAM_RETRIES + 1):
            again: list[Route] = []
            try:
                return await self._round(call, routes, again, attempt)
            except UpstreamError as error:
                if not (error.elsewhere and again) or number == settings.UPSTREAM_RETRIES:
                    raise
                jitter = random.uniform(0.75, 1.25)  # noqa: S311 - not a secret
                await asyncio.sleep(max(0.2 * 2**number * jitter, min(LONGEST_RETRY_AFTER, retry_after(error.headers))))
            routes = again
        raise AssertionError("the last round returns or raises")

    async def _round(
        self, call: Call, routes: Sequence[Route], again: list[Route], attempt: Callable[[Route], Awaitable[Result]]
    ) -> Result:
        """Each route once. `again` gathers those worth another round."""
        failure: UpstreamError | None = None
        # Where all of them rest they are tried all the same: there is nothing better to spare the caller for.
        none_else = all(self._breaker(route.endpoint).resting for route in routes)
        for route in routes:
            if not self._breaker(route.endpoint).admits() and not none_else:
                continue
            try:
                return await self._attempt(call, route, attempt)
            except UpstreamError as error:
                if not error.elsewhere:
                    raise
                failure = error
                if error.again:
                    again.append(route)
        assert failure is not None  # noqa: S101 - at least one was tried
        raise failure

    async def _attempt(self, call: Call, route: Route, attempt: Callable[[Route], Awaitable[Result]]) -> Result:
        call.route = route
        breaker = self._breaker(route.endpoint)
        try:
            result = await attempt(route)
        except UpstreamError as error:
            if error.status == 404:  # the upstream's own name for the model says nothing to the caller
                error.message = error.message.replace(route.model, call.offer.name)
            if error.sound or not error.elsewhere:
                breaker.succeeded()
            else:
                breaker.failed()
                rests = f", and rests for {REST_SECONDS:.0f} s" if breaker.open else ""
                log.warning("upstream %s failed: %s %s%s", route.endpoint.name, error.status, error.message, rests)
            raise
        except BaseException:
            breaker.let_go()
            raise
        breaker.succeeded()
        return result

    def _breaker(self, endpoint: Endpoint) -> Breaker:
        if (known := self._breakers.get(endpoint.id)) is None:
            known = self._breakers[endpoint.id] = Breaker(FAILURES_IN_A_ROW, REST_SECONDS, self._clock)
        return known


async def _all(opened: _Opened) -> AsyncGenerator[Event, None]:
    yield opened.first
    async for event in opened.rest:
        yield event


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        read = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return read if isinstance(read, dict) else None
