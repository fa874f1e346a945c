"""What the screens are given: each text of a request, and who speaks it.

Tool results and documents are nobody: information, never instructions. The app's `system` is the operator's voice.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from charter import Passage

RECENT_MESSAGES = 12
"""How much history is shown to the screens beside the new messages: escalation shows over turns."""


def of_messages(messages: Sequence[dict[str, Any]], known: int) -> list[Passage]:
    """New messages as `messages[i]`, the recent ones before them as `history[i]`."""
    passages: list[Passage] = []
    for index in range(max(0, known - RECENT_MESSAGES), len(messages)):
        where = f"messages[{index}]" if index >= known else f"history[{index}]"
        message = messages[index]
        speaker = {"assistant": "assistant", "system": "operator"}.get(message["role"], "user")
        passages += _of_content(message.get("content") or (), speaker, where)
    return passages


def of_system(system: str | Sequence[dict[str, Any]]) -> list[Passage]:
    return _of_content(system, "operator", "system") if system else []


def of_answer(blocks: Sequence[dict[str, Any]]) -> list[Passage]:
    return _of_content(blocks, "assistant", "answer")


def _of_content(content: str | Sequence[Any], speaker: str, where: str) -> list[Passage]:
    if isinstance(content, str):
        return [Passage(content, speaker, where)]
    return [
        Passage(text, who, f"{where}.content[{index}]")
        for index, block in enumerate(content)
        for text, who in _of_block(block, speaker)
        if text
    ]


def _of_block(block: dict[str, Any], speaker: str) -> Iterator[tuple[str, str]]:
    kind = block["type"]
    if kind in _WORDS:
        if isinstance(text := block.get(_WORDS[kind]), str):
            yield text, speaker
    elif kind not in _SILENT:
        yield from _information(block)


def _information(block: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text in a block that is nobody's: a tool's result, a document, or a kind not known here."""
    waiting: list[tuple[Any, str]] = [(block, "tool")]
    while waiting:
        value, speaker = waiting.pop()
        if isinstance(value, str):
            yield value, speaker
        elif isinstance(value, list):
            waiting += [(one, speaker) for one in reversed(value)]
        elif isinstance(value, dict):
            if value.get("type") in _DOCUMENTS:
                speaker = "document"
            opaque = _OPAQUE if value.get("type") == "text" else _OPAQUE_DATA
            waiting += [(value[name], speaker) for name in reversed(value) if name not in opaque]


_WORDS = {"text": "text", "compaction": "content"}
"""What the message's author said, by the kind of its block."""
_SILENT = frozenset(
    {"image", "container_upload", "thinking", "redacted_thinking", "tool_use", "server_tool_use", "mcp_tool_use"}
    | {"fallback", "tool_addition", "tool_removal"}
)
"""Without a text of others: pictures, what the model thought or asked for, and the app's own switches."""
_DOCUMENTS = ("document", "search_result")
_OPAQUE = frozenset({"type", "id", "tool_use_id", "cache_control", "media_type", "signature", "caller", "file_id"})
_OPAQUE |= {
    "encrypted_content",
    "encrypted_index",
    "encrypted_stdout",
    "retrieved_at",
    "url",
    "file_type",
    "stop_reason",
}
_OPAQUE_DATA = _OPAQUE | {"data"}
