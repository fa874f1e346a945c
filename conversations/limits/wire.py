"""The way to Valkey: one connection, on which whatever is asked while an answer is under way goes out together.

A Valkey that is away, or does not answer in time, costs a few requests a fraction of a second; then it is left alone
and tried again now and then. Whoever asks meanwhile is told at once.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha1
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import NoScriptError

from conversations.breaker import Breaker

FAILURES_IN_A_ROW = 2
REST_SECONDS = 3.0
LARGEST_BATCH = 64
UNHURRIED_SECONDS = 0.001
Part = str | int

log = logging.getLogger(__name__)


class AwayError(Exception):
    """Valkey gave no answer."""


class Script(NamedTuple):
    text: str
    digest: str
    """Valkey's name for it."""


def _script(name: str) -> Script:
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


ADMIT, SETTLE, COUNT, HOLD = SCRIPTS = [_script(f"{name}.lua") for name in ("admit", "settle", "count", "hold")]


class _Call(NamedTuple):
    script: Script
    keys: Sequence[str]
    arguments: bytes
    answer: "asyncio.Future[list[int]]"


class Wire:
    """Belongs to one event loop. seconds: for connecting, and for each answer; clock: monotonic seconds."""

    def __init__(self, url: str, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = redis.asyncio.Redis.from_url(
            url.replace("redis+socket://", "unix://"),
            socket_connect_timeout=seconds,
            socket_timeout=seconds,
            # Once anew where the connection broke, as it does when Valkey starts again; never after a time-out.
            retry=Retry(NoBackoff(), 1, supported_errors=(LostError,)),
        )
        self._breaker = Breaker(FAILURES_IN_A_ROW, REST_SECONDS, clock)
        self._waiting: deque[_Call] = deque()
        self._asked = asyncio.Event()
        self._stopped = self._loaded = False
        self._task: asyncio.Task[None] | None = None

    @property
    def away(self) -> bool:
        return self._breaker.open

    @property
    def resting(self) -> bool:
        """Whether it would not even be tried now."""
        return self._breaker.resting

    async def stop(self) -> None:
        """Sends what is waiting, then closes."""
        self._stopped = True
        self._asked.set()
        if self._task is not None:
            await self._task
        await self._client.aclose()

    def send(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Part], *, unhurried: bool = False
    ) -> "asyncio.Future[list[int]]":
        """The numbers of the answer to come, or AwayError. Calls are done in the order they were sent.

        unhurried: nobody waits for it, so it may go out together with what comes right after it.
        """
        # One argument, and one text for an answer: each part of a command costs more than the whole JSON.
        call = _Call(script, keys, orjson.dumps(arguments), (loop := asyncio.get_running_loop()).create_future())
        if self._breaker.resting or self._stopped:
            _fail([call], "it failed a moment ago")
            return call.answer
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="limits")
        self._waiting.append(call)
        if unhurried:
            loop.call_later(UNHURRIED_SECONDS, self._asked.set)
        else:
            self._asked.set()
        return call.answer

    async def _run(self) -> None:
        while not self._stopped or self._waiting:
            await self._asked.wait()
            self._asked.clear()
            while self._waiting:
                await self._one_batch()

    async def _one_batch(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(LARGEST_BATCH, len(self._waiting)))]
        if not self._breaker.admits():
            _fail(batch, "it failed a moment ago")
            return
        try:
            answers = await self._exchange(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may wait for good
            self._failed(error)
            # Those behind would only wait for the same.
            _fail([*batch, *self._waiting], str(error))
            self._waiting.clear()
        else:
            if self._breaker.open:
                log.warning("Valkey counts for us again")
            self._breaker.succeeded()
            for call, answer in zip(batch, answers, strict=True):
                if not call.answer.done():
                    call.answer.set_result(answer)

    def _failed(self, error: Exception) -> None:
        was_open, self._loaded = self._breaker.open, False
        self._breaker.failed()
        if not was_open:
            by_itself = "; this process counts by itself" if self._breaker.open else ""
            log.warning("Valkey does not count for us (%s)%s", str(error) or type(error).__name__, by_itself)

    async def _exchange(self, batch: Sequence[_Call]) -> list[list[int]]:
        if not self._loaded:
            await self._load()
        answers = await self._pipeline(batch)
        unknown = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            await self._load()
            for index, answer in zip(unknown, await self._pipeline([batch[index] for index in unknown]), strict=True):
                answers[index] = answer
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return [[int(number) for number in answer.split()] for answer in answers]

    async def _load(self) -> None:
        """Beforehand, so that calls are not done out of order for want of a script."""
        for script in SCRIPTS:
            await self._client.script_load(script.text)
        self._loaded = True

    async def _pipeline(self, batch: Sequence[_Call]) -> list[Any]:
        async with self._client.pipeline(transaction=False) as pipeline:
            for call in batch:
                pipeline.evalsha(call.script.digest, len(call.keys), *call.keys, call.arguments)
            return await pipeline.execute(raise_on_error=False)


def _fail(calls: Iterable[_Call], why: str) -> None:
    for call in calls:
        if not call.answer.done():
            call.answer.set_exception(AwayError(why))
            # Not everyone who sent something waits for its answer.
            call.answer.exception()
