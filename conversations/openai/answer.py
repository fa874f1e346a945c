"""An answer of the Messages API as a chat completion."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from conversations.openai.messages import Call, assistant_blocks, call_id

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
TIERS = {"standard": "default", "priority": "priority"}
WITHHELD = "The rest of this answer is withheld."
"""What stands in `refusal` where an answer was stopped."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the request chose of the answer's form."""

    usage: bool = False
    """A stream's last chunk tells the tokens."""
    json: bool = False
    """The content is to be JSON, so our own words, which are none, go into `refusal`."""
    older: bool = False
    """The older API's one `function_call`, in place of `tool_calls`."""


def completion(message: dict[str, Any], created: int, wanted: Wanted) -> dict[str, Any]:
    """A `ChatCompletion`. `message`: as answer_plainly gives it; `created`: seconds since 1970."""
    told, usage = message["plumbline"], message.get("usage")
    stop_reason = message.get("stop_reason")
    choice = {
        "index": 0,
        "message": assistant_message(message["content"], stop_reason, wanted, own=told["outcome"] != "answer"),
        "logprobs": None,
        "finish_reason": finish_reason(stop_reason, wanted),
    }
    return {
        "id": completion_id(told),
        "object": "chat.completion",
        "created": created,
        "model": message["model"],
        "choices": [choice],
        "usage": usage_of(usage),
        **tier_of(usage),
        "plumbline": told,
    }


def assistant_message(blocks: Sequence[Any], stop_reason: Any, wanted: Wanted, *, own: bool = False) -> dict[str, Any]:
    """A `ChatCompletionMessage`: texts as one, and tool calls; thinking, citations, the model's own tools are left out.

    own: they are our own words, in place of the model's.
    """
    said = "".join(str(block.get("text") or "") for block in _of(blocks, "text"))
    calls = [
        {"id": str(block.get("id")), "type": "function", "function": function_of(block)}
        for block in _of(blocks, "tool_use")
    ]
    message: dict[str, Any] = {"role": "assistant", "content": said or (None if calls else ""), "refusal": None}
    if own and wanted.json:
        message |= {"content": None, "refusal": said or None}
    elif stop_reason == "refusal":
        message |= {"content": said or None, "refusal": WITHHELD}
    if calls and wanted.older:
        message["function_call"] = calls[0]["function"]
    elif calls:
        message["tool_calls"] = calls
    return message


def comes_back(blocks: Sequence[Any], stop_reason: str, *, wanted: Wanted, place: int) -> list[dict[str, Any]]:
    """An answer's blocks as they are read from the history of an app that was given them in our shape.

    place: how many messages were before it.
    """
    message = assistant_message(blocks, stop_reason, wanted)
    calls = [Call(call["id"], **call["function"]) for call in message.get("tool_calls", ())]
    if (function := message.get("function_call")) is not None:
        calls = [Call(call_id(place), **function)]
    return assistant_blocks(message["content"] or message["refusal"] or "", calls)


def function_of(block: dict[str, Any]) -> dict[str, str]:
    return {"name": str(block.get("name")), "arguments": orjson.dumps(block.get("input") or {}).decode()}


def finish_reason(stop_reason: Any, wanted: Wanted) -> str:
    reason = FINISH_REASONS.get(str(stop_reason), "stop")
    return "function_call" if reason == "tool_calls" and wanted.older else reason


def completion_id(told: dict[str, Any]) -> str:
    """From the turn's own id, under which it is recorded."""
    return f"chatcmpl-{told['turn'].replace('-', '')}"


def usage_of(usage: Any) -> dict[str, Any]:
    """A `CompletionUsage`. What was read from the model's cache or written to it is part of the prompt."""
    usage = usage if isinstance(usage, dict) else {}
    read, written = _count(usage, "cache_read_input_tokens"), _count(usage, "cache_creation_input_tokens")
    prompt, answer = _count(usage, "input_tokens") + read + written, _count(usage, "output_tokens")
    details = usage.get("output_tokens_details")
    thinking = details.get("thinking_tokens") if isinstance(details, dict) else None
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
        **({"completion_tokens_details": {"reasoning_tokens": thinking}} if isinstance(thinking, int) else {}),
    }


def tier_of(usage: Any) -> dict[str, str]:
    tier = usage.get("service_tier") if isinstance(usage, dict) else None
    return {"service_tier": TIERS[tier]} if isinstance(tier, str) and tier in TIERS else {}


def _count(usage: dict[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _of(blocks: Sequence[Any], kind: str) -> list[dict[str, Any]]:
    return [block for block in blocks if isinstance(block, dict) and block.get("type") == kind]
