"""A request for a turn, read and checked. What Plumbline does not govern passes through to the model untouched."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from conversations import bounds
from conversations.errors import ApiError
from conversations.nesting import MAX_NESTING, too_deep

MAX_USER_REF = 256
MAX_ADJUSTMENTS, MAX_BEHAVIOUR = 100, 100


@dataclass(frozen=True, slots=True)
class MessagesRequest:
    """The body of `POST /v1/messages`, or of `count_tokens`. `body` is everything the app sent, less what is ours."""

    body: dict[str, Any]
    model: str
    messages: list[dict[str, Any]]
    system: str | list[dict[str, Any]]
    stream: bool
    user_ref: str
    adjustments: dict[str, bool]
    comes_back: Callable[[list[Any], str], list[Any]] = lambda blocks, _stop_reason: blocks
    """An answer's blocks and stop reason -> its blocks as this caller will send them again in the history."""


def read_messages_request(raw: bytes, *, counting: bool = False) -> MessagesRequest:
    """counting: a request to count tokens, which has no `max_tokens`. Raises ApiError 400 that names the field."""
    return messages_request(load_object(raw), counting=counting)


def messages_request(body: dict[str, Any], *, counting: bool = False) -> MessagesRequest:
    """As `read_messages_request`, of a body that is read already. Takes `plumbline` out of it."""
    bounds.check(body)
    messages = _messages(body.get("messages"))
    model = body.get("model")
    if not isinstance(model, str) or not model or len(model) > 128:
        raise ApiError(400, "model: a string of at most 128 characters is required")
    limit = body.get("max_tokens")
    if not counting and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
        raise ApiError(400, "max_tokens: a whole number is required; 0 only fills the model's cache")
    stream = body.get("stream", False)
    if not isinstance(stream, bool):
        raise ApiError(400, "stream: must be true or false")
    system = body.get("system", "")
    if not isinstance(system, str) and not _are_blocks(system):
        raise ApiError(400, "system: must be a string or a list of text blocks")
    adjustments = _adjustments(body.pop("plumbline", None))
    return MessagesRequest(body, model, messages, system, stream, _user_ref(body.get("metadata")), adjustments)


def load_object(raw: bytes) -> dict[str, Any]:
    """Raises ApiError 400 for anything but a JSON object of bearable depth."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, f"the body is not valid JSON: {error}") from None
    if not isinstance(body, dict):
        raise ApiError(400, "the body must be a JSON object")
    if too_deep(raw, body):
        nested = (name[:100] for name, value in body.items() if isinstance(value, list | dict) and too_deep(raw, value))
        field = next(nested, "the body")
        raise ApiError(400, f"{field}: nested deeper than {MAX_NESTING} levels")
    return body


def _messages(messages: Any) -> list[dict[str, Any]]:
    if not isinstance(messages, list) or not messages:
        raise ApiError(400, "messages: at least one message is required")
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise ApiError(400, f"messages.{index}: must be an object")
        if message.get("role") not in ("user", "assistant", "system"):
            raise ApiError(400, f"messages.{index}.role: must be 'user', 'assistant' or 'system'")
        # A system message may say nothing and only set how much effort the model makes from here on.
        silent = message["role"] == "system" and bool(message.get("output_config"))
        content = message.get("content", "" if silent else None)
        if not isinstance(content, str) and not _are_blocks(content):
            raise ApiError(400, f"messages.{index}.content: must be a string or a list of content blocks")
        begun = message["role"] == "assistant" and index == len(messages) - 1
        if not content and not silent and not begun:
            raise ApiError(400, f"messages.{index}.content: must not be empty")
    return messages


def _are_blocks(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    return all(
        isinstance(block, dict)
        and isinstance(block.get("type"), str)
        and (block["type"] != "text" or isinstance(block.get("text"), str))
        for block in value
    )


def _user_ref(metadata: Any) -> str:
    if metadata is None:
        return ""
    if not isinstance(metadata, dict):
        raise ApiError(400, "metadata: must be an object")
    user_ref = metadata.get("user_id")
    if user_ref is None:
        return ""
    return read_user_ref(user_ref, "metadata.user_id")


def read_user_ref(user_ref: Any, field: str) -> str:
    """A user's opaque id as the app gives it. Raises ApiError 400 that names `field`."""
    if not isinstance(user_ref, str) or len(user_ref) > MAX_USER_REF or "\0" in user_ref:
        raise ApiError(400, f"{field}: must be a string of at most {MAX_USER_REF} characters, without NUL")
    return user_ref


def _adjustments(ours: Any) -> dict[str, bool]:
    if ours is None:
        return {}
    if not isinstance(ours, dict):
        raise ApiError(400, 'plumbline: must be an object, as in {"user_adjustments": {…}}')
    return read_adjustments(ours.get("user_adjustments", {}), "plumbline.user_adjustments")


def read_adjustments(wishes: Any, field: str) -> dict[str, bool]:
    """A user's wishes: behaviours to true or false. Raises ApiError 400 that names `field`."""
    if not isinstance(wishes, dict) or not all(isinstance(value, bool) for value in wishes.values()):
        raise ApiError(400, f"{field}: must map behaviours to true or false")
    if len(wishes) > MAX_ADJUSTMENTS or any(len(name) > MAX_BEHAVIOUR for name in wishes):
        raise ApiError(400, f"{field}: at most {MAX_ADJUSTMENTS} behaviours, named in {MAX_BEHAVIOUR} characters each")
    return wishes
