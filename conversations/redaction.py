"""Personal data replaced by placeholders, e.g. [email 1], and put back in what the user reads.

The same value has the same placeholder throughout a request. What the model is sent and what is kept hold placeholders;
screens and rules look at the words themselves, which leave the process by no other way then. What the model thought
stays as it is: it is signed.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any

from conversations.personal_data import find
from conversations.sse import Event, encode

LONG = 20_000
"""Characters; what is longer is read off the event loop."""
KINDS = ("email", "phone", "card", "account", "ip")
_PLACEHOLDER = re.compile(rf"\[({'|'.join(KINDS)}) (\d{{1,6}})\]")
LONGEST = len("[account 999999]")
_LEFT_ALONE = frozenset(
    {"type", "id", "tool_use_id", "role", "name", "signature", "thinking", "data", "media_type", "url", "file_id"}
    | {"cache_control", "encrypted_content", "encrypted_index", "input_schema", "model", "stop_reason", "caller"}
)


class Redactor:
    """One turn's placeholders. Numbers that a history holds, since it was kept redacted, are not given anew."""

    def __init__(self) -> None:
        self._placeholders: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._counts = dict.fromkeys(KINDS, 0)

    async def redact(self, value: Any) -> Any:
        """Any JSON value with the texts in it redacted, keys and what is no text left alone."""
        if _length(value) > LONG:
            return await asyncio.to_thread(self.redact_now, value)
        return self.redact_now(value)

    def redact_now(self, value: Any) -> Any:
        self._spare(value)
        return _mapped(value, self._text)

    @property
    def found(self) -> bool:
        return bool(self._values)

    def restore(self, value: Any) -> Any:
        """The values in their placeholders' stead."""
        return _mapped(value, self.restored) if self._values else value

    def restored(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: self._values.get(match[0], match[0]), text)

    def _text(self, text: str) -> str:
        pieces, end = [], 0
        for one in find(text):
            pieces += [text[end : one.start], self._placeholder(one.kind, text[one.start : one.end])]
            end = one.end
        return "".join([*pieces, text[end:]]) if pieces else text

    def _placeholder(self, kind: str, value: str) -> str:
        known = self._placeholders.get((kind, value))
        if known is None:
            self._counts[kind] += 1
            known = self._placeholders[kind, value] = f"[{kind} {self._counts[kind]}]"
            self._values[known] = value
        return known

    def _spare(self, value: Any) -> None:
        """Numbers that stand in the texts already, from a history that was kept redacted, are not given anew."""

        def look(text: str) -> str:
            for kind, number in _PLACEHOLDER.findall(text):
                if f"[{kind} {number}]" not in self._values:
                    self._counts[kind] = max(self._counts[kind], int(number))
            return text

        _mapped(value, look)


class Restorer:
    """Puts values back into a stream. A text's end that may begin a placeholder waits for what follows it."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held: dict[int, tuple[str, str]] = {}
        """By block: the name of the delta's field, and the text that waits."""

    def pass_on(self, event: Event) -> list[Event]:
        if event.name == "content_block_delta":
            return self._delta(event)
        if event.name == "content_block_stop":
            return [*self._rest(event.data.get("index", 0)), event]
        return [event]

    def _delta(self, event: Event) -> list[Event]:
        delta, index = event.data.get("delta") or {}, event.data.get("index", 0)
        field = {"text_delta": "text", "input_json_delta": "partial_json"}.get(delta.get("type", ""))
        if field is None or not isinstance(delta.get(field), str):
            return [event]
        _, before = self._held.pop(index, (field, ""))
        text = before + delta[field]
        if text == delta[field] and "[" not in text:
            return [event]
        cut = text.rfind("[")
        if cut >= 0 and "]" not in text[cut:] and len(text) - cut < LONGEST:
            self._held[index] = (field, text[cut:])
            text = text[:cut]
        return [_with(event, field, self._redactor.restored(text))] if text else []

    def _rest(self, index: int) -> list[Event]:
        field, text = self._held.pop(index, ("", ""))
        if not text:
            return []
        kind = "text_delta" if field == "text" else "input_json_delta"
        data = {"type": "content_block_delta", "index": index, "delta": {"type": kind, field: text}}
        return [Event("content_block_delta", data, encode("content_block_delta", data))]


def _with(event: Event, field: str, text: str) -> Event:
    data = {**event.data, "delta": {**event.data["delta"], field: text}}
    return Event(event.name, data, encode(event.name, data))


def _mapped(value: Any, change: Callable[[str], str], *, inside: bool = False) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(one, change, inside=inside) for one in value]
    if isinstance(value, dict):
        # A document's `data` is its text then; and what a tool is given has names of its own.
        spoken = {"data"} if value.get("type") == "text" else frozenset()
        return {
            name: one
            if name in _LEFT_ALONE - spoken and not inside
            else _mapped(one, change, inside=inside or name == "input")
            for name, one in value.items()
        }
    return value


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return sum(map(_length, value))
    return sum(_length(one) for one in value.values()) if isinstance(value, dict) else 0
