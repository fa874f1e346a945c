"""/v1/appeals."""

from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import (
    TEXT,
    TIME,
    Part,
    Shown,
    answer,
    asked,
    constant,
    nullable,
    obj,
    parameter,
    ref,
    takes,
)
from conversations.api.contract.shared import OF_BODIES, OF_READING

_ID = "6f1d3c1e-6a0f-4a7e-9a57-2f6f0f0c2f11"
_TURN = "0198c0de-0000-7000-8000-000000000001"
_MADE = {
    "type": "appeal",
    "id": _ID,
    "turn": _TURN,
    "reason": "I asked about my own medicine.",
    "status": "open",
    "answer": None,
    "made_at": "2027-01-31T08:00:00Z",
    "decided_at": None,
}
_DECIDED = {
    **_MADE,
    "status": "overturned",
    "answer": "You are right: that was a plain question.",
    "decided_at": "2027-01-31T12:00:00Z",
}
_PATH = parameter("appeal_id", TEXT, "The appeal.", where="path", example=_ID)

SCHEMAS: Part = {
    "Appeal": obj(
        {
            "type": constant("appeal"),
            "id": TEXT,
            "turn": nullable(TEXT),
            "reason": TEXT,
            "status": {"type": "string", "enum": ["open", "upheld", "overturned"]},
            "answer": nullable(TEXT),
            "made_at": TIME,
            "decided_at": nullable(TIME),
        }
    ),
    "AppealRequest": asked(
        {
            "turn_id": {"type": "string", "minLength": 1, "maxLength": 64},
            "reason": {"type": "string", "minLength": 1, "maxLength": 4000},
        },
        required=("turn_id", "reason"),
    ),
}

OPERATIONS = {
    ("/v1/appeals", "POST"): Operation(
        "create_appeal",
        "Appeals",
        "Appeal for a user",
        "A person who had no part in it looks at the turn again and answers. One open appeal a conversation.",
        scope="turns",
        body=takes(ref("AppealRequest"), medicine={"turn_id": _TURN, "reason": _MADE["reason"]}),
        answers={201: answer("The appeal waits for a reviewer.", Shown(ref("Appeal"), _MADE))},
        errors=(*OF_BODIES, 404, 409),
    ),
    ("/v1/appeals/{appeal_id}", "GET"): Operation(
        "get_appeal",
        "Appeals",
        "Read an appeal",
        "Whether it is decided, and why.",
        scope="records",
        parameters=[_PATH],
        answers={200: answer("The appeal.", Shown(ref("Appeal"), _DECIDED))},
        errors=(*OF_READING, 404),
    ),
}
