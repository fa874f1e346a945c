"""POST /v1/messages, the same for a conversation's next turn, and count_tokens. Bodies say what Plumbline governs; what
else the Messages API has passes to the model as it was sent, and back, so both are open."""

from typing import Any

from conversations import bounds
from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import (
    COUNT,
    DIGEST,
    FLAG,
    ID,
    STREAM,
    TEXT,
    Part,
    Shown,
    answer,
    asked,
    constant,
    each,
    events,
    many,
    nullable,
    obj,
    one_of,
    parameter,
    ref,
    shared,
    takes,
    text,
    told,
)
from conversations.api.contract.shared import OF_TURNS, RATE_HEADERS, TURN_HEADERS
from conversations.requests import MAX_ADJUSTMENTS, MAX_BEHAVIOUR, MAX_USER_REF

CONVERSATION, TURN = "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c4d", "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c4e"
RECEIPT = "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c4f"
QUESTION = {"role": "user", "content": "Write a Python function that reverses a string."}
BODY = {"model": "default", "max_tokens": 200, "messages": [QUESTION]}
PLUMBLINE: dict[str, Any] = {
    "conversation": CONVERSATION,
    "turn": TURN,
    "receipt": RECEIPT,
    "outcome": "answer",
    "tier": 4,
    "reason": None,
    "charter": "sha256:" + "0f" * 32,
    "configuration": 3,
}
MESSAGE = {
    "id": "msg_0192d3a06f0e7c619a640c8f1d2b3c4e",
    "type": "message",
    "role": "assistant",
    "model": "default",
    "content": [{"type": "text", "text": "def reverse(text):\n    return text[::-1]"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 412, "output_tokens": 18},
    "plumbline": PLUMBLINE,
}
EVENTS = """event: message_start
data: {"type":"message_start","message":{…,"content":[],"plumbline":{…}},"plumbline":{"turn":"0192…",…}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"def reverse(text):"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":18},"plumbline":{…}}

event: message_stop
data: {"type":"message_stop"}
"""
EVENT_NAMES = (
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "ping",
    "error",
)
OUTCOME = one_of("answer", "redirect", "decline", "end")
TIER = {"type": "integer", "minimum": 1, "maximum": 4}
BLOCK = ref("ContentBlock")
HEADERS = [shared("anthropic-version"), shared("anthropic-beta")]
PASSES = "Fields that are not described here go to the model as they were sent."

_WORDS = {"anyOf": [TEXT, many(BLOCK)]}
_SAID = {"anyOf": [text(minLength=1), many(BLOCK, minItems=1)]}
_MESSAGE: Part = {
    "anyOf": [
        obj({"role": one_of("user", "system"), "content": _SAID}, more=True),
        obj({"role": constant("assistant"), "content": _WORDS}, more=True, about="Empty as the last message only."),
        obj(
            {"role": constant("system"), "output_config": obj({}, more=True), "content": _WORDS},
            optional=("content",),
            more=True,
            about="Says nothing, and sets how much effort the model makes from here on.",
        ),
    ]
}
_COMMON: Part = {
    "model": text("A model's public name, from GET /v1/models.", minLength=1, maxLength=128),
    "messages": many(ref("MessageParam"), minItems=1, maxItems=bounds.MESSAGES),
    "system": {
        "description": "The operator's voice: follows the deployment's own instructions, never instead of them.",
        "anyOf": [TEXT, many(BLOCK)],
    },
    "metadata": nullable(
        asked(
            {"user_id": nullable(text("Who the user is, opaque.", maxLength=MAX_USER_REF, pattern="^[^\\x00]*$"))},
            more=True,
        )
    ),
    "plumbline": nullable(asked({"user_adjustments": ref("Wishes")}, more=True, about="Plumbline's own.")),
    "stream": told(FLAG, "Whether the answer comes as server-sent events."),
}
_LONGEST = told(COUNT, "How long the answer may be, in tokens; 0 only fills the model's cache.")

SCHEMAS: Part = {
    "MessagesRequest": asked(
        {**_COMMON, "max_tokens": _LONGEST}, required=("model", "messages", "max_tokens"), more=True, about=PASSES
    ),
    "CountTokensRequest": asked(_COMMON, required=("model", "messages"), more=True, about=PASSES),
    "MessageParam": _MESSAGE,
    "ContentBlock": {
        "type": "object",
        "description": "A content block of any kind that the Messages API or one of its betas has.",
        "properties": {"type": TEXT},
        "required": ["type"],
        "additionalProperties": True,
        "if": {"properties": {"type": {"const": "text"}}},
        "then": {"properties": {"text": TEXT}, "required": ["text"]},
    },
    "Wishes": {
        **each(FLAG, "A user's wishes: behaviours of the charter, on or off."),
        "maxProperties": MAX_ADJUSTMENTS,
        "propertyNames": {"maxLength": MAX_BEHAVIOUR},
    },
    "Message": obj(
        {
            "id": TEXT,
            "type": {"type": "string", "const": "message"},
            "role": {"type": "string", "const": "assistant"},
            "model": told(TEXT, "The name that was asked for."),
            "content": many(BLOCK),
            "stop_reason": nullable(told(TEXT, "`refusal` where our guard stopped the answer.")),
            "stop_sequence": nullable(TEXT),
            "usage": obj({"input_tokens": COUNT, "output_tokens": COUNT}, more=True),
            "plumbline": ref("Plumbline"),
        },
        optional=("stop_sequence",),
        more=True,
        about="The model's answer, or our own words in its place; what else the model's server says of it is left.",
    ),
    "Plumbline": obj(
        {
            "conversation": ID,
            "turn": ID,
            "receipt": told(ID, "Its receipt: `GET /v1/receipts/{id}` proves that the turn is in the audit log."),
            "outcome": OUTCOME,
            "tier": told(TIER, "The tier that decided."),
            "reason": nullable(TEXT),
            "charter": told(DIGEST, "Which charter the decision cites."),
            "configuration": nullable(told(COUNT, "The number of the deployment's live version.")),
            "dropped": each(TEXT, "Request fields that the model cannot take, each with the word on it."),
            "not_granted": each(TEXT, "The user's wishes that charter or operator do not grant, each with why."),
        },
        optional=("dropped", "not_granted"),
        about="What was decided on this turn.",
    ),
    "TokenCount": obj({"input_tokens": COUNT}, more=True),
}

ANSWERED = answer(
    "The recorded answer. A stream's `message_delta` and `message_stop` wait for the record; a failure after the first "
    "event is an `error` event in the shape of `Error`; `ping` events keep the connection open.",
    Shown(ref("Message"), MESSAGE),
    Shown(events("Server-sent events in the order of the Messages API.", *EVENT_NAMES), EVENTS, STREAM),
    headers=(*TURN_HEADERS, *RATE_HEADERS),
)
OPERATIONS = {
    ("/v1/messages", "POST"): Operation(
        "create_message",
        "Messages",
        "Answer a message",
        "One turn: screened, decided, answered by the model within the decision, and recorded before the answer ends. "
        "The Anthropic Messages API, whose clients change their base URL and key. With `stream` the answer comes as "
        "server-sent events.",
        scope="turns",
        parameters=[*HEADERS, shared("plumbline-conversation"), shared("idempotency-key")],
        body=takes(
            ref("MessagesRequest"),
            plain=BODY,
            stream={**BODY, "stream": True, "metadata": {"user_id": "u-17"}},
            with_a_wish={**BODY, "plumbline": {"user_adjustments": {"blunt_feedback": True}}},
        ),
        answers={200: ANSWERED},
        errors=OF_TURNS,
        asks_model=True,
    ),
    ("/v1/conversations/{conversation_id}/turns", "POST"): Operation(
        "continue_conversation",
        "Conversations",
        "Continue with the new message alone",
        "The very turn of `POST /v1/messages`, in this conversation: its stored history goes before the messages sent.",
        scope="turns",
        parameters=[
            parameter("conversation_id", TEXT, "The conversation's id.", where="path", example=CONVERSATION),
            *HEADERS,
            shared("idempotency-key"),
        ],
        body=takes(
            ref("MessagesRequest"), next_question={**BODY, "messages": [{"role": "user", "content": "And in Rust?"}]}
        ),
        answers={200: ANSWERED},
        errors=OF_TURNS,
        asks_model=True,
    ),
    ("/v1/messages/count_tokens", "POST"): Operation(
        "count_tokens",
        "Messages",
        "Count the tokens of a request",
        "What the model would read, the deployment's own system prompt included. No turn; nothing is recorded.",
        scope="turns",
        parameters=[*HEADERS, shared("plumbline-conversation")],
        body=takes(ref("CountTokensRequest"), plain={"model": "default", "messages": [QUESTION]}),
        answers={
            200: answer("How many they are.", Shown(ref("TokenCount"), {"input_tokens": 412}), headers=RATE_HEADERS)
        },
        errors=OF_TURNS,
        asks_model=True,
    ),
}
