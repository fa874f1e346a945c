"""/v1/users/{user_id}, and its adjustments."""

from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import (
    COUNT,
    ID,
    TEXT,
    TIME,
    Part,
    Shown,
    answer,
    asked,
    constant,
    each,
    nullable,
    obj,
    one_of,
    parameter,
    ref,
    takes,
    told,
)
from conversations.api.contract.shared import OF_BODIES, OF_READING

_PATH = parameter(
    "user_id",
    {"type": "string", "minLength": 1, "maxLength": 256},
    "The user, as in `metadata.user_id`; percent-encoded.",
    where="path",
    example="u-17",
)
WISHES = {"blunt_feedback": True}
_STORED = {
    "type": "user_adjustments",
    "user_id": "u-17",
    "user_adjustments": WISHES,
    "not_granted": {},
    "updated_at": "2027-01-31T08:00:00Z",
}
_ERASURE = {
    "type": "user_erasure",
    "id": "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c4f",
    "user_id": "u-17",
    "state": "done",
    "conversations": 12,
}
_NONE = {**_STORED, "user_adjustments": {}, "updated_at": None}

SCHEMAS: Part = {
    "UserAdjustments": obj(
        {
            "type": constant("user_adjustments"),
            "user_id": TEXT,
            "user_adjustments": ref("Wishes"),
            "not_granted": each(TEXT, "What was granted when it was stored and is not any more, with why."),
            "updated_at": nullable(TIME),
        }
    ),
    "UserErasure": obj(
        {
            "type": constant("user_erasure"),
            "id": told(nullable(ID), "By which the audit log knows it; null where nothing was kept of this user."),
            "user_id": TEXT,
            "state": one_of("done", "running", description="`running`: it goes on by itself; asking again tells."),
            "conversations": told(COUNT, "So many were erased."),
        }
    ),
    "UserAdjustmentsRequest": asked({"user_adjustments": ref("Wishes")}, required=("user_adjustments",), more=True),
}

OPERATIONS = {
    ("/v1/users/{user_id}", "DELETE"): Operation(
        "delete_user",
        "Users",
        "Forget a user",
        "Every conversation of theirs in this deployment is deleted, as `DELETE /v1/conversations/{conversation_id}` "
        "does, and what they wished is forgotten. Asking again changes nothing.",
        scope="records",
        parameters=[_PATH],
        answers={200: answer("Done, or under way.", Shown(ref("UserErasure"), _ERASURE))},
    ),
    ("/v1/users/{user_id}/adjustments", "GET"): Operation(
        "get_user_adjustments",
        "Users",
        "What a user wishes",
        "What is stored for every turn of theirs.",
        scope="records",
        parameters=[_PATH],
        answers={200: answer("What is stored.", Shown(ref("UserAdjustments"), _STORED))},
        errors=(*OF_READING, 404),
    ),
    ("/v1/users/{user_id}/adjustments", "PUT"): Operation(
        "put_user_adjustments",
        "Users",
        "Store what a user wishes",
        "In place of all that was stored. A wish that is not granted is a 400 that names the rule.",
        scope="turns",
        parameters=[_PATH],
        body=takes(ref("UserAdjustmentsRequest"), blunt={"user_adjustments": WISHES}),
        answers={200: answer("What is stored now.", Shown(ref("UserAdjustments"), _STORED))},
        errors=(*OF_BODIES, 404),
    ),
    ("/v1/users/{user_id}/adjustments", "DELETE"): Operation(
        "delete_user_adjustments",
        "Users",
        "Forget what a user wishes",
        "Deleting what is not there changes nothing.",
        scope="turns",
        parameters=[_PATH],
        answers={200: answer("Nothing is stored.", Shown(ref("UserAdjustments"), _NONE))},
        errors=(*OF_READING, 404),
    ),
}
