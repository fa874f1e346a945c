"""What goes to the model of what the app sent: its later words as the operator's, and only the cache marks it may have.

Everything else of the body passes as it came.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from charter import Charter
from charter.prompt import operator_block

MOST_MARKS = 4
"""How many `cache_control` marks the Messages API takes in one request; ours in the system prompt is one of them."""

Blocks = list[dict[str, Any]]


def messages_for(charter: Charter, messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A `system` message in the midst of a conversation is the operator's voice too, within the same fence."""
    return [_fenced(charter, message) if message["role"] == "system" else message for message in messages]


def system_for(system: Blocks, body: dict[str, Any]) -> Blocks:
    """Our system prompt, its cache mark fitted to the app's own: none where they are all used, and never shorter-lived
    than a later one, which the API refuses."""
    tools, later = list(_marks(body.get("tools"))), [*_marks(body.get("messages")), *_marks([body])]
    if len(tools) + len(later) >= MOST_MARKS:
        return [{name: value for name, value in block.items() if name != "cache_control"} for block in system]
    if any(mark.get("ttl") == "1h" for mark in (*later, *_marks(body.get("system")))):
        return [_lasting(block) if "cache_control" in block else block for block in system]
    return system


def _fenced(charter: Charter, message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": operator_block(charter, "", content) or content}
    if not isinstance(content, list):
        return message
    return {**message, "content": [_fenced_block(charter, block) for block in content]}


def _fenced_block(charter: Charter, block: dict[str, Any]) -> dict[str, Any]:
    if block["type"] != "text":
        return block
    return {**block, "text": operator_block(charter, "", block["text"]) or block["text"]}


def _lasting(block: dict[str, Any]) -> dict[str, Any]:
    return {**block, "cache_control": {**block["cache_control"], "ttl": "1h"}}


def _marks(parts: Any) -> Iterator[dict[str, Any]]:
    """The marks on these objects and on the blocks of their `content`, however deep."""
    waiting = list(parts) if isinstance(parts, list) else []
    while waiting:
        part = waiting.pop()
        if not isinstance(part, dict):
            continue
        if isinstance(mark := part.get("cache_control"), dict):
            yield mark
        if isinstance(content := part.get("content"), list):
            waiting += content
