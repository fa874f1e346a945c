"""What the tests of the translation from OpenAI's shape share."""

from datetime import UTC, datetime
from typing import Any

import pytest

from conversations.errors import ApiError
from conversations.openai.errors import error_body
from conversations.openai.request import ChatRequest, chat_request
from operators.catalogue import Endpoint, Offer, Offers, Route

ROUTE = Route(Endpoint("environment", "environment", "http://127.0.0.1", ""), "there")
LONG = Offer("long", (ROUTE,), created_at=datetime(2026, 1, 1, tzinfo=UTC), max_tokens=64_000)
OFFERS = Offers({"long": LONG, "default": Offer("default", (ROUTE,))}, {})
HELLO: dict[str, Any] = {"role": "user", "content": "hello"}
WEATHER: Any = {"name": "weather", "description": "Looks it up.", "parameters": {"type": "object", "properties": {}}}
CALL: Any = {"id": "call_a", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}}


def read(**fields: Any) -> ChatRequest:
    return chat_request({"model": "default", "messages": [HELLO], **fields}, OFFERS)


def made(**fields: Any) -> dict[str, Any]:
    """The body for the Messages API."""
    return read(**fields).asked.body


def refusal(**fields: Any) -> dict[str, Any]:
    """The error that a request gets."""
    with pytest.raises(ApiError) as caught:
        read(**fields)
    assert caught.value.status == 400
    error: dict[str, Any] = error_body(caught.value)["error"]
    return error
