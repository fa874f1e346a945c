"""Whatever JSON is sent as a chat completion, it becomes a request or a 400 that names the field. Pure."""

from copy import deepcopy
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations import prefix
from conversations.errors import ApiError
from conversations.openai.errors import error_body
from conversations.openai.fields import TABLE
from conversations.openai.request import PASSED, TRANSLATED, ChatRequest, read_chat_request
from tests.support.openai_requests import CALL, HELLO, OFFERS, WEATHER, refusal

OBJECTS = {"audio", "logit_bias", "metadata", "moderation", "plumbline", "prediction", "prompt_cache_options"}
OBJECTS |= {"stream_options", "web_search_options"}
NO_TEXT = {**CALL, "function": {"name": "x", "arguments": {}}}


def after_hello(*messages: Any) -> dict[str, Any]:
    return {"messages": [HELLO, *messages]}


WRONG: list[tuple[str, dict[str, Any]]] = [
    *((name, {name: "x" if name in OBJECTS else {"wrong": [1]}}) for name in (TABLE.keys() | TRANSLATED) - PASSED),
    *((name, {name: 7}) for name in ("audio", "messages", "metadata", "modalities", "model", "moderation", "stop")),
    *((name, {name: 7}) for name in ("functions", "function_call", "prediction", "response_format", "tools", "user")),
    *((name, {name: "x"}) for name in ("stream", "temperature", "tool_choice", "top_p", "max_tokens")),
    *((name, {name: True}) for name in ("max_tokens", "n", "seed", "temperature", "top_p")),
    ("model", {"model": ""}),
    ("model", {"model": "m" * 129}),
    ("max_tokens", {"max_tokens": 0}),
    ("max_completion_tokens", {"max_completion_tokens": 64_001, "model": "long"}),
    ("temperature", {"temperature": 2.1}),
    ("top_p", {"top_p": -0.1}),
    ("stop[1]", {"stop": ["a", 1]}),
    ("user", {"user": "u" * 257}),
    ("user", {"user": "a\0b"}),
    ("metadata.user_id", {"metadata": {"user_id": 1}}),
    ("reasoning_effort", {"reasoning_effort": "utmost"}),
    ("stream_options.include_usage", {"stream_options": {"include_usage": 1}}),
    ("response_format.type", {"response_format": {"type": "yaml"}}),
    ("response_format.json_schema", {"response_format": {"type": "json_schema"}}),
    ("response_format.json_schema.name", {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}),
    (
        "response_format.json_schema.schema",
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": []}}},
    ),
    ("tools[0].type", {"tools": [{"type": "custom", "custom": {"name": "x"}}]}),
    ("tools[0].function", {"tools": [{"type": "function"}]}),
    ("tools[0].function.name", {"tools": [{"type": "function", "function": {"name": "not a name"}}]}),
    (
        "tools[0].function.parameters",
        {"tools": [{"type": "function", "function": {"name": "x", "parameters": "y"}}]},
    ),
    ("tool_choice", {"tool_choice": "required"}),
    ("tool_choice.type", {"tool_choice": {"type": "custom", "custom": {"name": "x"}}}),
    ("tool_choice.function.name", {"tool_choice": {"type": "function", "function": {"name": "x"}}}),
    ("tool_choice.allowed_tools", {"tool_choice": {"type": "allowed_tools"}}),
    ("functions", {"functions": [WEATHER], "tools": []}),
    ("functions[0].name", {"functions": [{}]}),
    ("messages", {"messages": []}),
    ("messages", {"messages": [{"role": "system", "content": "x"}]}),
    ("messages[0]", {"messages": ["hello"]}),
    ("messages[0].role", {"messages": [{"role": "nobody", "content": "x"}]}),
    ("messages[0].content", {"messages": [{"role": "user"}]}),
    ("messages[0].content", {"messages": [{"role": "user", "content": ""}]}),
    ("messages[0].content[0]", {"messages": [{"role": "user", "content": ["x"]}]}),
    ("messages[0].content[0].type", {"messages": [{"role": "user", "content": [{"type": "video"}]}]}),
    ("messages[0].content[0].type", {"messages": [{"role": "system", "content": [{"type": "image_url"}]}]}),
    ("messages[0].content[0].text", {"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}),
    ("messages[1].audio", after_hello({"role": "assistant", "audio": {"id": "a"}})),
    ("messages[1].refusal", after_hello({"role": "assistant", "refusal": 1})),
    ("messages[1].content[0].type", after_hello({"role": "assistant", "content": [{"type": "file"}]})),
    ("messages[1].tool_calls[0].id", after_hello({"role": "assistant", "tool_calls": [{**CALL, "id": 1}]})),
    ("messages[1].tool_calls[0].type", after_hello({"role": "assistant", "tool_calls": [{"type": "custom"}]})),
    ("messages[1].tool_calls[0].function.arguments", after_hello({"role": "assistant", "tool_calls": [NO_TEXT]})),
    ("messages[1].tool_calls", after_hello({"role": "assistant", "tool_calls": [CALL, CALL]})),
    ("messages[2]", after_hello({"role": "assistant", "tool_calls": [CALL]}, HELLO)),
    ("messages", after_hello({"role": "assistant", "tool_calls": [CALL]})),
    (
        "messages[2].tool_call_id",
        after_hello({"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "call_b"}),
    ),
    ("messages[0].tool_call_id", {"messages": [{"role": "tool", "content": "x"}]}),
    ("messages[0].name", {"messages": [{"role": "function", "name": "f", "content": "x"}]}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("param", "fields"), WRONG, ids=[f"{param}-{number}" for number, (param, _) in enumerate(WRONG)]
)
def test_a_wrong_value_is_a_400_that_names_its_field(param, fields):
    error = refusal(**fields)
    assert error["type"] == "invalid_request_error"
    assert error["param"].startswith(param)
    assert error["message"].startswith(f"{error['param']}: ")


TOOL = {"type": "function", "function": WEATHER}
RICH: dict[str, Any] = {
    "model": "default",
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a"}}]},
        {"role": "assistant", "content": "b", "refusal": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_a", "content": [{"type": "text", "text": "c"}]},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "d"},
        {"role": "user", "content": [{"type": "file", "file": {"file_data": "JVBERi0x", "filename": "x"}}]},
    ],
    "tools": [TOOL],
    "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [TOOL]}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
    "stream": True,
    "stream_options": {"include_usage": True},
    "stop": ["x"],
    "user": "u",
    "metadata": {"user_id": "u"},
    "temperature": 1,
    "reasoning_effort": "low",
    "max_tokens": 5,
    "plumbline": {"user_adjustments": {"x": True}},
}  # fmt: skip
KEYS = st.sampled_from(
    ["type", "text", "content", "role", "url", "function", "name", "id", "arguments", "tools", "schema", "properties"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9)
    | st.sampled_from(["text", "image_url", "function", "assistant", "tool", "auto", "data:image/png;base64,AA", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def paths(value: Any, so_far: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [so_far, *(path for key, one in inner for path in paths(one, (*so_far, key)))]


def with_at(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    value, where = deepcopy(value), path[:-1]
    holder = value
    for key in where:
        holder = holder[key]
    holder[path[-1]] = new
    return value


changed = st.builds(lambda path, new: with_at(RICH, path, new), st.sampled_from(paths(RICH)[1:]), ANYTHING)
bodies = ANYTHING | changed | st.dictionaries(st.sampled_from(sorted(TABLE.keys() | TRANSLATED)), ANYTHING)


@given(bodies)
@settings(max_examples=400, deadline=None)
def test_any_json_is_a_request_or_a_400_in_shape(body):
    raw = orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS) if _fits(body) else b"[]"
    try:
        chat: ChatRequest | ApiError = read_chat_request(raw, OFFERS)
    except ApiError as error:
        chat = error
    if isinstance(chat, ApiError):
        assert chat.status == 400
        assert orjson.dumps(error_body(chat))
    else:
        assert prefix.digests(UUID(int=1), chat.asked.user_ref, chat.asked.messages)
        assert orjson.dumps([chat.asked.body, chat.dropped])


def _fits(body: Any) -> bool:
    try:
        return bool(orjson.dumps(body))
    except orjson.JSONEncodeError:  # numbers over 64 bits
        return False


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"model":"\\ud800"}',
        b'{"model":"default","messages":' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"a":' * 150 + b"1" + b"}" * 150,
    ],
)
def test_a_body_that_cannot_be_read_is_a_400(raw):
    with pytest.raises(ApiError) as caught:
        read_chat_request(raw, OFFERS)
    assert caught.value.status == 400
