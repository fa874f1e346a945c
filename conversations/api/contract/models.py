"""GET /v1/models and /v1/models/{id}, in both APIs' shapes."""

from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import (
    COUNT,
    TEXT,
    TIME,
    Part,
    Shown,
    answer,
    constant,
    many,
    nullable,
    obj,
    one_of,
    page_of,
    parameter,
    query,
    ref,
    shared,
    told,
)
from conversations.api.contract.shared import OF_READING

MODEL = {
    "type": "model",
    "id": "default",
    "display_name": "claude-sonnet-5-5",
    "created_at": "2026-01-01T00:00:00Z",
    "lifecycle": "active",
    "deprecated_at": None,
    "retires_at": None,
    "max_input_tokens": None,
    "max_tokens": None,
    "capabilities": None,
    "line": None,
}
SHAPES = (
    "A caller with a bearer token and neither `x-api-key` nor `anthropic-version` gets the shape of OpenAI's clients, "
    "in errors too."
)

SCHEMAS: Part = {
    "Model": obj(
        {
            "type": constant("model"),
            "id": TEXT,
            "display_name": TEXT,
            "created_at": TIME,
            "lifecycle": one_of("active", "deprecated", "retired"),
            "deprecated_at": nullable(TIME),
            "retires_at": nullable(TIME),
            "max_input_tokens": nullable(COUNT),
            "max_tokens": nullable(told(COUNT, "The longest answer, in tokens.")),
            "capabilities": {"type": "null"},
            "line": {"type": "null"},
        }
    ),
    "ModelPage": page_of(ref("Model")),
    "OpenAIModel": obj(
        {
            "id": TEXT,
            "object": constant("model"),
            "created": COUNT,
            "owned_by": TEXT,
            "shutdown_date": nullable({"type": "string", "format": "date"}),
        }
    ),
    "OpenAIModels": obj({"object": constant("list"), "data": many(ref("OpenAIModel"))}),
}


def _either(*names: str) -> Part:
    return {"anyOf": [ref(name) for name in names]}


OPERATIONS = {
    ("/v1/models", "GET"): Operation(
        "list_models",
        "Models",
        "List the models",
        f"Those this key may use, newest first. {SHAPES}",
        scope="turns",
        parameters=[
            shared("limit"),
            query("after_id", TEXT, "Those after this one."),
            query("before_id", TEXT, "Those before this one."),
            {
                **query("lifecycle", many(one_of("active", "deprecated", "retired", "")), "Only of these stages."),
                "example": ["active"],
            },
        ],
        answers={
            200: answer(
                "One page.",
                Shown(
                    _either("ModelPage", "OpenAIModels"),
                    {"data": [MODEL], "has_more": False, "first_id": "default", "last_id": "default"},
                ),
                headers=("x-request-id",),
            )
        },
        errors=OF_READING,
        shape="EitherError",
    ),
    ("/v1/models/{model_id}", "GET"): Operation(
        "get_model",
        "Models",
        "One model",
        f"An alias leads to the model it stands for. {SHAPES}",
        scope="turns",
        parameters=[parameter("model_id", TEXT, "A model's public name.", where="path", example="default")],
        answers={200: answer("The model.", Shown(_either("Model", "OpenAIModel"), MODEL), headers=("x-request-id",))},
        errors=(*OF_READING, 404),
        shape="EitherError",
    ),
}
