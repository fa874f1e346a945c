"""Guard: the answer is screened as it streams. Nothing past a bright line is sent.

The screen holds back just enough text to see a line coming. When it stops an answer, the stream still ends in valid
order: the open block is closed, then `message_delta` with stop_reason "refusal", then `message_stop`.
"""

from collections.abc import Iterator
from typing import Any

from charter import Configuration, Signal
from charter.screens import OutputScreen
from conversations.sse import Event, encode

REFUSAL = "refusal"


class Guard:
    """Screens one answer. After `stopped` is set nothing more of the answer may leave.

    `asked`: names of the turn's signals. `opening`: our own words, put before the model's first text.
    """

    def __init__(self, configuration: Configuration, asked: frozenset[str] = frozenset(), opening: str = "") -> None:
        self._configuration = configuration
        self._asked = asked
        self._opening = f"{opening}\n\n" if opening else ""
        self._screen: OutputScreen | None = None
        self._open: int | None = None
        self.stopped: Signal | None = None

    def plain(self, message: dict[str, Any]) -> dict[str, Any]:
        """The message, cut short where the screen stops it."""
        released: list[Any] = [{"type": "text", "text": self._opening}] if self._opening else []
        for block in message["content"]:
            if not isinstance(block, dict) or block.get("type") != "text" or not isinstance(block.get("text"), str):
                released.append(block)
                continue
            screen = OutputScreen(self._configuration, self._asked)
            text = screen.feed(block["text"]) + screen.close()
            if screen.stopped is None:
                released.append(block)
                continue
            self.stopped = screen.stopped
            if text:
                released.append({**block, "text": text})
            return {**message, "content": released, "stop_reason": REFUSAL, "stop_sequence": None}
        return {**message, "content": released}

    def pass_on(self, event: Event) -> Iterator[Event]:
        """The events that may leave now that `event` has come."""
        if self.stopped is not None:
            return
        if event.name == "content_block_start":
            block = event.data.get("content_block")
            self._open = event.data.get("index")
            is_text = isinstance(block, dict) and block.get("type") == "text"
            self._screen = OutputScreen(self._configuration, self._asked) if is_text else None
            yield event
            if is_text and self._opening:
                yield _made("content_block_delta", {"index": self._open, "delta": _text(self._opening)})
                self._opening = ""
        elif event.name == "content_block_delta" and self._screen is not None:
            delta = event.data.get("delta")
            if not isinstance(delta, dict) or delta.get("type") != "text_delta":
                yield event
                return
            yield from self._release(self._screen.feed(str(delta.get("text", ""))), event)
        elif event.name == "content_block_stop":
            if self._screen is not None:
                yield from self._release(self._screen.close(), None)
            if self.stopped is None:
                yield event
                self._open, self._screen = None, None
        else:
            yield event

    def _release(self, text: str, event: Event | None) -> Iterator[Event]:
        if text and event is not None and event.data["delta"]["text"] == text:
            yield event
        elif text:
            yield _made("content_block_delta", {"index": self._open, "delta": _text(text)})
        if self._screen is not None and self._screen.stopped is not None:
            self.stopped = self._screen.stopped
            yield _made("content_block_stop", {"index": self._open})


def _text(text: str) -> dict[str, str]:
    return {"type": "text_delta", "text": text}


def _made(name: str, fields: dict[str, Any]) -> Event:
    data = {"type": name, **fields}
    return Event(name, data, encode(name, data))
