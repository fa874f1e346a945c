"""A trial as it comes: events for the playground's own script, each a name and a JSON object.

begun   the decision, before a word of the answer: {"conversation", "turn", "outcome", "tier", "reason"}
text    {"text": a piece of the answer}
ping    nothing yet; the model is still at it
done    it is recorded: {"html": the trial as the page shows it}
failed  {"message", "html": where it was recorded all the same}
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

from conversations import wording
from conversations.errors import ApiError
from conversations.running import Stream
from conversations.services import services
from conversations.sse import Event, encode
from conversations.turn import TurnInProgress, answer_in_stream

Shown = Callable[[UUID], Awaitable[str]]
"""A turn's id -> the trial as HTML, or "" where it was not recorded."""


async def events(turn: TurnInProgress, shown: Shown) -> AsyncIterator[bytes]:
    stream = Stream(answer_in_stream(turn), turn)
    services().running.add(stream)
    source = stream.events()
    try:
        yield encode("begun", wording.plumbline(turn))
        async for event in source:
            if (part := _part(event)) is not None:
                yield part
    except ApiError as error:
        yield encode("failed", {"message": error.message, "html": await shown(turn.id)})
    else:
        yield encode("done", {"html": await shown(turn.id)})
    finally:
        await source.aclose()  # type: ignore[attr-defined] # an async generator


def _part(event: Event) -> bytes | None:
    if event.name == "ping":
        return event.raw
    delta: dict[str, Any] = event.data.get("delta") or {}
    if event.name == "content_block_delta" and delta.get("type") == "text_delta":
        return encode("text", {"text": delta.get("text", "")})
    return None
