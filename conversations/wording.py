"""The shapes of what leaves: the request to the model, our own words as a message, and the `plumbline` object."""

from typing import TYPE_CHECKING, Any

from conversations import closing
from conversations.outgoing import messages_for, system_for
from conversations.sse import Event, encode
from conversations.sse import made as _event
from conversations.upstreams import Call

if TYPE_CHECKING:
    from conversations.transcript import Transcript
    from conversations.turn import TurnInProgress

PASSED_HEADERS = ("anthropic-version", "anthropic-beta", "anthropic-user-profile-id", "anthropic-workspace-id")

_IN_HEADERS = ("conversation", "turn", "receipt", "outcome", "tier")


def for_upstream(turn: "TurnInProgress") -> Call:
    """The turn's call of the model: what the app sent, with the whole history and our system."""
    body = {**turn.request.body, "messages": messages_for(turn.access.charter, turn.sent_messages)}
    body = closing.offered(turn, body)
    body["system"] = system_for(turn.system, body)
    headers = {name: turn.headers[name] for name in PASSED_HEADERS if name in turn.headers}
    turn.call = Call(turn.offer, turn.access.offers, body, headers)
    return turn.call


def plumbline(turn: "TurnInProgress") -> dict[str, Any]:
    """What an app is told of its turn, in the body beside the answer."""
    decision = turn.decision
    assert decision is not None  # noqa: S101 - decided before anything is answered
    told = {
        "conversation": str(turn.place.conversation_id),
        "turn": str(turn.id),
        "receipt": str(turn.receipt),
        "outcome": decision.outcome,
        "tier": decision.tier,
        "reason": decision.winner.reason if decision.winner else None,
        "charter": decision.charter_digest,
        "configuration": turn.access.configuration_number or None,
    }
    on_request = {"dropped": turn.dropped, "not_granted": turn.not_granted}
    return told | {name: said for name, said in on_request.items() if said}


def answer(turn: "TurnInProgress", message: dict[str, Any]) -> dict[str, Any]:
    """The whole answer as the app gets it."""
    return {**message, "model": turn.request.model, "plumbline": plumbline(turn)}


def reply_headers(turn: "TurnInProgress") -> dict[str, str]:
    """What an app is told of its turn and of its limits, in headers."""
    told = plumbline(turn)
    named = {f"plumbline-{name}": str(told[name]) for name in _IN_HEADERS if told[name]}
    again = {"idempotency-replayed": "true"} if turn.recorded is not None else {}
    if turn.recorded is not None:
        again["idempotency-kept-until"] = turn.recorded.until.isoformat(timespec="seconds").replace("+00:00", "Z")
    return named | again | turn.admission.headers


def own_message(turn: "TurnInProgress", text: str) -> dict[str, Any]:
    """Our own words as a `message`; no tokens were spent."""
    return {
        "id": f"msg_{turn.id.hex}",
        "type": "message",
        "role": "assistant",
        "model": turn.request.model,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }


def own_events(turn: "TurnInProgress", text: str) -> list[Event]:
    """Our own words as a stream's events, in the documented order."""
    message = own_message(turn, "") | {"content": [], "stop_reason": None}
    return [
        _event("message_start", message=message),
        _event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *(
            _event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
            for piece in text.splitlines(keepends=True)
        ),
        _event("content_block_stop", index=0),
        _event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 0}),
        _event("message_stop"),
    ]


def refusal_ending(transcript: "Transcript") -> list[Event]:
    """The last two events of a stream that the guard stopped."""
    usage = {"output_tokens": 0, **transcript.usage}
    return [
        _event("message_delta", delta={"stop_reason": "refusal", "stop_sequence": None}, usage=usage),
        _event("message_stop"),
    ]


def with_plumbline(turn: "TurnInProgress", event: Event) -> Event:
    """`message_start` and `message_delta` carry the object; in the former it is the message's too."""
    data = {**event.data, "plumbline": plumbline(turn)}
    if isinstance(data.get("message"), dict):
        data["message"] = {**data["message"], "model": turn.request.model, "plumbline": data["plumbline"]}
    return Event(event.name, data, encode(event.name, data))
