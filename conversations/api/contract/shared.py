"""What many operations share: how a caller is known, headers either way, and errors."""

from typing import Any

from conversations.api.contract.parts import COUNT, JSON, TEXT, TIME, Part, Shown, answer, many, nullable, obj, query
from conversations.api.contract.parts import parameter as described
from conversations.errors import TYPES
from conversations.openai.errors import KINDS

SECURITY_SCHEMES: Part = {
    "key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "A deployment's key, `plk_…`."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "The same key, as OpenAI's clients send it."},
}

_DATE = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


def _limit(most: int) -> Part:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": 20}
    return query("limit", schema, f"How many, 1 to {most}.", example=20)


PARAMETERS: Part = {
    "anthropic-version": described(
        "anthropic-version",
        _DATE,
        "The version of the Messages API; goes along to the model. Without it the oldest behaviour is meant.",
        where="header",
        example="2023-06-01",
    ),
    "anthropic-beta": described(
        "anthropic-beta",
        TEXT,
        "Betas, with commas between; they go along to the model.",
        where="header",
        example="context-management-2025-06-27",
    ),
    "plumbline-conversation": described(
        "plumbline-conversation",
        TEXT,
        "The id of a conversation: its stored history goes before the new messages.",
        where="header",
    ),
    "idempotency-key": described(
        "idempotency-key",
        TEXT,
        "Any text of the caller's own. The same key and body within a day give the same answer, once.",
        where="header",
        example="order-1729-try-1",
    ),
    "limit": _limit(1000),
    "manage-limit": _limit(100),
}

# Headers of answers: words, schema, example.
_HEADERS: dict[str, tuple[str, Part, Any]] = {
    "request-id": ("Names this request in our logs and in the record.", TEXT, "req_0123456789abcdef01234567"),
    "x-request-id": ("The same, as OpenAI's clients look for it.", TEXT, "req_0123456789abcdef01234567"),
    "retry-after": ("Seconds to wait before the same is worth another try.", TEXT, "2"),
    "plumbline-conversation": ("The conversation's id.", TEXT, "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c4d"),
    "plumbline-turn": ("The turn's id.", TEXT, "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c4e"),
    "plumbline-receipt": ("The id of its receipt.", TEXT, "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c4f"),
    "plumbline-outcome": ("What was decided: answer, redirect, decline or end.", TEXT, "answer"),
    "plumbline-tier": ("The tier that decided, 1 to 4.", TEXT, "4"),
    "etag": ("Names this content; send it as if-none-match.", TEXT, '"3f2a"'),
    "cache-control": ("`no-store`: a secret is shown this once.", TEXT, "no-store"),
    **{
        f"anthropic-ratelimit-{what}-{which}": (
            words.format(what=what.replace("-", " ")),
            TIME if which == "reset" else TEXT,
            example,
        )
        for what in ("requests", "tokens", "input-tokens", "output-tokens")
        for which, words, example in (
            ("limit", "How many {what} a minute the key may take.", "1000"),
            ("remaining", "How many {what} are left of them.", "999"),
            ("reset", "When all {what} are free again.", "2027-01-31T08:00:00Z"),
        )
    },
}
HEADERS: Part = {
    name: {"description": words, "schema": schema, "example": example}
    for name, (words, schema, example) in _HEADERS.items()
}
RATE_HEADERS = tuple(name for name in HEADERS if name.startswith("anthropic-ratelimit-"))
TURN_HEADERS = tuple(name for name in HEADERS if name.startswith("plumbline-"))

ERRORS = {
    400: "The request is malformed; the message names the field.",
    401: "No key, a wrong one, or one that was revoked or has expired.",
    403: "The key's scopes do not reach that far, or a steward has paused what was asked.",
    404: "Not there, or not this deployment's.",
    409: "Something stands in the way: the message says what.",
    413: "The body is larger than is taken here.",
    415: "The body is not JSON, or is compressed.",
    429: "Over a limit; `retry-after` says for how long.",
    500: "An error of ours; it was logged under the request's id.",
    502: "The model cannot be reached, broke off, or refused our key.",
    503: "The database cannot be reached, or the turn cannot be recorded; nothing was answered.",
    504: "The model did not answer in time.",
    529: "The model is overloaded.",
}
_MESSAGES = {
    400: "max_tokens: a whole number is required; 0 only fills the model's cache",
    401: "x-api-key header is required",
    403: "this key may not do that: it lacks the scope 'records'",
    404: "model: nobody",
    409: "over: version 4 was published meanwhile",
    413: "the body is larger than what is taken here (32 MiB)",
}
OF_READING = (400, 401, 403, 429, 500, 503)
OF_BODIES = (*OF_READING, 413, 415)
OF_TURNS = (*OF_BODIES, 404, 409, 502, 504, 529)

SCHEMAS: Part = {
    "Error": obj(
        {
            "type": {"type": "string", "const": "error"},
            "error": obj(
                {
                    "type": {
                        "type": "string",
                        "description": f"For instance {', '.join(sorted(set(TYPES.values())))}.",
                    },
                    "message": {"type": "string", "description": "Names the field that is wrong, if one is."},
                    "problems": many({"$ref": "#/components/schemas/Problem"}),
                    "live": COUNT,
                },
                optional=("problems", "live"),
                more=True,
            ),
            "request_id": TEXT,
        },
        about="An error in the shape of the Messages API. `problems` and `live` are management's.",
    ),
    "Problem": obj({"path": TEXT, "message": TEXT, "rule": TEXT}, about="What the charter refuses, and by which rule."),
    "OpenAIError": obj(
        {"error": obj({"message": TEXT, "type": TEXT, "param": nullable(TEXT), "code": nullable(TEXT)})},
        about="An error in the shape of OpenAI's API.",
    ),
}


def _example(status: int) -> Part:
    error = {"type": TYPES[status], "message": _MESSAGES.get(status, ERRORS[status])}
    return {"type": "error", "error": error, "request_id": "req_0123456789abcdef01234567"}


def _openai_example(status: int) -> Part:
    kind, code = KINDS.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))
    return {"error": {"message": _MESSAGES.get(status, ERRORS[status]), "type": kind, "param": None, "code": code}}


def _headers(shape: str, status: int) -> tuple[str, ...]:
    """Those of a turn are there once one has begun, which nobody does who is turned away."""
    return (
        *(("x-request-id",) if shape != "Error" else ()),
        *(("retry-after",) if status in {429, 503, 529} else ()),
        *((*RATE_HEADERS, *TURN_HEADERS) if status not in {401, 403, 413, 415} else ()),
    )


_SHAPES: dict[str, tuple[Part, Any]] = {
    "Error": ({"$ref": "#/components/schemas/Error"}, _example),
    "OpenAIError": ({"$ref": "#/components/schemas/OpenAIError"}, _openai_example),
    "EitherError": (
        {"anyOf": [{"$ref": "#/components/schemas/Error"}, {"$ref": "#/components/schemas/OpenAIError"}]},
        _example,
    ),
}
RESPONSES: Part = {
    f"{shape}{status}": answer(words, Shown(schema, example(status), JSON), headers=_headers(shape, status))
    for status, words in ERRORS.items()
    for shape, (schema, example) in _SHAPES.items()
}
for _shape, (_schema, _of) in _SHAPES.items():
    # What else the model's server says is passed on with its status.
    RESPONSES[f"{_shape}Other"] = answer(
        "Another refusal or failure of the model's server.",
        Shown(_schema, _of(400)),
        headers=("retry-after", *_headers(_shape, 400)),
    )


def errors(*statuses: int, shape: str = "Error", others: bool = False) -> Part:
    """Responses by status. others: the model's own statuses too, which are its to choose."""
    listed = {str(status): {"$ref": f"#/components/responses/{shape}{status}"} for status in sorted(set(statuses))}
    other = {"$ref": f"#/components/responses/{shape}Other"}
    return listed | ({"4XX": other, "5XX": other} if others else {})
