"""A request for a turn, read and checked. What Plumbline does not govern passes through to the model untouched."""

from dataclasses import dataclass
from typing import Any

import orjson

from conversations import bounds
from conversations.errors import ApiError

MAX_USER_REF = 256


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


def read_messages_request(raw: bytes, *, counting: bool = False) -> MessagesRequest:
    """counting: a request to count tokens, which has no `max_tokens`. Raises ApiError 400 that names the field."""
    body = _load(raw)
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


def _load(raw: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, f"the body is not valid JSON: {error}") from None
    if not isinstance(body, dict):
        raise ApiError(400, "the body must be a JSON object")
    return body


def _messages(messages: Any) -> list[dict[str, Any]]:
    if not isinstance(messages, list) or not messages:
        raise ApiError(400, "messages: at least one message is required")
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise ApiError(400, f"messages.{index}: must be an object")
        role = message.get("role")
        if not isinstance(role, str) or role not in {"user", "assistant", "system"}:
            raise ApiError(400, f"messages.{index}.role: must be 'user' or 'assistant'")
        content = message.get("content")
        if not isinstance(content, str) and not _are_blocks(content):
            raise ApiError(400, f"messages.{index}.content: must be a string or a list of content blocks")
        if not content and index < len(messages) - 1:
            raise ApiError(400, f"messages.{index}.content: must not be empty")
    if not messages[-1]["content"]:
        raise ApiError(400, f"messages.{len(messages) - 1}.content: must not be empty")
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
    if not isinstance(user_ref, str) or len(user_ref) > MAX_USER_REF or "\0" in user_ref:
        raise ApiError(400, f"metadata.user_id: must be a string of at most {MAX_USER_REF} characters")
    return user_ref


def _adjustments(ours: Any) -> dict[str, bool]:
    if ours is None:
        return {}
    adjustments = ours.get("user_adjustments", {}) if isinstance(ours, dict) else None
    if not isinstance(adjustments, dict) or not all(isinstance(value, bool) for value in adjustments.values()):
        raise ApiError(400, "plumbline.user_adjustments: must map behaviours to true or false")
    return adjustments
