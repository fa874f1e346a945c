"""Guard: the answer is screened as it streams. Nothing past a bright line is sent.

The screen holds back just enough text to see a line coming. When it stops an answer, the stream still ends in valid
order: the open block is closed, then `message_delta` with stop_reason "refusal", then `message_stop`.
"""

import json
from collections.abc import Iterator
from typing import Any

from charter import Configuration, Signal
from charter.screens import OutputScreen
from conversations.sse import Event, made

REFUSAL = "refusal"
WORDS = {"text_delta": "text", "input_json_delta": "partial_json", "thinking_delta": "thinking"}
"""The field that holds a delta's words, by its kind: what is written into a tool's input is sent as text is."""


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
        self._kind = ""
        self.stopped: Signal | None = None

    def plain(self, message: dict[str, Any]) -> dict[str, Any]:
        """The message, cut short where the screen stops it."""
        released: list[Any] = [{"type": "text", "text": self._opening}] if self._opening else []
        for block in message["content"]:
            kind = block.get("type") if isinstance(block, dict) else ""
            words = _words(block) if isinstance(block, dict) else ""
            screen = self._screen_of(str(kind))
            text = screen.feed(words) + screen.close()
            if screen.stopped is None:
                released.append(block)
                continue
            self.stopped = screen.stopped
            # Half a tool's input is no input, and half a thought bears no signature.
            if text and kind == "text":
                released.append({**block, "text": text})
            return {**message, "content": released, "stop_reason": REFUSAL, "stop_sequence": None}
        return {**message, "content": released}

    def _screen_of(self, kind: str) -> OutputScreen:
        """Who is told what a person is told: only an answer's text can deceive about who writes it."""
        return OutputScreen(self._configuration, self._asked if kind == "text" else frozenset())

    def pass_on(self, event: Event) -> Iterator[Event]:
        """The events that may leave now that `event` has come."""
        if self.stopped is not None:
            return
        if event.name == "content_block_start":
            block = event.data.get("content_block")
            self._open = event.data.get("index")
            kind = str(block.get("type")) if isinstance(block, dict) else ""
            self._screen, self._kind = self._screen_of(kind), ""
            yield event
            if kind == "text" and self._opening:
                yield self._delta("text_delta", self._opening)
                self._opening = ""
        elif event.name == "content_block_delta" and self._screen is not None:
            yield from self._measured(self._screen, event)
        elif event.name == "content_block_stop":
            if self._screen is not None:
                yield from self._release(self._screen, self._screen.close(), None)
            if self.stopped is None:
                yield event
                self._open, self._screen = None, None
        else:
            yield event

    def _measured(self, screen: OutputScreen, event: Event) -> Iterator[Event]:
        delta = event.data.get("delta")
        kind = str(delta.get("type")) if isinstance(delta, dict) else ""
        if not isinstance(delta, dict) or kind not in WORDS:
            # A signature or citation comes after the words it is about.
            yield from self._release(screen, screen.close(), None)
            if self.stopped is None:
                yield event
            return
        self._kind = kind
        yield from self._release(screen, screen.feed(str(delta.get(WORDS[kind], ""))), event)

    def _release(self, screen: OutputScreen, text: str, event: Event | None) -> Iterator[Event]:
        if text and event is not None and event.data["delta"].get(WORDS[self._kind]) == text:
            yield event
        elif text:
            yield self._delta(self._kind, text)
        if screen.stopped is not None:
            self.stopped = screen.stopped
            yield made("content_block_stop", index=self._open)

    def _delta(self, kind: str, words: str) -> Event:
        return made("content_block_delta", index=self._open, delta={"type": kind, WORDS[kind]: words})


def _words(block: dict[str, Any]) -> str:
    """The words of a whole block, as its deltas would have brought them."""
    if block.get("type") in {"text", "thinking"}:
        words = block.get(block["type"])
        return words if isinstance(words, str) else ""
    return json.dumps(block["input"], ensure_ascii=False) if block.get("input") else ""
