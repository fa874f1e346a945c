"""One turn, from the app's request to the recorded answer. Read top to bottom: this is what Plumbline does.

authenticate   the key gives the deployment and its live configuration
admit          paused? answered already? within its limits? which conversation?
observe        screens measure the new messages and the history
judge          what they only suspect is asked of a judge model, if there is one
decide         concerns in, one decision out
compose        charter, behaviours, operator block, directives -> system
answer         the model, or our own words
guard          the answer is screened as it streams
record         turn, decision, audit entry and review jobs: one commit, before the answer ends
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from audit.log.writer import new_id
from charter import Decision, Signal, Situation, compose, decide, doubts, opening, reply
from conversations import closing, observation, replay, wording
from conversations.adjustments import refused
from conversations.admission import Entry, admit, leave, refuse_if_paused
from conversations.errors import ApiError, LacksScopeError
from conversations.fields import fitted, offered
from conversations.guard import Guard
from conversations.history import Place, find_place
from conversations.idempotency import Attempt
from conversations.limits import Admission
from conversations.record import Beside
from conversations.redaction import Redactor, Restorer
from conversations.replay import Recorded
from conversations.requests import MessagesRequest
from conversations.services import Services
from conversations.sse import Event
from conversations.transcript import Transcript
from conversations.upstreams import Call
from operators.catalogue import Offer
from operators.directory import Access
from operators.keys import AuthenticationError, authenticate
from operators.models.deployments import Scope


@dataclass(slots=True)
class TurnInProgress:
    """All that one turn learns on its way."""

    services: Services
    request: MessagesRequest
    headers: dict[str, str]
    request_id: str
    access: Access
    offer: Offer
    entry: Entry
    place: Place = field(init=False)
    id: UUID = field(default_factory=new_id)
    receipt: UUID = field(default_factory=new_id)
    """The id of its entry in the audit log, which the caller is told before the entry is written."""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)
    signals: tuple[Signal, ...] = ()
    situation: Situation | None = None
    """What it was decided from."""
    decision: Decision | None = None
    system: list[dict[str, Any]] = field(default_factory=list)
    sent_messages: list[dict[str, Any]] = field(default_factory=list)
    """As the model gets them."""
    dropped: dict[str, str] = field(default_factory=dict)
    """Request fields that the model cannot take, each with the word on it."""
    not_granted: dict[str, str] = field(default_factory=dict)
    """The user's wishes that charter or operator do not grant, each with the word on it."""
    call: Call | None = None
    upstream_seconds: float = 0.0
    pause: ApiError | None = None
    """Set when a steward's pause ends the running stream."""
    redactor: Redactor | None = None
    """What replaces personal data where the deployment wants that."""
    settle: Callable[[Transcript], Beside] | None = None
    """What else is committed with the record, for whoever waits for this turn otherwise than by its answer."""

    @property
    def behaviours_on(self) -> tuple[str, ...]:
        """Those that are on in this turn, once it is decided."""
        return tuple(one.id for one in self.decision.effective.values() if one.on) if self.decision else ()

    def refuse_if_paused(self) -> None:
        """Raises ApiError where a pause came after the turn was let in."""
        access = self.access
        oversight = self.services.oversight
        refuse_if_paused(oversight, access.operator_id, access.deployment_id, self.offer.name, self.behaviours_on)

    @property
    def admission(self) -> Admission:
        return self.entry.admission

    @property
    def attempt(self) -> Attempt | None:
        return self.entry.attempt

    @property
    def recorded(self) -> Recorded | None:
        """The answer that is given again; nothing else is done for it."""
        return self.entry.recorded

    @property
    def kept(self) -> bool:
        """Whether it is answered to its end when its caller hangs up: an idempotency key lets them come back for it."""
        return self.attempt is not None


async def begin(
    services: Services,
    access: Access,
    request: MessagesRequest,
    headers: dict[str, str],
    request_id: str,
    *,
    counting: bool = False,
) -> TurnInProgress:
    """Everything before the answer. Raises ApiError; what is refused here never became a turn.

    counting: only the tokens are asked for, so nobody is asked for judgment and nothing will be recorded.
    """
    refuse_if_paused(services.oversight, access.operator_id, access.deployment_id)
    offer = offered(access.offers, request.model)
    refuse_if_paused(services.oversight, access.operator_id, access.deployment_id, offer.name)
    asked, (request, dropped) = request, fitted(request, offer, access.offers.without(services.oversight.models))
    entry = await admit(services, access, asked, headers, counting=counting)
    turn = TurnInProgress(services, request, headers, request_id, access, offer, entry, dropped=dropped)
    try:
        if entry.recorded is not None:
            _repeat(turn, entry.recorded)
        else:
            await _prepare(turn, counting=counting)
    except BaseException as error:
        leave(services, entry)
        if isinstance(error, ApiError):
            error.headers |= entry.admission.headers
        raise
    return turn


async def _prepare(turn: TurnInProgress, *, counting: bool) -> None:
    """Observed, decided and composed."""
    access, request = turn.access, turn.request
    place = await find_place(request, access, turn.headers.get("plumbline-conversation", ""))
    turn.place = place
    wishes = {**await turn.services.adjustments.of(access.deployment_id, place.user_ref), **request.adjustments}
    paused = turn.services.oversight.behaviours
    turn.not_granted = refused(access, wishes, paused)
    turn.signals = await observation.observe(turn.place, request.system, access.configuration)
    situation = Situation(
        charter=access.charter,
        configuration=access.configuration,
        user_adjustments=wishes,
        signals=turn.signals,
        past=place.past,
        paused=paused,
    )
    if access.data.redaction != "off":
        turn.redactor = Redactor()
    turn.situation = situation if counting else await judged(turn, situation)
    turn.decision = decide(turn.situation)
    # Messages first, so that numbers are given in the order of what was said.
    turn.sent_messages = await to_model(turn, place.messages)
    system = await to_model(turn, request.system)
    turn.system = compose(access.charter, access.configuration, turn.decision.effective, turn.decision, system)


async def to_model(turn: TurnInProgress, value: Any) -> Any:
    """What of the app's words may leave for a model: all, or with placeholders for personal data."""
    if turn.redactor is None or turn.access.data.redaction != "upstream":
        return value
    return await turn.redactor.redact(value)


def _repeat(turn: TurnInProgress, recorded: Recorded) -> None:
    """The turn as it was."""
    turn.id, turn.place, turn.decision = recorded.turn_id, recorded.place, recorded.decision
    turn.receipt = recorded.receipt
    turn.dropped, turn.not_granted = recorded.dropped, recorded.not_granted
    turn.access = replace(turn.access, configuration_number=recorded.configuration_number)


async def authenticated(services: Services, headers: dict[str, str], scope: Scope = "turns") -> Access:
    """Whose key it is. Raises ApiError 401 for no usable key, 403 for one that does not reach as far as `scope`."""
    try:
        access = await authenticate(services.directory, headers)
    except AuthenticationError as error:
        raise ApiError(401, str(error)) from None
    return within_scope(access, scope)


def within_scope(access: Access, scope: Scope) -> Access:
    """Raises ApiError 403 for a key that does not reach as far."""
    if scope not in access.scopes:
        raise LacksScopeError(scope)
    return access


async def judged(turn: TurnInProgress, situation: Situation) -> Situation:
    """With a judge's word on what is in doubt, where there is a judge. Raises ApiError where a pause came meanwhile."""
    judge = turn.services.judge
    if judge is None or not doubts(situation):
        return situation
    said, by_operator = observation.texts(turn.place, turn.request.system, situation.configuration)
    asked = [replace(one, text=await to_model(turn, one.text)) for one in (*by_operator, *said)]
    judgment = await judge.consider(situation, asked)
    # That took a while, and a pause only ends what is already running.
    turn.refuse_if_paused()
    return replace(situation, judgment=judgment)


async def answer_plainly(turn: TurnInProgress) -> dict[str, Any]:
    """The whole answer as one `message`, recorded. Raises ApiError; the model's failures are recorded too."""
    if turn.recorded is not None:
        message = turn.recorded.message
    elif turn.kept:
        message = await turn.services.background.see_through(_answer_plainly(turn))
    else:
        message = await _answer_plainly(turn)
    return wording.answer(turn, message)


async def _answer_plainly(turn: TurnInProgress) -> dict[str, Any]:
    transcript = Transcript(turn)
    try:
        if (words := own_words(turn)) is None:
            guard = guard_of(turn)
            with transcript.timing_upstream():
                answer = await closing.answer(turn, wording.for_upstream(turn))
            message = guard.plain(turn.redactor.restore(answer.message) if turn.redactor else answer.message)
            transcript.take_message(message, answer.request_id, stopped=guard.stopped)
        else:
            message = wording.own_message(turn, words)
            transcript.take_message(message, "", own_words=True)
        turn.refuse_if_paused()
    except ApiError as error:
        transcript.fail(error)
        await transcript.record()
        raise
    except asyncio.CancelledError:
        transcript.hang_up()
        turn.services.finish_later(transcript.record())
        raise
    await transcript.record()
    return message


async def answer_in_stream(turn: TurnInProgress) -> AsyncIterator[Event]:
    """The answer's events. The last two wait for the record; raises ApiError before or between events."""
    if turn.recorded is not None:
        for event in replay.events(turn.recorded.message):
            yield wording.with_plumbline(turn, event) if event.name in {"message_start", "message_delta"} else event
        return
    transcript = Transcript(turn)
    guard = guard_of(turn)
    last: list[Event] = []
    try:
        async with aclosing(_events(turn, transcript)) as events:
            async for event in events:
                for passed in guard.pass_on(event):
                    if passed.name in {"message_delta", "message_stop"}:
                        last.append(passed)
                    else:
                        transcript.take_event(passed)
                        yield wording.with_plumbline(turn, passed) if passed.name == "message_start" else passed
                if guard.stopped is not None:
                    last = wording.refusal_ending(transcript)
                    break
        transcript.take_ending(last, stopped=guard.stopped)
    except ApiError as error:
        transcript.fail(error)
        await transcript.record()
        raise
    except (asyncio.CancelledError, GeneratorExit):
        # The stream's producer was cancelled: the caller hung up, or a steward paused what was running.
        transcript.interrupted()
        turn.services.finish_later(transcript.record())
        raise
    await transcript.record()
    for event in last:
        yield wording.with_plumbline(turn, event) if event.name == "message_delta" else event


async def _events(turn: TurnInProgress, transcript: Transcript) -> AsyncIterator[Event]:
    if (words := own_words(turn)) is not None:
        transcript.own_words = True
        for event in wording.own_events(turn, words):
            yield event
        return
    restorer = Restorer(turn.redactor) if turn.redactor and turn.redactor.found else None
    with transcript.timing_upstream():
        async with aclosing(closing.events(turn, wording.for_upstream(turn))) as events:
            async for event in events:
                for one in restorer.pass_on(event) if restorer else (event,):
                    yield one


def guard_of(turn: TurnInProgress) -> Guard:
    asked = frozenset(signal.name for signal in turn.signals if signal.level != "noted")
    # In our own words the opening is the answer itself.
    promised = opening(turn.decision) if turn.decision and own_words(turn) is None else ""
    return Guard(turn.access.configuration, asked, promised)


def own_words(turn: TurnInProgress) -> str | None:
    """What we say instead of asking the model; None where the model answers."""
    assert turn.decision is not None  # noqa: S101 - decided before anything is answered
    if turn.decision.outcome != "answer":
        return reply(turn.decision, turn.access.configuration)
    # A model of poor judgment is not left to speak to someone at risk.
    return (opening(turn.decision) or None) if turn.offer.poor_judgment else None
