"""The Anthropic Messages API as bytes: errors, answers and events. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import orjson

from tests.support.script import Script

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_numbers = itertools.count(1)


def new_id(prefix: str) -> str:
    """An id in the API's form, unique in this process: `msg_01` and 22 further characters."""
    return f"{prefix}_01{next(_numbers):022d}"


def error(status: int, message: str, request_id: str) -> bytes:
    kind = ERROR_TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    body = {"type": "error", "error": {"details": None, "type": kind, "message": message}, "request_id": request_id}
    return orjson.dumps(body)


# --- Answers


def count_tokens(value: Any) -> int:
    """A token for each four bytes of the JSON: no true tokenizer, but it grows with the text and never jumps."""
    return len(orjson.dumps(value)) // 4 + 1


def input_tokens(body: dict[str, Any]) -> int:
    return count_tokens([body.get("system"), body["messages"], body.get("tools")])


def message(body: dict[str, Any], script: Script) -> dict[str, Any]:
    """The whole answer as the plain API gives it; the stream is cut from this very object."""
    content: list[dict[str, Any]] = []
    stop_reason, stop_sequence = "end_turn", None
    if script.thinking is not None:
        content.append({"type": "thinking", "thinking": script.thinking, "signature": "c2lnbmVkIGJ5IHRoZSBtb2Nr"})
    text = _answer_text(script, body)
    if text:
        text, stop_reason, stop_sequence = _bounded(text, body)
    if text:
        content.append({"type": "text", "text": text})
    for name, given in script.tools:
        made = given if given is not None else _input_for(name, body)
        content.append({"type": "tool_use", "id": new_id("toolu"), "name": name, "input": made})
        stop_reason = "tool_use"
    used = input_tokens(body)
    return {
        "id": new_id("msg"),
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": script.stop or stop_reason,
        "stop_sequence": stop_sequence,
        "usage": {
            "input_tokens": used,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": count_tokens(content),
            "service_tier": "standard",
        },
    }


def _answer_text(script: Script, body: dict[str, Any]) -> str:
    if script.empty:
        return ""
    if script.say is not None:
        return script.say
    if script.tools:
        return f"I will use {script.tools[0][0]}."
    return f"This is the scripted answer to message {len(body['messages'])}: {script.prompt[:400]}"


def _bounded(text: str, body: dict[str, Any]) -> tuple[str, str, str | None]:
    """`text` cut at the first stop sequence, then at `max_tokens` words; with the stop reason and sequence."""
    for sequence in body.get("stop_sequences") or ():
        before, found, _ = text.partition(sequence)
        if found:
            return before, "stop_sequence", sequence
    words = re.findall(r"\S+\s*|\s+", text)
    if len(words) > body["max_tokens"]:
        return "".join(words[: body["max_tokens"]]), "max_tokens", None
    return text, "end_turn", None


def _input_for(name: str, body: dict[str, Any]) -> dict[str, Any]:
    """An input that the named tool's schema accepts, of its required properties; {} for a tool not offered."""
    samples = {"string": "example", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
    for tool in body.get("tools") or ():
        if tool["name"] == name:
            schema = tool.get("input_schema", {})
            properties = schema.get("properties", {})
            return {key: samples[properties.get(key, {}).get("type", "string")] for key in schema.get("required", ())}
    return {}


# --- Streams


def event(name: str, **data: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps({"type": name, **data}) + b"\n\n"


def pieces(text: str, count: int | None) -> list[str]:
    """`text` in `count` parts, fewer if it is shorter, or one for every four words; parts join back to the text."""
    if not text:
        return []
    if count is None:
        return re.findall(r"(?:\S+\s*|\s+){1,4}", text)
    cuts = [len(text) * number // count for number in range(count + 1)]
    return [text[start:end] for start, end in itertools.pairwise(cuts) if start < end]


def stream_head(answer: dict[str, Any]) -> bytes:
    started = {**answer, "content": [], "stop_reason": None, "stop_sequence": None}
    started["usage"] = {**answer["usage"], "output_tokens": 1}
    return event("message_start", message=started)


def stream_blocks(answer: dict[str, Any], chunks: int | None) -> Iterator[bytes]:
    """Every event of every block, in the API's order: a ping follows the first block's start."""
    for index, block in enumerate(answer["content"]):
        yield event("content_block_start", index=index, content_block=_opened(block))
        if index == 0:
            yield event("ping")
        for delta in _deltas(block, chunks):
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)


def stream_tail(answer: dict[str, Any]) -> bytes:
    usage = {name: number for name, number in answer["usage"].items() if name.endswith("_tokens")}
    delta = {"stop_reason": answer["stop_reason"], "stop_sequence": answer["stop_sequence"]}
    return event("message_delta", delta=delta, usage=usage) + event("message_stop")


def _opened(block: dict[str, Any]) -> dict[str, Any]:
    match block["type"]:
        case "text":
            return {"type": "text", "text": ""} | ({"citations": []} if block.get("citations") else {})
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case "compaction":
            return {"type": "compaction", "content": None}
        case _:
            return {**block, "input": {}} if "input" in block else block


def _deltas(block: dict[str, Any], chunks: int | None) -> Iterator[dict[str, Any]]:
    match block["type"]:
        case "text":
            for part in pieces(block["text"], chunks):
                yield {"type": "text_delta", "text": part}
            for citation in block.get("citations") or ():
                yield {"type": "citations_delta", "citation": citation}
        case "thinking":
            for part in pieces(block["thinking"], None):
                yield {"type": "thinking_delta", "thinking": part}
            yield {"type": "signature_delta", "signature": block["signature"]}
        case "compaction":
            yield {"type": "compaction_delta", "content": block["content"]}
        case _ if "input" in block:
            yield {"type": "input_json_delta", "partial_json": ""}
            for part in pieces(orjson.dumps(block["input"]).decode(), 3):
                yield {"type": "input_json_delta", "partial_json": part}
