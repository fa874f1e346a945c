"""Tokens: what a request will take, guessed from its size; what a turn took, from what the model reported of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

BYTES_A_TOKEN = 4
MEDIA_TOKENS = 1_600
"""For an image; and for each MEDIA_BYTES of a document that comes as base64."""
MEDIA_BYTES = 50_000
OUTPUT_GUESS = 1_024
"""An answer is taken to be this long, or `max_tokens` where that is less: most ask for far more than they get."""


@dataclass(frozen=True, slots=True)
class Used:
    """Tokens of one turn. `input`: neither read from the model's cache nor written to it."""

    input: int = 0
    output: int = 0
    cache_write: int = 0
    cache_read: int = 0

    @property
    def limited_input(self) -> int:
        """What counts for the minute's limit: what was read from the cache does not."""
        return self.input + self.cache_write

    @classmethod
    def reported(cls, usage: Mapping[str, Any]) -> "Used":
        names = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        return cls(*(_whole(usage.get(name)) for name in names))


def guess_input(body: Mapping[str, Any]) -> int:
    """Of a request's body."""
    size, media = _measure([body.get("messages"), body.get("system"), body.get("tools")])
    return size // BYTES_A_TOKEN + media + 1


def guess_output(max_tokens: Any) -> int:
    return min(max_tokens, OUTPUT_GUESS) if isinstance(max_tokens, int) else OUTPUT_GUESS


def guess_written(blocks: Iterable[Any]) -> int:
    """Of an answer that broke off before the model said how long it was."""
    return _measure(list(blocks))[0] // BYTES_A_TOKEN


def _measure(value: Any) -> tuple[int, int]:
    """The bytes of text in it, and the tokens of its media."""
    size, media, waiting = 0, 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            size += len(one) if one.isascii() else len(one.encode("utf-8", "replace"))
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            if one.get("type") == "base64":
                media += _media(one)
            else:
                waiting += one.values()
    return size, media


def _media(source: Mapping[str, Any]) -> int:
    data = source.get("data")
    if not isinstance(data, str) or str(source.get("media_type", "")).startswith("image/"):
        return MEDIA_TOKENS
    return MEDIA_TOKENS * (1 + len(data) // MEDIA_BYTES)


def _whole(value: Any) -> int:
    return min(value, 2**31 - 1) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
