"""POST /v1/chat/completions: what is translated. docs/api/openai.md has what becomes of each field."""

from conversations.api.contract.messages import PLUMBLINE, QUESTION
from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import (
    COUNT,
    FLAG,
    STREAM,
    TEXT,
    Part,
    Shown,
    answer,
    asked,
    constant,
    events,
    many,
    nullable,
    obj,
    one_of,
    ref,
    shared,
    takes,
    text,
    told,
)
from conversations.api.contract.shared import OF_TURNS, RATE_HEADERS, TURN_HEADERS

_DETAILS = obj({}, more=True)
_FUNCTION = obj({"name": TEXT, "arguments": TEXT})
BODY = {"model": "default", "messages": [QUESTION]}
COMPLETION = {
    "id": "chatcmpl-0192d3a06f0e7c619a640c8f1d2b3c4e",
    "object": "chat.completion",
    "created": 1798617600,
    "model": "default",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "def reverse(text): …", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 412,
        "completion_tokens": 18,
        "total_tokens": 430,
        "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    },
    "plumbline": PLUMBLINE,
}
CHUNKS = """data: {"id":"chatcmpl-0192…","object":"chat.completion.chunk","choices":[{"index":0,"delta":{…}}]}

data: [DONE]
"""

SCHEMAS: Part = {
    "ChatRequest": asked(
        {
            "model": text("A model's public name.", minLength=1),
            "messages": many(asked({"role": TEXT}, required=("role",), more=True), minItems=1),
            "max_completion_tokens": nullable({"type": "integer", "minimum": 1}),
            "stream": nullable(FLAG),
            "stream_options": nullable(asked({"include_usage": nullable(FLAG)}, more=True)),
            "temperature": nullable({"type": "number", "minimum": 0, "maximum": 2}),
            "top_p": nullable({"type": "number", "minimum": 0, "maximum": 1}),
            "stop": {"anyOf": [TEXT, many(TEXT), {"type": "null"}]},
            "tools": nullable(many({"type": "object"})),
            "response_format": nullable(asked({"type": TEXT}, more=True)),
            "user": nullable(text("Who the user is, opaque.", maxLength=256)),
            "plumbline": nullable(asked({"user_adjustments": ref("Wishes")}, more=True, about="Plumbline's own.")),
        },
        required=("model", "messages"),
        more=True,
        about="Further fields of OpenAI's API are translated, dropped or refused by the table in docs/api/openai.md; "
        "`plumbline.dropped` in the answer names what was dropped.",
    ),
    "ChatCompletion": obj(
        {
            "id": TEXT,
            "object": constant("chat.completion"),
            "created": told(COUNT, "Seconds since 1970."),
            "model": TEXT,
            "choices": many(ref("ChatChoice"), minItems=1, maxItems=1),
            "usage": ref("ChatUsage"),
            "service_tier": TEXT,
            "plumbline": ref("Plumbline"),
        },
        optional=("service_tier",),
    ),
    "ChatChoice": obj(
        {
            "index": COUNT,
            "message": obj(
                {
                    "role": constant("assistant"),
                    "content": nullable(TEXT),
                    "refusal": nullable(told(TEXT, "Our own words where JSON was asked for, or what was withheld.")),
                    "tool_calls": many(obj({"id": TEXT, "type": constant("function"), "function": _FUNCTION})),
                    "function_call": _FUNCTION,
                },
                optional=("tool_calls", "function_call"),
            ),
            "logprobs": {"type": "null"},
            "finish_reason": one_of("stop", "length", "tool_calls", "function_call", "content_filter"),
        }
    ),
    "ChatUsage": obj(
        {
            "prompt_tokens": COUNT,
            "completion_tokens": COUNT,
            "total_tokens": COUNT,
            "prompt_tokens_details": _DETAILS,
            "completion_tokens_details": _DETAILS,
        },
        optional=("completion_tokens_details",),
    ),
}

OPERATIONS = {
    ("/v1/chat/completions", "POST"): Operation(
        "create_chat_completion",
        "OpenAI's clients",
        "Answer a chat",
        "For the `openai` package: a translation in front of the very turn of `POST /v1/messages`. Errors have "
        "OpenAI's shape. A stream ends with `data: [DONE]`, or with an error and without it.",
        scope="turns",
        parameters=[shared("anthropic-beta"), shared("plumbline-conversation"), shared("idempotency-key")],
        body=takes(
            ref("ChatRequest"), plain=BODY, stream={**BODY, "stream": True, "stream_options": {"include_usage": True}}
        ),
        answers={
            200: answer(
                "The recorded answer.",
                Shown(ref("ChatCompletion"), COMPLETION),
                Shown(events("Chunks of a chat completion, as server-sent events."), CHUNKS, STREAM),
                headers=("x-request-id", *TURN_HEADERS, *RATE_HEADERS),
            )
        },
        errors=[status for status in OF_TURNS if status != 529],
        asks_model=True,
        shape="OpenAIError",
    )
}
