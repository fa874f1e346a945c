"""Requests to the Messages API, checked as the API checks them, and read. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

COUNT_FIELDS = {"cache_control", "messages", "model", "output_config", "speed", "system", "thinking", "tool_choice"}
COUNT_FIELDS |= {"tools", "user_profile_id", "workspace_id"}
CREATE_FIELDS = COUNT_FIELDS | {"container", "diagnostics", "inference_geo", "max_tokens", "metadata", "service_tier"}
CREATE_FIELDS |= {"stop_sequences", "stream"}
BETA_FIELDS = {
    "billing_policy",
    "compaction",
    "context_management",
    "fallback_credit_token",
    "fallbacks",
    "mcp_servers",
}
BETA_FIELDS |= {"output_format", "thread"}
SAMPLING_FIELDS = {"temperature", "top_k", "top_p"}
VERSIONS = ("2023-06-01", "2026-10-21")
MESSAGE_FIELDS = ("role", "content")
BLOCK_REQUIRES = {
    "text": ("text",),
    "image": ("source",),
    "document": ("source",),
    "search_result": ("source", "title", "content"),
    "thinking": ("thinking", "signature"),
    "redacted_thinking": ("data",),
    "tool_use": ("id", "name", "input"),
    "tool_result": ("tool_use_id",),
    "server_tool_use": ("id", "name", "input"),
    "mcp_tool_use": ("id", "name", "input", "server_name"),
    "mcp_tool_result": ("tool_use_id",),
    **{
        f"{tool}_tool_result": ("tool_use_id", "content")
        for tool in (
            *("web_search", "web_fetch", "code_execution", "bash_code_execution", "text_editor_code_execution"),
            *("tool_search", "advisor"),
        )
    },
    "container_upload": ("file_id",),
    "compaction": (),
    "fallback": ("from", "to"),
    "mcp_tool_listing": ("mcp_server_name", "tools"),
    "tool_addition": ("tool",),
    "tool_removal": ("tool",),
}
SYSTEM_FIELDS = {"clear_at", "output_config"}
MOST_MARKS = 4


def problem(body: Any, version: str, *, counting: bool = False, beta: bool = False) -> str | None:
    """What the API would answer 400 to, in its own form `path: what is wrong`; None for a valid request.

    `version` is the header `anthropic-version`. The newer one refuses sampling parameters at any value, documents in
    assistant messages, and citations in user messages. `beta` takes the fields of betas, whichever were named.
    """
    if version not in VERSIONS:
        return (
            f'anthropic-version: "{version}" is not a valid version'
            if version
            else "anthropic-version: header is required"
        )
    known = (COUNT_FIELDS if counting else CREATE_FIELDS) | (BETA_FIELDS if beta else set())
    if version == VERSIONS[0]:
        return next(_problems(body, known if counting else known | SAMPLING_FIELDS), None)
    return next(chain(_problems(body, known), _newer_problems(body)), None)


# Each generator below may rely on what it has yielded before being right: only the first problem is ever taken.


def _problems(body: Any, known: set[str]) -> Iterator[str]:
    if not isinstance(body, dict):
        yield "Input should be an object"
    for name in ("model", "max_tokens", "messages"):
        if name in known and name not in body:
            yield f"{name}: Field required"
    for name in body:
        if name not in known:
            yield f"{name}: Extra inputs are not permitted"
    yield from _option_problems(body)
    yield from _system_problems(body.get("system") or "")
    yield from _messages_problems(body["messages"])
    yield from _cache_problems(body)


def _newer_problems(body: dict[str, Any]) -> Iterator[str]:
    for index, message in enumerate(body["messages"]):
        for number, block in enumerate(_blocks(message)):
            path = f"messages.{index}.content.{number}"
            if message["role"] == "assistant" and block["type"] == "document":
                yield f"{path}: `document` blocks are not permitted in assistant messages"
            if message["role"] == "user" and block["type"] == "text" and block.get("citations"):
                yield f"{path}.text.citations: citations are not permitted in user messages"


def _option_problems(body: dict[str, Any]) -> Iterator[str]:
    limit = body.get("max_tokens", 1)
    if not isinstance(limit, int) or isinstance(limit, bool):
        yield "max_tokens: Input should be a valid integer"
    if limit < 0:  # 0 only fills the prompt cache
        yield "max_tokens: must be greater than or equal to 0"
    if not isinstance(body["model"], str) or not body["model"]:
        yield "model: Input should be a valid string"
    if not 0 <= (body.get("temperature") or 0) <= 1:
        yield "temperature: range: 0..1"
    for name in body.get("metadata") or {}:
        if name != "user_id":
            yield f"metadata.{name}: Extra inputs are not permitted"
    for index, tool in enumerate(body.get("tools") or ()):
        if tool.get("type", "custom") == "custom" and "input_schema" not in tool:
            yield f"tools.{index}.custom.input_schema: Field required"


def _system_problems(system: Any) -> Iterator[str]:
    if not isinstance(system, str | list):
        yield "system: Input should be a valid list"
    for index, block in enumerate(system if isinstance(system, list) else ()):
        if block.get("type") != "text" or not isinstance(block.get("text"), str):
            yield f"system.{index}.type: Input should be 'text'"
        if not block["text"]:
            yield "system: text content blocks must be non-empty"


def _messages_problems(messages: Any) -> Iterator[str]:
    if not isinstance(messages, list):
        yield "messages: Input should be a valid list"
    if not messages:
        yield "messages: at least one message is required"
    for index, message in enumerate(messages):
        path = f"messages.{index}"
        yield from _message_problems(message, path)
        empty = not message.get("content") and not message.get("output_config")
        if empty and not (message["role"] == "assistant" and index == len(messages) - 1):
            yield f"{path}: all messages must have non-empty content except for the optional final assistant message"
        for number, block in enumerate(_blocks(message)):
            yield from _block_problems(block, f"{path}.content.{number}")
    yield from _tool_pairing_problems(messages)


def _message_problems(message: Any, path: str) -> Iterator[str]:
    if not isinstance(message, dict):
        yield f"{path}: Input should be an object"
    system = message.get("role") == "system"
    for name in MESSAGE_FIELDS:
        if name not in message and not (system and "output_config" in message):
            yield f"{path}.{name}: Field required"
    for name in message:
        if name not in MESSAGE_FIELDS and not (system and name in SYSTEM_FIELDS):
            yield f"{path}.{name}: Extra inputs are not permitted"
    if message["role"] not in ("user", "assistant", "system"):
        yield f"{path}.role: Input should be 'user', 'assistant' or 'system'"
    if not isinstance(message.get("content", ""), str | list):
        yield f"{path}.content: Input should be a valid list"


def _block_problems(block: Any, path: str) -> Iterator[str]:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind is None:
        yield f"{path}.type: Field required"
    if kind not in BLOCK_REQUIRES:
        yield f"{path}: Input tag '{kind}' found using 'type' does not match any of the expected tags"
    for name in BLOCK_REQUIRES[kind]:
        if name not in block:
            yield f"{path}.{kind}.{name}: Field required"
    if kind == "text" and not block["text"]:
        yield "messages: text content blocks must be non-empty"


def _cache_problems(body: dict[str, Any]) -> Iterator[str]:
    """At most four marks, and none that lasts longer than one before it."""
    lasts: list[str] = []
    for part in (body.get("tools"), body.get("system"), *(message.get("content") for message in body["messages"])):
        blocks = part if isinstance(part, list) else []
        inner = [one for block in blocks if isinstance(block.get("content"), list) for one in block["content"]]
        lasts += [one["cache_control"].get("ttl", "5m") for one in (*blocks, *inner) if one.get("cache_control")]
    if mark := body.get("cache_control"):
        lasts.append(mark.get("ttl", "5m"))
    if len(lasts) > MOST_MARKS:
        yield f"A maximum of {MOST_MARKS} blocks with cache_control may be provided. Found {len(lasts)}."
    if "5m" in lasts and "1h" in lasts[lasts.index("5m") :]:
        yield "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block"


def _tool_pairing_problems(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Each tool_use must be answered in the very next message, and each tool_result must answer one."""
    asked: set[str] = set()
    for index, message in enumerate(messages):
        answered = {block["tool_use_id"] for block in _blocks(message) if block["type"] == "tool_result"}
        if missing := ", ".join(sorted(asked - answered)):
            what = "`tool_use` ids were found without `tool_result` blocks immediately after"
            yield f"messages.{index - 1}: {what}: {missing}"
        if stray := ", ".join(sorted(answered - asked)):
            yield f"messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {stray}"
        asked = {block["id"] for block in _blocks(message) if block["type"] == "tool_use"}


def _blocks(message: dict[str, Any]) -> list[Any]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def last_user_text(body: dict[str, Any]) -> str:
    """The text blocks of the last user message, joined by newlines; empty when it holds only tool results."""
    for message in reversed(body["messages"]):
        if message["role"] == "user":
            content = message["content"]
            return content if isinstance(content, str) else _text_of(content)
    return ""


def system_text(body: dict[str, Any]) -> str:
    system = body.get("system") or ""
    return system if isinstance(system, str) else _text_of(system)


def _text_of(blocks: list[dict[str, Any]]) -> str:
    return "\n".join(block["text"] for block in blocks if block["type"] == "text")
