"""/v1/manage/configurations."""

from conversations.api.contract.manage_deployment import DIFFERENCE, MANAGED, NOTE, OVER, SETTINGS, TAG, VERSION
from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import (
    ANYTHING,
    COUNT,
    DIGEST,
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
    page_of,
    parameter,
    query,
    ref,
    shared,
    takes,
    told,
)
from conversations.api.contract.shared import OF_BODIES, OF_READING

_WHOLE = {**VERSION, "settings": SETTINGS}
_NUMBER = parameter("number", TEXT, "A version's number, or `live`.", where="path", example="live")
_VERSION: Part = {
    "type": constant("configuration"),
    "number": COUNT,
    "live": FLAG,
    "digest": DIGEST,
    "charter": obj({"version": TEXT, "digest": DIGEST}),
    "note": TEXT,
    "published_at": TIME,
    "published_by": ref("Maker"),
}
_CHECKED = {"valid": True, "problems": [], "digest": "sha256:" + "1e" * 32, "over": 4, "differences": [DIFFERENCE]}

SCHEMAS: Part = {
    "Configuration": obj(_VERSION, about="A published version, without its settings."),
    "WholeConfiguration": obj({**_VERSION, "settings": ref("Settings")}),
    "ConfigurationPage": page_of(ref("Configuration"), by=COUNT),
    "PublishRequest": asked(
        {
            "settings": nullable(ref("Settings")),
            "draft": nullable(FLAG),
            "draft_digest": nullable(DIGEST | {"description": "Of the draft as it was read; 409 where it is another."}),
            "note": NOTE,
            "over": OVER,
        },
        about="`settings`, or `draft` as true to publish the draft.",
    ),
    "RollBackRequest": asked({"note": NOTE, "over": OVER}),
    "ValidateRequest": asked({"settings": told(ANYTHING, "What is no object is told as a problem.")}),
    "Validated": obj(
        {
            "valid": FLAG,
            "problems": many(ref("Problem")),
            "digest": DIGEST,
            "over": COUNT,
            "differences": many(ref("Difference")),
        },
        optional=("digest", "over", "differences"),
        about="The differences are from what is live; there are none where the settings are not valid.",
    ),
    "Differences": obj({"differences": many(ref("Difference"))}),
}

OPERATIONS = {
    ("/v1/manage/configurations", "GET"): Operation(
        "list_configurations",
        TAG,
        "List the versions",
        "Newest first.",
        scope="manage",
        parameters=[shared("manage-limit"), query("after_id", TEXT, "Those before this number.", example="5")],
        answers={
            200: answer(
                "One page.",
                Shown(ref("ConfigurationPage"), {"data": [VERSION], "has_more": False, "first_id": 4, "last_id": 4}),
            )
        },
    ),
    ("/v1/manage/configurations", "POST"): Operation(
        "publish",
        TAG,
        "Publish",
        "Settings, or the draft; they are live within a second.",
        scope="manage",
        body=takes(
            ref("PublishRequest"), settings={"settings": SETTINGS, "note": "Restrict"}, draft={"draft": True, "over": 4}
        ),
        answers={201: answer("The version.", Shown(ref("WholeConfiguration"), _WHOLE))},
        errors=MANAGED,
    ),
    ("/v1/manage/configurations/validate", "POST"): Operation(
        "validate",
        TAG,
        "Check settings",
        "What is wrong with them, or what they would change; nothing is kept.",
        scope="manage",
        body=takes(ref("ValidateRequest"), required=False, settings={"settings": SETTINGS}),
        answers={200: answer("What was found.", Shown(ref("Validated"), _CHECKED))},
        errors=OF_BODIES,
    ),
    ("/v1/manage/configurations/{number}", "GET"): Operation(
        "get_configuration",
        TAG,
        "One version",
        "With its settings.",
        scope="manage",
        parameters=[_NUMBER],
        answers={200: answer("The version.", Shown(ref("WholeConfiguration"), _WHOLE))},
        errors=(*OF_READING, 404),
    ),
    ("/v1/manage/configurations/{number}/differences", "GET"): Operation(
        "get_differences",
        TAG,
        "Compare two versions",
        "From this one, or `draft`, to another.",
        scope="manage",
        parameters=[
            _NUMBER,
            query("to", TEXT, "A number, `live` (where nothing is said) or `draft`.", example="draft"),
        ],
        answers={200: answer("How they differ.", Shown(ref("Differences"), {"differences": [DIFFERENCE]}))},
        errors=(*OF_READING, 404),
    ),
    ("/v1/manage/configurations/{number}/roll_back", "POST"): Operation(
        "roll_back",
        TAG,
        "Roll back",
        "Publishes an old version's settings anew.",
        scope="manage",
        parameters=[_NUMBER],
        body=takes(ref("RollBackRequest"), required=False, with_a_note={"note": "It was better before", "over": 4}),
        answers={201: answer("The new version.", Shown(ref("WholeConfiguration"), _WHOLE))},
        errors=MANAGED,
    ),
}
