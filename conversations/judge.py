"""Judge: what screens only suspect is asked of a judge model. It never fails a turn: without a verdict the cautious
path is taken, as if there were no judge.

The official client is asked once a suspicion, not once a turn, so its cost does not matter here; its typed retries and
errors do. The verdict comes by a forced tool: docs/decisions/0008-the-judge.md says why.
"""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from django.conf import settings

from charter import Judgment, Passage, Situation, doubts
from charter.judging import Question, QuestionError, RefusedError, VerdictError, question, read_answer
from conversations.breaker import Breaker

OFFICIAL = "https://api.anthropic.com"
VERSION = "2023-06-01"
SECONDS = 8.0
RETRIES = 1
FAILURES_IN_A_ROW = 5
REST_SECONDS = 30.0
REMEMBERED = 2_000

log = logging.getLogger(__name__)


class Judge:
    """A judge model behind any server that speaks the Messages API. Belongs to one event loop; needs no settings.

    seconds: for the whole exchange, its one retry included. remembered: how many verdicts are kept by content, the
    longest unused forgotten first. clock: monotonic seconds.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str = OFFICIAL,
        api_key: str = "",
        seconds: float = SECONDS,
        remembered: int = REMEMBERED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # More than a second of import and some 50 MB, which a process without a judge does not pay.
        from anthropic import AsyncAnthropic, DefaultAioHttpClient

        self.model = model
        self._seconds, self._remembered, self._clock = seconds, remembered, clock
        self._known: OrderedDict[str, Judgment] = OrderedDict()
        self._flights: dict[str, asyncio.Task[Judgment]] = {}
        self._breaker = Breaker(FAILURES_IN_A_ROW, REST_SECONDS, clock)
        key = api_key or "none"
        self._client = AsyncAnthropic(
            base_url=base_url,
            api_key=key,
            max_retries=RETRIES,
            timeout=seconds,
            default_headers=headers_for(key),
            # A redirect would carry the key and people's words elsewhere; proxies are the model's path's own matter.
            http_client=DefaultAioHttpClient(follow_redirects=False, trust_env=False),
        )

    async def close(self) -> None:
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        await self._client.close()

    def forget(self) -> None:
        """Verdicts give their reasons in words that may quote."""
        self._known.clear()

    async def consider(self, situation: Situation, passages: Sequence[Passage]) -> Judgment | None:
        """The judgment on a situation's doubts, whose texts are `passages`; None where nothing is in doubt.

        Never raises but for cancellation: a judgment with `failure` says why nothing was settled.
        """
        try:
            asked = question(situation, passages)
        except QuestionError as error:
            names = tuple(signal.name for signal in doubts(situation))
            log.warning("the judge was not asked: %s", error)
            return Judgment(asked=names, model=self.model, failure=str(error))
        if asked is None:
            return None
        if (known := self._known.get(asked.digest)) is not None:
            self._known.move_to_end(asked.digest)
            return replace(known, milliseconds=0, remembered=True)
        flight = self._flights.get(asked.digest)
        if flight is None:
            flight = self._flights[asked.digest] = asyncio.create_task(self._flight(asked))
            flight.add_done_callback(lambda _: self._flights.pop(asked.digest, None))
        # Shielded: a caller who goes away does not take the verdict from others who wait for it.
        return await asyncio.shield(flight)

    async def _flight(self, asked: Question) -> Judgment:
        began = self._clock()
        judgment = await self._verdict(asked)
        return replace(
            judgment, asked=asked.asked, model=self.model, milliseconds=round((self._clock() - began) * 1000)
        )

    async def _verdict(self, asked: Question) -> Judgment:
        if not self._breaker.admits():
            return Judgment(failure="it failed several times in a row and is left alone for a moment")
        try:
            judgment = read_answer(asked, await self._answer(asked))
        except RefusedError as error:
            # The judge is there; what people write must not be able to switch it off for others.
            self._breaker.succeeded()
            failure = str(error)
        except BaseException as error:
            self._breaker.failed()
            if not isinstance(error, Exception):
                raise
            failure = failure_of(error)
        else:
            self._breaker.succeeded()
            self._remember(asked.digest, judgment)
            return judgment
        rests = f", and rests for {REST_SECONDS:.0f} s" if self._breaker.open else ""
        log.warning("the judge gave no verdict: %s%s", failure, rests)
        return Judgment(failure=failure)

    async def _answer(self, asked: Question) -> Any:
        async with asyncio.timeout(self._seconds):
            # Raw: whatever a server makes of the protocol is read by us, once.
            response = await self._client.messages.with_raw_response.create(**asked.body(self.model))
            return json.loads(await response.text())

    def _remember(self, digest: str, judgment: Judgment) -> None:
        self._known[digest] = judgment
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)


class Named(NamedTuple):
    """The judge that the settings name."""

    model: str
    base_url: str
    api_key: str


def named_judge() -> Named | None:
    """None without one. Address and key are the model's where none of its own are given.

    A model of poor judgment is not asked merely because it is the one at hand.
    """
    if not settings.JUDGE_MODEL:
        return None
    own = settings.JUDGE_BASE_URL
    if not own and settings.ANTHROPIC_BASE_URL and settings.UPSTREAM_JUDGMENT == "poor":
        log.warning("no judge: the model at hand is not fit for one; set PLUMBLINE_JUDGE_BASE_URL")
        return None
    # A key is not sent to an address it was not given for.
    shared = settings.ANTHROPIC_API_KEY if own in {"", settings.ANTHROPIC_BASE_URL} else ""
    base_url = own or settings.ANTHROPIC_BASE_URL or OFFICIAL
    return Named(settings.JUDGE_MODEL, base_url, settings.JUDGE_API_KEY or shared)


def configured_judge() -> Judge | None:
    """The judge for turns, or None."""
    if (named := named_judge()) is None:
        return None
    return Judge(named.model, base_url=named.base_url, api_key=named.api_key, seconds=settings.JUDGE_SECONDS)


def headers_for(api_key: str) -> dict[str, Any]:
    """As the model is spoken to: other servers know this version, and the key by this header."""
    from anthropic import Omit

    return {"anthropic-version": VERSION, "x-api-key": api_key, "Authorization": Omit()}


def failure_of(error: Exception) -> str:
    """A failure in words, without anything a server or a text may have put into the error."""
    from anthropic import APIConnectionError, APIStatusError, APITimeoutError

    match error:
        case VerdictError():
            return str(error)
        case TimeoutError() | APITimeoutError():
            return "it did not answer in time"
        case APIStatusError():
            return f"it answered with status {error.status_code}"
        case APIConnectionError():
            return "it could not be reached"
        case ValueError():
            return "its answer is not a message"
        case _:
            return f"it failed with {type(error).__name__}"
