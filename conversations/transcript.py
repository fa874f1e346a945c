"""What came of a turn, gathered while it is answered, and then its record."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
import psycopg

from charter import Signal
from conversations import closing, content, prefix
from conversations.blocks import Blocks
from conversations.content import ContentKey, SealError
from conversations.errors import ApiError, NotRecordedError, PausedError
from conversations.keyring import owner_conversation, owner_user
from conversations.limits import Used
from conversations.limits.tokens import guess_written
from conversations.models.marks import marks_of
from conversations.models.record import Turn
from conversations.record import TurnRecord
from conversations.sse import Event
from conversations.upstreams import UpstreamError

if TYPE_CHECKING:
    from conversations.turn import TurnInProgress

Status = Turn.Status
ANSWERED = frozenset({Status.ANSWERED, Status.OWN_WORDS, Status.GUARDED})
"""Whoever repeats the request gets this answer again; after anything else it is answered anew."""
FORCED = "stewards.review"
"""The flag of every turn of a deployment that stewards hold to review; the decision says why in `forced_review`."""
_LARGEST_COUNT = 2**31 - 1

log = logging.getLogger(__name__)


def system_digest(system: list[dict[str, Any]]) -> str:
    """By which the record tells what exactly the model was told: hex SHA-256 over the blocks as JSON."""
    return sha256(orjson.dumps(system)).hexdigest()


class Transcript:
    """The answer so far, as blocks; its status; the model's usage."""

    def __init__(self, turn: "TurnInProgress") -> None:
        self._turn = turn
        self._blocks = Blocks()
        self._usage: dict[str, Any] = {}
        self._envelope: dict[str, Any] = {}
        """The message less its content."""
        self._upstream_request_id = ""
        self._stop_reason = ""
        self._stopped: Signal | None = None
        self._error = ""
        self._quoted_error = ""
        """The whole of it, which may quote; it is sealed with the content."""
        self.key: ContentKey | None = None
        """What the turn's content is sealed with, once it is recorded."""
        self.status = Status.ANSWERED
        self.own_words = False
        self.message: dict[str, Any] | None = None
        """A plain answer, whole."""
        self.failure: ApiError | None = None

    @contextmanager
    def timing_upstream(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self._turn.upstream_seconds += time.monotonic() - began

    def take_message(
        self, message: dict[str, Any], request_id: str, *, stopped: Signal | None = None, own_words: bool = False
    ) -> None:
        self.message = message
        self._blocks = Blocks(message["content"])
        self._envelope = {name: value for name, value in message.items() if name != "content"}
        self._take_usage(message.get("usage"))
        self._upstream_request_id, self.own_words = request_id, own_words
        self._finish(message.get("stop_reason"), stopped)

    def take_event(self, event: Event) -> None:
        """Any event that left, but for the last two."""
        if event.name == "message_start":
            message = event.data.get("message")
            self._envelope = dict(message) if isinstance(message, dict) else {}
            self._take_usage(self._envelope.get("usage"))
        else:
            self._blocks.take(event)

    def take_ending(self, events: Sequence[Event], *, stopped: Signal | None) -> None:
        stop_reason = None
        for event in events:
            if event.name == "message_delta":
                self._take_usage(event.data.get("usage"))
                delta = event.data.get("delta") or {}
                self._envelope |= {**delta, "usage": self._usage}
                stop_reason = delta.get("stop_reason")
        self._finish(stop_reason, stopped)

    def fail(self, error: ApiError) -> None:
        self.failure = error
        self.status = Status.PAUSED if isinstance(error, PausedError) else Status.UPSTREAM_ERROR
        whole = f"{error.status} {error.kind}: {error.message}"[:500]
        self._error = whole
        if isinstance(error, UpstreamError):
            self._error, self._quoted_error = f"{error.status} {error.kind}", whole

    def interrupted(self) -> None:
        """Cancelled in mid-answer: by a pause, or else the caller hung up."""
        if self._turn.pause is not None:
            self.status, self._error = Status.PAUSED, self._turn.pause.message[:500]
        else:
            self.hang_up()

    def hang_up(self) -> None:
        self.status = Status.HUNG_UP

    @property
    def usage(self) -> dict[str, Any]:
        return self._usage

    async def record(self) -> None:
        """One commit with everything of this turn. Raises NotRecordedError, or that another attempt has its key."""
        turn, services, used = self._turn, self._turn.services, self._used()
        try:
            key = await self._find_key()
            record = self._as_record(used, key, await self._said())
            kept = await services.recorder.record(record)
            if record.data_key is not None:
                services.keyring.recorded(record.data_key, kept=kept)
            if record.attempt is not None:
                services.once.done(record.attempt)
        finally:
            services.limits.settle(turn.admission, used)
            if turn.attempt is not None:
                services.once.let_go(turn.attempt)

    def _used(self) -> Used:
        """What the model reported; where it did not come to that, what was read and written by its length."""
        used = Used.reported(self._usage)
        if self.status in {Status.ANSWERED, Status.OWN_WORDS}:
            return used
        asked, turn = self._turn.call, self._turn
        unknown = not used.limited_input + used.cache_read and asked is not None and asked.route is not None
        if unknown and self.status in {Status.HUNG_UP, Status.PAUSED}:
            used = replace(used, input=turn.admission.ask.input_tokens)
        return replace(used, output=max(used.output, guess_written(self._blocks.values())))

    @property
    def _owner(self) -> bytes:
        """Whose key seals this turn: its user's, or its conversation's where no user is named."""
        place, rules = self._turn.place, self._turn.access.data
        if place.user_ref:
            return owner_user(rules, place.user_ref)
        return owner_conversation(rules, place.conversation_id)

    async def _find_key(self) -> ContentKey | None:
        """None where nothing is kept. Raises NotRecordedError."""
        turn, place = self._turn, self._turn.place
        if not turn.access.data.store_content and turn.attempt is None:
            return None
        new = not place.user_ref and (place.parent_id is None or place.branched_from is not None)
        try:
            self.key = await turn.services.keyring.of(self._owner, new=new)
        except (SealError, psycopg.Error, OSError) as error:
            log.error("no key for a turn's content, its answer is withheld: %s", error)  # noqa: TRY400
            raise NotRecordedError from None
        return self.key

    def _kept_envelope(self, key: ContentKey, answer: list[Any]) -> bytes:
        """Sealed. An answer that is not kept, or not as it was, is kept here until its idempotency key is forgotten."""
        message = {name: value for name, value in self._envelope.items() if name not in {"content", "plumbline"}}
        if not self._turn.access.data.store_content or self._turn.redactor:
            message["content"] = answer
        kept = {"message": message, "dropped": self._turn.dropped}
        return content.seal(key.cipher, content.ENVELOPE, self._turn.id, orjson.dumps(kept))

    async def _said(self) -> dict[str, Any]:
        """As it is kept, with placeholders for personal data where the deployment wants that."""
        turn = self._turn
        if not turn.access.data.store_content:
            return {}
        said = {"messages": turn.place.messages[turn.place.known :], "system": turn.request.system}
        said["answer"] = self._answer
        if turn.redactor is None:
            return said
        # The whole history first: a value's number is the same in each turn of it.
        await turn.redactor.redact(turn.place.messages)
        return await turn.redactor.redact(said)  # type: ignore[no-any-return]

    @property
    def _answer(self) -> list[Any]:
        return self._blocks.all()

    def _sealed_content(self, key: ContentKey, said: dict[str, Any], words: dict[str, Any], digest: bytes) -> bytes:
        turn, error = self._turn, self._quoted_error
        if turn.redactor:
            words, error = turn.redactor.redact_now([words, error])
        plain = content.payload(said, words, error, digest)
        return content.seal(key.cipher, content.TURN, turn.id, plain)

    def _as_record(self, used: Used, key: ContentKey | None, said: dict[str, Any]) -> TurnRecord:
        turn, place, decision, rules = self._turn, self._turn.place, self._turn.decision, self._turn.access.data
        assert decision is not None  # noqa: S101 - decided before anything is answered
        answer = self._answer
        made = self._decision_json()
        words = content.quoted(made)
        comes_back = turn.request.comes_back(answer, self._stop_reason)
        route = turn.call.route if turn.call else None
        digest = prefix.extend(place.digest, "assistant", comes_back) if comes_back else place.digest
        flagged, ended = bool(self._flags()), decision.outcome == "end"
        cost = turn.offer.prices.cost(
            input=used.input, output=used.output, cache_write=used.cache_write, cache_read=used.cache_read
        )
        return TurnRecord(
            id=turn.id,
            receipt=turn.receipt,
            operator_id=turn.access.operator_id,
            conversation_id=place.conversation_id,
            branched_from=place.branched_from,
            user_ref=place.user_ref,
            marks=marks_of(
                outcome=decision.outcome,
                tier=decision.tier,
                failed=self.status == Status.UPSTREAM_ERROR,
                batch=turn.settle is not None and turn.access.tried_by is None,
            ),
            deployment_id=turn.access.deployment_id,
            parent_id=place.parent_id,
            number=place.number,
            configuration_id=turn.access.configuration_id,
            key_id=turn.access.key_id,
            charter_digest=decision.charter_digest,
            prefix=prefix.stored(rules, digest),
            status=self.status,
            outcome=decision.outcome,
            tier=decision.tier,
            flagged=flagged,
            ended=ended,
            ended_by=closing.ended_by(decision) if ended else "",
            ended_because=decision.winner.reason[:300] if ended and decision.winner else "",
            ended_now=ended and not place.past.ended,
            told=self._told() if flagged or ended else "",
            decision=orjson.dumps(made),
            past=orjson.dumps(asdict(place.past.after(decision, turn.signals))),
            content=self._sealed_content(key, said, words, digest) if key and rules.store_content else b"",
            gone="" if rules.store_content else "not_stored",
            data_key=key,
            owner=self._owner,
            request_id=turn.request_id,
            model=turn.request.model,
            upstream=route.endpoint.name if route else "",
            upstream_model=route.model[:128] if route else "",
            upstream_request_id=self._upstream_request_id[:128],
            stop_reason=self._stop_reason,
            error=self._error.replace("\0", ""),
            input_tokens=self._count("input_tokens"),
            output_tokens=self._count("output_tokens"),
            started_at=turn.started_at,
            milliseconds=round((time.monotonic() - turn.clock) * 1000),
            upstream_milliseconds=round(turn.upstream_seconds * 1000),
            beside=turn.settle(self) if turn.settle else None,
            tried_by=turn.access.tried_by,
            attempt=turn.attempt if self.status in ANSWERED else None,
            envelope=self._kept_envelope(key, answer) if key and turn.attempt is not None else b"",
            subjects=turn.access.subjects,
            cost=cost if turn.offer.prices.known else None,
            used_model=turn.offer.name,
            used_input=used.input,
            used_output=used.output,
            used_cache_write=used.cache_write,
            used_cache_read=used.cache_read,
            used_cost=cost,
        )

    def _decision_json(self) -> dict[str, Any]:
        made = decision_json(self._turn) | {"system_digest": system_digest(self._turn.system)}
        if self._stopped is not None:
            made["guard"] = asdict(self._stopped)
        if (reason := self._turn.services.oversight.review_for(self._turn.access.deployment_id)) is not None:
            made["flags"] = [*made.get("flags", []), FORCED]
            made["forced_review"] = reason
        return made

    def _flags(self) -> list[str]:
        """Why a person should look at the turn."""
        decision, forced = self._turn.decision, self._turn.services.oversight.review_for
        assert decision is not None  # noqa: S101 - decided before anything is answered
        flags = [*decision.flags, *([self._stopped.name] if self._stopped else [])]
        return [*flags, FORCED] if forced(self._turn.access.deployment_id) is not None else flags

    def _told(self) -> str:
        """What webhooks are told: ids and the charter's words, nothing that anyone said."""
        turn, decision = self._turn, self._turn.decision
        assert decision is not None  # noqa: S101 - decided before anything is answered
        told: dict[str, Any] = {
            "turn_id": str(turn.id),
            "conversation_id": str(turn.place.conversation_id),
            "deployment_id": str(turn.access.deployment_id),
            "status": self.status.value,
            "outcome": decision.outcome,
            "tier": decision.tier,
            "reason": decision.winner.reason if decision.winner else "",
            "flags": self._flags(),
        }
        if turn.access.tried_by is not None:
            told["playground"] = True
        return orjson.dumps(told).decode()

    def _finish(self, stop_reason: Any, stopped: Signal | None) -> None:
        self._stop_reason, self._stopped = str(stop_reason or "")[:32], stopped
        if stopped is not None:
            self.status = Status.GUARDED
        elif self.own_words:
            self.status = Status.OWN_WORDS

    def _take_usage(self, usage: Any) -> None:
        if isinstance(usage, dict):
            self._usage |= {key: value for key, value in usage.items() if value is not None}

    def _count(self, name: str) -> int:
        value = self._usage.get(name)
        return min(value, _LARGEST_COUNT) if isinstance(value, int) and value > 0 else 0


def decision_json(turn: "TurnInProgress") -> dict[str, Any]:
    """The decision with what it was made from."""
    made = turn.decision.to_json() if turn.decision else {}
    made["signals"] = [asdict(signal) for signal in turn.signals]
    if turn.situation is not None and turn.situation.asked_to_end:
        made["asked_to_end"] = True
    return made | ({"not_granted": turn.not_granted} if turn.not_granted else {})
