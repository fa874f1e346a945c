"""A tool's input as text, read in one way wherever it comes from: a model's stream, or an app that sends it back."""

from typing import Any

import orjson

from conversations.nesting import too_deep

UNREADABLE = "unreadable"


def tool_input(text: str) -> dict[str, Any]:
    """The JSON object that `text` is; any other text stands in the field `unreadable` of one."""
    if not text:
        return {}
    try:
        read = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return {UNREADABLE: text}
    return read if isinstance(read, dict) and not too_deep(text.encode(), read) else {UNREADABLE: text}
