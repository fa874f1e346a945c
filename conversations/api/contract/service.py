"""What is open to everyone: whether the service is up, and this document."""

from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import COUNT, TEXT, Part, Shown, answer, obj, one_of, parameter, told

_STATE = one_of("ok", "unreachable")
_READY = {"status": "ok", "database": "ok", "broker": "ok", "upstream": "ok", "limits": "ok"} | {
    "log": "ok",
    "log_pending": 2,
    "log_oldest_seconds": 0.114,
}
SCHEMAS: Part = {
    "Health": obj({"status": one_of("ok")}),
    "Readiness": obj(
        {
            "status": one_of("ok", "not ready"),
            "database": _STATE,
            "broker": _STATE,
            "upstream": _STATE,
            "limits": one_of("ok", "local", description="`local` while this process counts for itself."),
            "log": one_of("ok", "behind", "unknown", description="`behind` where entries wait for too long."),
            "log_pending": told(COUNT, "Entries of the audit log that wait for their place."),
            "log_oldest_seconds": {"type": "number", "description": "How long the oldest of them has waited."},
            "metrics": {"type": "object", "description": "What was counted here, while limits are local."},
        },
        optional=("metrics", "log_pending", "log_oldest_seconds"),
    ),
}
_NOT_READY = Shown(
    {"$ref": "#/components/schemas/Readiness"}, {**_READY, "status": "not ready", "broker": "unreachable"}
)

OPERATIONS = {
    ("/healthz", "GET"): Operation(
        "healthz",
        "Service",
        "Is this process up?",
        "Asks nothing of anything else.",
        answers={200: answer("It is.", Shown({"$ref": "#/components/schemas/Health"}, {"status": "ok"}))},
        errors=(),
    ),
    ("/readyz", "GET"): Operation(
        "readyz",
        "Service",
        "Is what it needs there?",
        "Each named. A broker that is away delays reviews only.",
        answers={
            200: answer("All of it is.", Shown({"$ref": "#/components/schemas/Readiness"}, _READY)),
            503: answer("Something is not.", _NOT_READY),
        },
        errors=(),
    ),
    ("/v1/openapi.json", "GET"): Operation(
        "openapi",
        "Service",
        "This document",
        "OpenAPI 3.1.",
        parameters=[parameter("if-none-match", TEXT, "An etag that was given before.", where="header")],
        answers={
            200: answer("The document.", Shown({"type": "object"}, {"openapi": "3.1.0"}), headers=("etag",)),
            304: answer("It is still what the etag names.", headers=("etag",)),
        },
        errors=(500, 503),
    ),
}
