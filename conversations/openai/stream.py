"""A stream's events as chunks of a chat completion, each as soon as its event has come."""

from typing import Any

import orjson

from conversations.errors import ApiError
from conversations.openai.answer import WITHHELD, Wanted, completion_id, finish_reason, function_of, tier_of, usage_of
from conversations.openai.errors import error_body
from conversations.sse import Event

KEPT_ALIVE = b": ping\n\n"
DONE = b"data: [DONE]\n\n"


class Chunks:
    """Translates one stream. `created`: seconds since 1970, the same in every chunk."""

    def __init__(self, created: int, wanted: Wanted) -> None:
        self._wanted = wanted
        self._head: dict[str, Any] = {"id": "", "object": "chat.completion.chunk", "created": created, "model": ""}
        self._usage: dict[str, Any] = {}
        self._said_in = "content"
        self._started: dict[Any, dict[str, Any]] = {}
        self._places: dict[Any, int] = {}
        self._unargued: set[Any] = set()

    def feed(self, event: Event) -> bytes:
        """The bytes to send for this event; none where it is nothing to this caller."""
        read = {
            "message_start": self._start,
            "content_block_start": self._open,
            "content_block_delta": self._delta,
            "content_block_stop": self._close,
            "message_delta": self._finish,
            "message_stop": self._end,
        }.get(event.name)
        if read is None:
            return KEPT_ALIVE if event.name == "ping" else b""
        return read(event.data)

    def fail(self, error: ApiError) -> bytes:
        """What ends a stream that failed; `[DONE]` does not follow."""
        return _sent(error_body(error))

    def _start(self, data: dict[str, Any]) -> bytes:
        message, told = data.get("message"), data["plumbline"]
        message = message if isinstance(message, dict) else {}
        self._take_usage(message.get("usage"))
        self._head |= {"id": completion_id(told), "model": str(message.get("model")), **tier_of(self._usage)}
        if self._wanted.json and told["outcome"] != "answer":
            self._said_in = "refusal"
        delta = {"role": "assistant", "content": None if self._said_in == "refusal" else "", "refusal": None}
        return self._chunk(delta, plumbline=told)

    def _open(self, data: dict[str, Any]) -> bytes:
        index, block = data.get("index"), data.get("content_block")
        if not isinstance(block, dict):
            return b""
        if block.get("type") == "text":
            return self._say(block.get("text"))
        if block.get("type") != "tool_use" or (self._wanted.older and self._places):
            return b""
        self._places[index] = len(self._places)
        self._started[index] = block
        self._unargued.add(index)
        return self._call(index, {"name": function_of(block)["name"], "arguments": ""}, id=str(block.get("id")))

    def _delta(self, data: dict[str, Any]) -> bytes:
        index, delta = data.get("index"), data.get("delta")
        if not isinstance(delta, dict):
            return b""
        if delta.get("type") == "text_delta":
            return self._say(delta.get("text"))
        piece = delta.get("partial_json")
        if delta.get("type") != "input_json_delta" or index not in self._places or not piece:
            return b""
        self._unargued.discard(index)
        return self._call(index, {"arguments": str(piece)})

    def _close(self, data: dict[str, Any]) -> bytes:
        index = data.get("index")
        if index not in self._unargued:
            return b""
        # Nothing came piece by piece: the input is what the block began with, or empty.
        self._unargued.discard(index)
        return self._call(index, {"arguments": function_of(self._started[index])["arguments"]})

    def _finish(self, data: dict[str, Any]) -> bytes:
        self._take_usage(data.get("usage"))
        delta = data.get("delta")
        stop_reason = delta.get("stop_reason") if isinstance(delta, dict) else None
        withheld = (
            self._chunk({"refusal": WITHHELD}) if stop_reason == "refusal" and self._said_in == "content" else b""
        )
        return withheld + self._chunk({}, finish_reason(stop_reason, self._wanted), plumbline=data["plumbline"])

    def _end(self, _data: dict[str, Any]) -> bytes:
        if not self._wanted.usage:
            return DONE
        return _sent({**self._head, "choices": [], "usage": usage_of(self._usage)}) + DONE

    def _say(self, text: Any) -> bytes:
        return self._chunk({self._said_in: text}) if isinstance(text, str) and text else b""

    def _call(self, index: Any, function: dict[str, str], **more: str) -> bytes:
        if self._wanted.older:
            return self._chunk({"function_call": function})
        kind = {"type": "function"} if more else {}
        return self._chunk({"tool_calls": [{"index": self._places[index], **more, **kind, "function": function}]})

    def _chunk(self, delta: dict[str, Any], finished: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finished}
        usage = {"usage": None} if self._wanted.usage else {}
        return _sent({**self._head, "choices": [choice], **usage, **more})

    def _take_usage(self, usage: Any) -> None:
        if isinstance(usage, dict):
            self._usage |= {name: value for name, value in usage.items() if value is not None}


def _sent(data: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(data) + b"\n\n"
