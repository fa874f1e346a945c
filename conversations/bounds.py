"""What a request's JSON may hold: how deep, how much of everything. Far beyond what models take, and no more than we
can look through in a moment."""

from collections.abc import Iterable, Mapping
from typing import Any

from conversations.errors import ApiError

DEPTH = 64
VALUES = 200_000
"""Of all kinds, in one field of the body."""
MESSAGES = 10_000
BLOCKS = 20_000
BLOCKS_A_MESSAGE = 2_000
TOOLS = 10_000
STOP_SEQUENCES = 8_191
CHARACTERS = 10_000_000
"""Of all text, but for what comes as base64."""


FIELDS = 1_000
"""Of the body itself."""


def check(body: Mapping[str, Any]) -> None:
    """Raises ApiError 400 that names the field. What is of the wrong type is left to whoever reads it."""
    if len(body) > FIELDS:
        raise ApiError(400, f"the body: at most {FIELDS} fields are taken")
    _count("messages", body.get("messages"), MESSAGES, "messages")
    _count("tools", body.get("tools"), TOOLS, "tools")
    _count("stop_sequences", body.get("stop_sequences"), STOP_SEQUENCES, "sequences")
    _count("system", body.get("system"), BLOCKS_A_MESSAGE, "content blocks")
    messages, blocks = body.get("messages"), 0
    for index, message in enumerate(messages if isinstance(messages, list) else ()):
        content = message.get("content") if isinstance(message, dict) else None
        blocks += _count(f"messages.{index}.content", content, BLOCKS_A_MESSAGE, "content blocks")
    if blocks > BLOCKS:
        raise ApiError(400, f"messages: at most {BLOCKS} content blocks are taken in all, these are {blocks}")
    characters = {name: _characters(name, value) for name, value in body.items()}
    if sum(characters.values()) > CHARACTERS:
        longest = max(characters, key=characters.__getitem__)
        raise ApiError(400, f"{longest[:100]}: a request takes at most {CHARACTERS} characters of text")


def _count(name: str, value: Any, most: int, what: str) -> int:
    count = len(value) if isinstance(value, list) else 0
    if count > most:
        raise ApiError(400, f"{name}: at most {most} {what} are taken, these are {count}")
    return count


def _characters(name: str, value: Any) -> int:
    """Of a field's text, once it is known to be neither too deep nor too much."""
    level, values, characters = [value], 1, 0
    for _ in range(DEPTH):
        deeper: list[Any] = []
        for one in level:
            if isinstance(one, str):
                characters += len(one)
            elif isinstance(one, list | dict):
                values += len(one)
                if values > VALUES:
                    raise ApiError(400, f"{name[:100]}: at most {VALUES} values are taken")
                deeper += one if isinstance(one, list) else _inner(one)
        if not deeper:
            return characters
        level = deeper
    raise ApiError(400, f"{name[:100]}: nested deeper than {DEPTH} levels")


def _inner(one: Mapping[str, Any]) -> Iterable[Any]:
    if one.get("type") == "base64" and isinstance(one.get("data"), str):
        return [value for name, value in one.items() if name != "data"]
    return one.values()
