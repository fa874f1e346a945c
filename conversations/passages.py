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
        passages += _of_content(message["content"], speaker, where)
    return passages


def of_system(system: str | Sequence[dict[str, Any]]) -> list[Passage]:
    return _of_content(system, "operator", "system") if system else []


def _of_content(content: str | Sequence[Any], speaker: str, where: str) -> list[Passage]:
    if isinstance(content, str):
        return [Passage(content, speaker, where)]
    return [
        Passage(text, who, f"{where}.content[{index}]")
        for index, block in enumerate(content)
        for text, who in _of_block(block, speaker)
        if text
    ]


def _of_block(block: Any, speaker: str) -> Iterator[tuple[str, str]]:
    kind = block.get("type")
    if kind == "text":
        yield block["text"], speaker
    elif kind == "tool_result":
        for text in _texts(block.get("content")):
            yield text, "tool"
    elif kind in {"document", "search_result"}:
        source = block.get("source")
        for text in _texts(block.get("content")):
            yield text, "document"
        if isinstance(source, dict):
            for text in _texts(source.get("data") if source.get("type") == "text" else source.get("content")):
                yield text, "document"
        for field in ("title", "context"):
            if isinstance(block.get(field), str):
                yield block[field], "document"


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for block in content:
            if isinstance(block, dict) and isinstance(block.get("text"), str):
                yield block["text"]
            elif isinstance(block, dict) and block.get("type") in ("document", "search_result"):
                for text, _ in _of_block(block, "document"):
                    yield text
