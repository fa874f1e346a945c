"""An answer's blocks, gathered from the events of its stream."""

from collections.abc import Iterable, Sequence
from typing import Any

from conversations.sse import Event
from conversations.tool_input import tool_input


class Blocks:
    """The blocks so far, in their order."""

    def __init__(self, blocks: Sequence[dict[str, Any]] = ()) -> None:
        self._blocks = dict(enumerate(blocks))
        self._partial_json: dict[int, str] = {}

    def take(self, event: Event) -> None:
        """Any event; what is not about a block changes nothing."""
        data, index = event.data, event.data.get("index", 0)
        if event.name == "content_block_start":
            self._blocks[index] = dict(data.get("content_block") or {})
        elif event.name == "content_block_delta" and index in self._blocks:
            self._take_delta(index, data.get("delta") or {})
        elif event.name == "content_block_stop" and index in self._partial_json:
            self._close_tool_input(index)

    def all(self) -> list[dict[str, Any]]:
        return [block for _, block in sorted(self._blocks.items())]

    def values(self) -> Iterable[dict[str, Any]]:
        return self._blocks.values()

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
