"""The official `openai` package as an app would use it, and what it makes of chunks."""

from collections.abc import Iterable
from typing import Any

import openai
import orjson
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Looks up the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def app(web: str, key: str, *, timeout: float = 20) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{web}/v1", api_key=key, max_retries=0, timeout=timeout, _strict_response_validation=True
    )


def gathered(chunks: Iterable[ChatCompletionChunk]) -> ChatCompletion:
    """The whole completion that the package makes of a stream."""
    state = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(chunk)
    # Its final completion would raise where an answer was cut short.
    return state.current_completion_snapshot


def chunks_of(raw: bytes) -> list[ChatCompletionChunk]:
    """The chunks in the bytes of a stream, checked strictly; `[DONE]` ends them."""
    *events, last = [event for event in raw.decode().split("\n\n") if event.startswith("data: ")]
    assert last == "data: [DONE]"
    return [ChatCompletionChunk.model_validate(orjson.loads(event.removeprefix("data: "))) for event in events]


def said_back(message: Any) -> dict[str, Any]:
    """A message as the package sends it again in the history."""
    return message.model_dump(exclude_unset=True)
