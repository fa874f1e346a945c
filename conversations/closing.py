"""The model may ask to close a distressing conversation, by a tool of ours that no app ever sees.

Whether it may, the hierarchy decides: only once something was tried to turn the conversation, and never where someone
may be at risk. Else the model is told to go on, and what it then says is the rest of the same answer. The tool is
offered from where there is something to set a limit to; before that its wish could only be refused.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from charter import Decision, decide, reply
from charter.document import ENDS
from charter.situation import DANGERS
from conversations.blocks import Blocks
from conversations.sse import Event, encode, made
from conversations.upstreams import Answer, Call

if TYPE_CHECKING:
    from conversations.turn import TurnInProgress

TOOL = "end_conversation"
DISTRESSING = frozenset({"abuse", "identity.pressure", "jailbreak"})
Message = dict[str, Any]


def ended_by(decision: Decision) -> str:
    """`model` where it asked for it, else `rules`."""
    return "model" if decision.winner is not None and decision.winner.source == "model.end" else "rules"


def offered(turn: "TurnInProgress", body: dict[str, Any]) -> dict[str, Any]:
    """The body with our tool after the app's own, where the model is to have it."""
    if not _may_have(turn) or not _distressing(turn):
        return body
    return {**body, "tools": [*(body.get("tools") or ()), _tool(turn)]}


def _may_have(turn: "TurnInProgress") -> bool:
    """Whether deployment, model and request leave room for a tool of ours.

    Then its calls are kept from the app whether it was offered or not: a model may call it out of habit.
    """
    decision, body = turn.decision, turn.request.body
    if decision is None or turn.offer.poor_judgment or not decision.effective[ENDS].on:
        return False
    if any(rule.field.partition(".")[0] in {"tools", "tool_choice"} for rule in turn.offer.rules):
        return False  # it does not take tools
    tools, choice = body.get("tools") or [], body.get("tool_choice") or {"type": "auto"}
    if not isinstance(tools, list) or not isinstance(choice, dict) or choice.get("type") != "auto":
        return False
    return not any(isinstance(tool, dict) and tool.get("name") == TOOL for tool in tools)


def _distressing(turn: "TurnInProgress") -> bool:
    assert turn.decision is not None  # noqa: S101 - decided before anything is asked
    past, signals = turn.place.past, {concern.signal for concern in turn.decision.concerns}
    if past.at_risk or signals & DANGERS:
        return False
    pushed = any(concern.flag and concern.signal for concern in turn.decision.concerns)
    return bool(past.redirected or past.declined or past.abusive or pushed or signals & DISTRESSING)


def _tool(turn: "TurnInProgress") -> dict[str, Any]:
    words = turn.access.charter.texts["end_conversation"]
    return {"name": TOOL, "description": words, "input_schema": {"type": "object", "properties": {}}}


async def answer(turn: "TurnInProgress", call: Call) -> Answer:
    """The model's whole answer, without our tool in it. Raises UpstreamError."""
    first = await turn.services.upstreams.answer(call)
    if not _may_have(turn):
        return first
    content = first.message["content"]
    asked = [block for block in content if _ours(block)]
    if not asked:
        return first
    rest = [block for block in content if not _ours(block)]
    if any(_is_tool_use(block) for block in rest):
        # It wants the app's tools as well: so it goes on by itself.
        return Answer({**first.message, "content": rest}, first.request_id)
    if _wants_to_end(turn):
        words = [{"type": "text", "text": _last_words(turn)}]
        return Answer(_ending({**first.message, "content": rest + words}), first.request_id)
    second = await turn.services.upstreams.answer(_going_on(turn, call, content))
    more = [block for block in second.message["content"] if not _ours(block)]
    if not _says_something(rest + more):
        more.append({"type": "text", "text": turn.access.charter.replies["stays"]})
    usage = _sum(first.message.get("usage"), second.message.get("usage"))
    message = {**second.message, "id": first.message.get("id"), "content": rest + more, "usage": usage}
    return Answer(message if any(map(_is_tool_use, more)) else _ending(message), second.request_id)


async def events(turn: "TurnInProgress", call: Call) -> AsyncIterator[Event]:
    """The same as a stream: one message in valid order, whatever the model asked of our tool. Raises UpstreamError."""
    relay, watching = _Relay(), _may_have(turn)
    async with turn.services.upstreams.stream(call) as first:
        async for event in first:
            for passed in relay.pass_on(event) if watching else (event,):
                yield passed
    if not relay.asked:
        return
    if relay.uses_tools:
        for event in relay.ending(end_turn=False):
            yield event
        return
    if _wants_to_end(turn):
        for event in (*relay.text(_last_words(turn)), *relay.ending()):
            yield event
        return
    goes_on = _going_on(turn, call, relay.whole.all())
    relay.go_on()
    async with aclosing(_second(turn, relay, goes_on)) as more:
        async for event in more:
            yield event


async def _second(turn: "TurnInProgress", relay: "_Relay", call: Call) -> AsyncIterator[Event]:
    async with turn.services.upstreams.stream(call) as events:
        async for event in events:
            for passed in relay.pass_on(event):
                yield passed
    if not relay.says_something:
        for event in relay.text(turn.access.charter.replies["stays"]):
            yield event
    for event in relay.ending(end_turn=not relay.uses_tools):
        yield event


class _Relay:
    """Passes a stream on without our tool's blocks, numbering the others anew; from where our tool was asked for it
    keeps the message's end back."""

    def __init__(self) -> None:
        self.whole = Blocks()
        """Of the stream that is read now, our tool's included."""
        self.asked = self.uses_tools = self.says_something = False
        self._hidden: set[int] = set()
        self._numbers: dict[int, int] = {}
        self._next = 0
        self._again = False
        self._start_usage: Any = None
        self._usage: dict[str, Any] = {}
        self._delta: dict[str, Any] = {}

    def go_on(self) -> None:
        """Another stream follows, which goes on with the same message."""
        self.whole, self._hidden, self._numbers, self._again = Blocks(), set(), {}, True
        self._usage, self._start_usage = _sum(self._usage, None), None

    def pass_on(self, event: Event) -> Iterator[Event]:
        self.whole.take(event)
        if event.name == "message_start":
            message = event.data.get("message")
            self._start_usage = message.get("usage") if isinstance(message, dict) else None
            if not self._again:
                yield event
        elif event.name == "message_delta":
            usage = {**(self._start_usage or {}), **(event.data.get("usage") or {})}
            self._usage, self._delta = _sum(self._usage, usage), event.data
            if not self.asked:
                yield event
        elif event.name == "message_stop":
            if not self.asked:
                yield event
        elif event.name.startswith("content_block_"):
            yield from self._block(event)
        else:
            yield event

    def _block(self, event: Event) -> Iterator[Event]:
        index = event.data.get("index", 0)
        if event.name == "content_block_start":
            block = event.data.get("content_block")
            if _ours(block):
                self.asked = True
                self._hidden.add(index)
                return
            self._numbers[index], self._next = self._next, self._next + 1
            self.uses_tools = self.uses_tools or _is_tool_use(block)
            self.says_something = self.says_something or _says_something([block])
        if index in self._hidden:
            return
        delta = event.data.get("delta")
        self.says_something = self.says_something or (
            isinstance(delta, dict) and bool(str(delta.get("text") or "").strip())
        )
        number = self._numbers.get(index, index)
        yield event if number == index else _numbered(event, number)

    def text(self, words: str) -> Iterator[Event]:
        """A block of our own."""
        index, self._next = self._next, self._next + 1
        yield made("content_block_start", index=index, content_block={"type": "text", "text": ""})
        yield made("content_block_delta", index=index, delta={"type": "text_delta", "text": words})
        yield made("content_block_stop", index=index)

    def ending(self, *, end_turn: bool = True) -> Iterator[Event]:
        """The message's end that was kept back."""
        delta = dict(self._delta.get("delta") or {})
        if end_turn and delta.get("stop_reason") in {"tool_use", None}:
            delta |= {"stop_reason": "end_turn", "stop_sequence": None}
        rest = {name: value for name, value in self._delta.items() if name not in {"type", "delta", "usage"}}
        yield made("message_delta", **rest, delta=delta, usage=self._usage or {"output_tokens": 0})
        yield made("message_stop")


def _wants_to_end(turn: "TurnInProgress") -> bool:
    """Decides the turn anew, now that the model wants to close the conversation; whether it may."""
    assert turn.situation is not None  # noqa: S101 - decided before anything is asked
    turn.situation = replace(turn.situation, asked_to_end=True)
    turn.decision = decide(turn.situation)
    return turn.decision.outcome == "end"


def _last_words(turn: "TurnInProgress") -> str:
    assert turn.decision is not None  # noqa: S101
    return reply(turn.decision, turn.access.configuration)


def _going_on(turn: "TurnInProgress", call: Call, content: list[Message]) -> Call:
    """The next call: what the model said, and as its tool's result that it goes on."""
    assert turn.decision is not None  # noqa: S101
    told = next((one.directive for one in turn.decision.concerns if one.source.startswith("model.stays")), "")
    results = [
        {"type": "tool_result", "tool_use_id": block.get("id"), "is_error": True, "content": told}
        for block in content
        if _ours(block)
    ]
    said = [{"role": "assistant", "content": content}, {"role": "user", "content": results}]
    body = {**call.body, "messages": [*call.body["messages"], *said]}
    if not any(isinstance(tool, dict) and tool.get("name") == TOOL for tool in body.get("tools") or ()):
        body["tools"] = [*(body.get("tools") or ()), _tool(turn)]
    turn.call = Call(call.offer, call.offers, body, call.headers)
    return turn.call


def _ending(message: Message) -> Message:
    if message.get("stop_reason") != "tool_use":
        return message
    return {**message, "stop_reason": "end_turn", "stop_sequence": None}


def _ours(block: Any) -> bool:
    return _is_tool_use(block) and block.get("name") == TOOL


def _is_tool_use(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == "tool_use"


def _says_something(blocks: list[Any]) -> bool:
    return any(
        isinstance(block, dict) and block.get("type") == "text" and str(block.get("text") or "").strip()
        for block in blocks
    )


def _numbered(event: Event, index: int) -> Event:
    data = {**event.data, "index": index}
    return Event(event.name, data, encode(event.name, data))


def _sum(one: Any, other: Any) -> dict[str, Any]:
    """Two calls' usage as one; what is no count is the later one's."""
    first, second = (dict(usage) if isinstance(usage, dict) else {} for usage in (one, other))
    counts = {
        name: (first.get(name) or 0) + (second.get(name) or 0)
        for name in first.keys() | second.keys()
        if type(first.get(name, 0)) in {int, type(None)} and type(second.get(name, 0)) in {int, type(None)}
    }
    return {**first, **second, **counts}
