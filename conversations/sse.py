"""Server-sent events, both ways: bytes from the model to events, events to bytes for the caller."""

from typing import Any, NamedTuple

import orjson

LARGEST_EVENT = 4 * 1024 * 1024


class Event(NamedTuple):
    """`data` is the decoded JSON object; `raw` the bytes as they came, to pass on untouched."""

    name: str
    data: dict[str, Any]
    raw: bytes


class MalformedStreamError(Exception):
    """The bytes are not a stream of JSON events."""


def encode(name: str, data: dict[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"


def made(name: str, **fields: Any) -> Event:
    """An event of our own."""
    data = {"type": name, **fields}
    return Event(name, data, encode(name, data))


class Decoder:
    """Splits bytes, in whatever pieces they arrive, into events."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, piece: bytes) -> list[Event]:
        """The events completed by this piece. Raises MalformedStreamError."""
        buffer = self._pending + piece
        if b"\r" in buffer:
            # A \r at the very end may be half of \r\n: keep it back.
            keep = buffer.endswith(b"\r")
            buffer = buffer[:-1] if keep else buffer
            buffer = buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n") + (b"\r" if keep else b"")
        *blocks, self._pending = buffer.split(b"\n\n")
        if len(self._pending) > LARGEST_EVENT:
            raise MalformedStreamError("an event is too large")
        return [event for block in blocks if (event := _read(block)) is not None]

    @property
    def unfinished(self) -> bool:
        return bool(self._pending.strip())


def _read(block: bytes) -> Event | None:
    name, data = "", []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode(errors="replace")
        elif field == b"data":
            data.append(value)
    if not data:
        return None
    try:
        decoded = orjson.loads(b"\n".join(data))
    except orjson.JSONDecodeError as error:
        raise MalformedStreamError(f"an event is not JSON: {error}") from None
    if not isinstance(decoded, dict):
        raise MalformedStreamError("an event is not a JSON object")
    if not name:  # the official clients pass over what has no name
        name = str(decoded.get("type", ""))
        return Event(name, decoded, encode(name, decoded))
    return Event(name, decoded, block + b"\n\n")
