"""What came of a turn, gathered while it is answered, and then its record."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from charter import Signal
from conversations import prefix
from conversations.errors import ApiError
from conversations.limits import Used
from conversations.limits.tokens import guess_written
from conversations.models.marks import marks_of
from conversations.models.record import Turn
from conversations.record import TurnRecord
from conversations.sse import Event
from conversations.tool_input import tool_input
from conversations.upstreams import UpstreamError

if TYPE_CHECKING:
    from conversations.turn import TurnInProgress

Status = Turn.Status
ANSWERED = frozenset({Status.ANSWERED, Status.OWN_WORDS, Status.GUARDED})
"""Whoever repeats the request gets this answer again; after anything else it is answered anew."""
_LARGEST_COUNT = 2**31 - 1


def system_digest(system: list[dict[str, Any]]) -> str:
    """By which the record tells what exactly the model was told: hex SHA-256 over the blocks as JSON."""
    return sha256(orjson.dumps(system)).hexdigest()


class Transcript:
    """The answer so far, as blocks; its status; the model's usage."""

    def __init__(self, turn: "TurnInProgress") -> None:
        self._turn = turn
        self._blocks: dict[int, dict[str, Any]] = {}
        self._partial_json: dict[int, str] = {}
        self._usage: dict[str, Any] = {}
        self._envelope: dict[str, Any] = {}
        """The message less its content."""
        self._upstream_request_id = ""
        self._stop_reason = ""
        self._stopped: Signal | None = None
        self._error = ""
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
        self._blocks = dict(enumerate(message["content"]))
        self._envelope = {name: value for name, value in message.items() if name != "content"}
        self._take_usage(message.get("usage"))
        self._upstream_request_id, self.own_words = request_id, own_words
        self._finish(message.get("stop_reason"), stopped)

    def take_event(self, event: Event) -> None:
        """Any event that left, but for the last two."""
        data, index = event.data, event.data.get("index", 0)
        if event.name == "message_start":
            message = data.get("message")
            self._envelope = dict(message) if isinstance(message, dict) else {}
            self._take_usage(self._envelope.get("usage"))
        elif event.name == "content_block_start":
            self._blocks[index] = dict(data.get("content_block") or {})
        elif event.name == "content_block_delta" and index in self._blocks:
            self._take_delta(index, data.get("delta") or {})
        elif event.name == "content_block_stop" and index in self._partial_json:
            self._close_tool_input(index)

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
        paused = not isinstance(error, UpstreamError) and error.status in {403, 503}
        self.status = Status.PAUSED if paused else Status.UPSTREAM_ERROR
        self._error = f"{error.status} {error.kind}: {error.message}"[:500]

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
            record = self._as_record(used)
            await services.recorder.record(record)
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

    def _kept_envelope(self) -> bytes:
        message = {name: value for name, value in self._envelope.items() if name not in {"content", "plumbline"}}
        return orjson.dumps({"message": message, "dropped": self._turn.dropped})

    def _as_record(self, used: Used) -> TurnRecord:
        turn, place, decision = self._turn, self._turn.place, self._turn.decision
        assert decision is not None  # noqa: S101 - decided before anything is answered
        answer = [block for _, block in sorted(self._blocks.items())]
        comes_back = turn.request.comes_back(answer, self._stop_reason)
        route = turn.call.route if turn.call else None
        flagged, ended = bool(decision.flags) or self._stopped is not None, decision.outcome == "end"
        cost = turn.offer.prices.cost(
            input=used.input, output=used.output, cache_write=used.cache_write, cache_read=used.cache_read
        )
        return TurnRecord(
            id=turn.id,
            conversation_id=place.conversation_id,
            branched_from=place.branched_from,
            user_ref=place.user_ref,
            marks=marks_of(
                outcome=decision.outcome,
                tier=decision.tier,
                failed=self.status == Status.UPSTREAM_ERROR,
                batch=turn.settle is not None,
            ),
            deployment_id=turn.access.deployment_id,
            parent_id=place.parent_id,
            number=place.number,
            configuration_id=turn.access.configuration_id,
            key_id=turn.access.key_id,
            charter_digest=decision.charter_digest,
            prefix=prefix.extend(place.digest, "assistant", comes_back) if comes_back else place.digest,
            status=self.status,
            outcome=decision.outcome,
            tier=decision.tier,
            flagged=flagged,
            ended=ended,
            told=self._told() if flagged or ended else "",
            decision=orjson.dumps(self._decision_json()),
            past=orjson.dumps(asdict(place.past.after(decision, turn.signals))),
            content=orjson.dumps(
                {"system": turn.request.system, "messages": place.messages[place.known :], "answer": answer}
            ),
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
            attempt=turn.attempt if self.status in ANSWERED else None,
            envelope=self._kept_envelope() if turn.attempt is not None else b"",
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
        return made

    def _told(self) -> str:
        """What webhooks are told: ids and the charter's words, nothing that anyone said."""
        turn, decision = self._turn, self._turn.decision
        assert decision is not None  # noqa: S101 - decided before anything is answered
        told = {
            "turn_id": str(turn.id),
            "conversation_id": str(turn.place.conversation_id),
            "deployment_id": str(turn.access.deployment_id),
            "status": self.status.value,
            "outcome": decision.outcome,
            "tier": decision.tier,
            "reason": decision.winner.reason if decision.winner else "",
            "flags": [*decision.flags, *([self._stopped.name] if self._stopped else [])],
        }
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

    def _take_delta(self, index: int, delta: dict[str, Any]) -> None:
        block = self._blocks[index]
        for field in ("text", "thinking"):
            if isinstance(delta.get(field), str):
                block[field] = str(block.get(field) or "") + delta[field]
        if delta.get("type") == "signature_delta":
            block["signature"] = delta.get("signature")
        elif delta.get("type") == "input_json_delta":
            self._partial_json[index] = self._partial_json.get(index, "") + str(delta.get("partial_json", ""))
        elif delta.get("type") == "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta.get("citation")]
        elif delta.get("type") == "compaction_delta":
            block |= {name: value for name, value in delta.items() if name != "type"}

    def _close_tool_input(self, index: int) -> None:
        if text := self._partial_json.pop(index):
            self._blocks[index]["input"] = tool_input(text)


def decision_json(turn: "TurnInProgress") -> dict[str, Any]:
    """The decision with what it was made from."""
    made = turn.decision.to_json() if turn.decision else {}
    made["signals"] = [asdict(signal) for signal in turn.signals]
    return made | ({"not_granted": turn.not_granted} if turn.not_granted else {})
