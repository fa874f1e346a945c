"""/v1/manage/data."""

from typing import Any

from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import (
    COUNT,
    FLAG,
    TEXT,
    TIME,
    Part,
    Shown,
    answer,
    asked,
    constant,
    many,
    nullable,
    obj,
    one_of,
    ref,
    takes,
    text,
    told,
)
from conversations.api.contract.shared import OF_BODIES

TAG = "Management"
_REDACTION = one_of("off", "storage", "upstream")
_SETTINGS: dict[str, Any] = {
    "type": "data_settings",
    "store_content": True,
    "retention_days": 30,
    "redaction": "off",
    "region_note": "Frankfurt",
    "retention_runs": [
        {
            "at": "2027-01-31T08:00:00Z",
            "days": 30,
            "turns": 12,
            "conversations": 3,
            "oldest_kept": "2027-01-01T08:00:00Z",
        }
    ],
}

SCHEMAS: Part = {
    "DataSettings": obj(
        {
            "type": constant("data_settings"),
            "store_content": told(FLAG, "Whether what is said is kept, or decisions and numbers alone."),
            "retention_days": told(nullable(COUNT), "How long it is kept; null for good."),
            "redaction": told(_REDACTION, "Where personal data is replaced by placeholders."),
            "region_note": TEXT,
            "retention_runs": told(many(ref("RetentionRun")), "The latest that removed something, newest first."),
        }
    ),
    "RetentionRun": obj(
        {"at": TIME, "days": COUNT, "turns": COUNT, "conversations": COUNT, "oldest_kept": nullable(TIME)}
    ),
    "DataSettingsRequest": asked(
        {
            "store_content": nullable(FLAG),
            "retention_days": nullable({"type": "integer", "minimum": 1, "maximum": 3650}),
            "redaction": nullable(_REDACTION),
            "region_note": nullable(text("Where the data are, in your own words.", maxLength=500)),
        }
    ),
}

OPERATIONS = {
    ("/v1/manage/data", "GET"): Operation(
        "get_data_settings",
        TAG,
        "What is kept",
        "And what retention removed.",
        scope="manage",
        answers={200: answer("The data settings.", Shown(ref("DataSettings"), _SETTINGS))},
    ),
    ("/v1/manage/data", "PATCH"): Operation(
        "change_data_settings",
        TAG,
        "Change what is kept",
        "What is left out stays as it is. It takes hold within a second.",
        scope="manage",
        body=takes(ref("DataSettingsRequest"), required=False, retention={"retention_days": 30}),
        answers={200: answer("The data settings.", Shown(ref("DataSettings"), _SETTINGS))},
        errors=OF_BODIES,
    ),
}
