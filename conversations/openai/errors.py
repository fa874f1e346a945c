"""Errors as callers of OpenAI's API know them."""

import re
from typing import Any

from conversations.errors import ApiError

# By status: the type and the code.
KINDS = {
    401: ("invalid_request_error", "invalid_api_key"),
    402: ("insufficient_quota", "insufficient_quota"),
    403: ("permission_error", "permission_denied"),
    404: ("invalid_request_error", "not_found"),
    405: ("invalid_request_error", "method_not_allowed"),
    409: ("invalid_request_error", "conflict"),
    413: ("invalid_request_error", "request_too_large"),
    415: ("invalid_request_error", "unsupported_media_type"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    503: ("server_error", "service_unavailable"),
    504: ("server_error", "timeout"),
}
STATUSES = {529: 503}
"""Statuses that OpenAI's API does not have."""

# What the Messages API calls what a chat completion names otherwise.
NAMES = {
    "output_config.effort": "reasoning_effort",
    "output_config.format": "response_format",
    "stop_sequences": "stop",
    "system": "messages",
    "tool_choice.disable_parallel_tool_use": "parallel_tool_calls",
}
_PATH = re.compile(r"([a-z][\w-]*(?:\[\d*\]|\.\w+)*): ")


def status_of(error: ApiError) -> int:
    return STATUSES.get(error.status, error.status)


def error_body(error: ApiError) -> dict[str, Any]:
    """`{"error": {"message", "type", "param", "code"}}`, in an answer's body and in a stream alike."""
    status, message = status_of(error), error.message
    kind, code = KINDS.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))
    param = None
    if 400 <= status < 500 and status != 429:
        message, param = _named(message)
    if status == 401:
        message = message.replace("x-api-key header is required", "an API key is required, as a bearer token")
        message = message.replace("x-api-key", "API key")
    elif status == 404 and param == "model":
        message = f"The model `{message.removeprefix('model: ')}` does not exist, or you do not have access to it."
        code = "model_not_found"
    elif status == 400 and message.startswith("prompt is too long"):
        param, code = "messages", "context_length_exceeded"
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def callers_name(path: str) -> str:
    """A field's path in the Messages API, by the name it has in a chat completion."""
    for theirs, ours in NAMES.items():
        if path == theirs or path.startswith((f"{theirs}.", f"{theirs}[")):
            return ours
    return path


def _named(message: str) -> tuple[str, str | None]:
    """The message, and the field that it names in front, both in the caller's words."""
    found = _PATH.match(message)
    if found is None:
        return message, None
    param = callers_name(found[1])
    if param.startswith("messages."):
        # The place in what was made of the request, which is another than in what the caller sent.
        param = "messages"
    return f"{param}: {message[found.end() :]}", param
