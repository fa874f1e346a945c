"""/v1/manage/keys and usage."""

from typing import Any

from conversations.api.contract.manage_deployment import MAKER, MANAGED, TAG
from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import (
    COUNT,
    FLAG,
    ID,
    TEXT,
    TIME,
    Part,
    Shown,
    answer,
    asked,
    constant,
    each,
    many,
    nullable,
    obj,
    one_of,
    page_of,
    parameter,
    query,
    ref,
    shared,
    takes,
    text,
    told,
)
from conversations.api.contract.shared import OF_READING
from operators.models.deployments import Scope

KEY_ID = "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c53"
_KEY: dict[str, Any] = {
    "type": "key",
    "id": KEY_ID,
    "name": "web backend",
    "prefix": "plk_0123456789abcdef",
    "scopes": ["turns", "records"],
    "state": "active",
    "created_at": "2027-01-31T08:00:00Z",
    "created_by": MAKER,
    "expires_at": None,
    "revoked_at": None,
    "replaced_by": None,
    "last_used_at": None,
}
_SECRET = {**_KEY, "key": "plk_0123456789abcdef_…"}
_AMOUNT: dict[str, Any] = {
    "turns": 12,
    "failed": 0,
    "outcomes": {"answer": 11, "redirect": 1},
    "input_tokens": 4944,
    "output_tokens": 216,
    "cost": "0.018072",
    "unpriced_turns": 0,
}
_USAGE = {
    "type": "usage",
    "from": "2027-01-01T00:00:00Z",
    "to": "2027-02-01T00:00:00Z",
    "by": "day",
    "split": ["model"],
    "total": _AMOUNT,
    "data": [{"start": "2027-01-31T00:00:00Z", "model": "default", **_AMOUNT}],
}
_SCOPE = one_of(*Scope.values)
_PATH = parameter("key_id", TEXT, "The key's id.", where="path", example=KEY_ID)
_FIELDS: Part = {
    "type": constant("key"),
    "id": ID,
    "name": TEXT,
    "prefix": told(TEXT, "How the key begins."),
    "scopes": many(_SCOPE),
    "state": one_of("active", "revoked", "expired"),
    "created_at": TIME,
    "created_by": ref("Maker"),
    "expires_at": nullable(TIME),
    "revoked_at": nullable(TIME),
    "replaced_by": nullable(ID),
    "last_used_at": nullable(told(TIME, "To within a minute or two.")),
}
_COUNTED: Part = {
    "turns": COUNT,
    "failed": told(COUNT, "Those that the model did not answer."),
    "outcomes": each(COUNT),
    "input_tokens": COUNT,
    "output_tokens": COUNT,
    "cost": text("In the currency of the catalogue's prices.", pattern="^[0-9]+\\.[0-9]{6}$"),
    "unpriced_turns": told(COUNT, "Those that used a model without a price."),
}

SCHEMAS: Part = {
    "Key": obj(_FIELDS),
    "KeyPage": page_of(ref("Key"), by=ID),
    "NewKey": obj(
        {**_FIELDS, "key": told(TEXT, "The secret, shown this once."), "replaces": ref("Key")}, optional=("replaces",)
    ),
    "KeyRequest": asked(
        {
            "name": text(minLength=1, maxLength=120),
            "scopes": nullable(many(_SCOPE, minItems=1)),
            "expires_at": nullable(told(TIME, "A time with its zone, in the future.")),
        },
        required=("name",),
    ),
    "RotateRequest": asked(
        {
            "overlap_hours": nullable(
                {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 720,
                    "description": "How long the old key opens beside the new one; without it, 24.",
                }
            )
        }
    ),
    "RevokeRequest": asked(
        {"itself": nullable(told(FLAG, "Whether the key that asks may be the one that is revoked."))}
    ),
    "Usage": obj(
        {
            "type": constant("usage"),
            "from": TIME,
            "to": TIME,
            "by": one_of("day", "hour"),
            "split": many(one_of("model", "key")),
            "total": obj(_COUNTED),
            "data": many(obj({"start": TIME, "model": TEXT, "key": TEXT, **_COUNTED}, optional=("model", "key"))),
        }
    ),
}

OPERATIONS = {
    ("/v1/manage/keys", "GET"): Operation(
        "list_keys",
        TAG,
        "List the keys",
        "Newest first, and never a secret.",
        scope="manage",
        parameters=[shared("manage-limit"), query("after_id", ID, "Those after this one.")],
        answers={
            200: answer(
                "One page.",
                Shown(ref("KeyPage"), {"data": [_KEY], "has_more": False, "first_id": KEY_ID, "last_id": KEY_ID}),
            )
        },
    ),
    ("/v1/manage/keys", "POST"): Operation(
        "create_key",
        TAG,
        "Create a key",
        "Of scopes that the asking key has itself; `turns` and `records` where none are named.",
        scope="manage",
        body=takes(ref("KeyRequest"), for_an_app={"name": "web backend", "scopes": ["turns", "records"]}),
        answers={201: answer("The key and its secret.", Shown(ref("NewKey"), _SECRET), headers=("cache-control",))},
        errors=MANAGED,
    ),
    ("/v1/manage/keys/{key_id}", "GET"): Operation(
        "get_key",
        TAG,
        "One key",
        "Never its secret.",
        scope="manage",
        parameters=[_PATH],
        answers={200: answer("The key.", Shown(ref("Key"), _KEY))},
        errors=(*OF_READING, 404),
    ),
    ("/v1/manage/keys/{key_id}/rotate", "POST"): Operation(
        "rotate_key",
        TAG,
        "Rotate a key",
        "A new key of the same name, scopes and length of life; the old one opens for some hours more.",
        scope="manage",
        parameters=[_PATH],
        body=takes(ref("RotateRequest"), required=False, a_day={"overlap_hours": 24}),
        answers={
            201: answer(
                "The new key and its secret.",
                Shown(ref("NewKey"), {**_SECRET, "replaces": _KEY}),
                headers=("cache-control",),
            )
        },
        errors=MANAGED,
    ),
    ("/v1/manage/keys/{key_id}/revoke", "POST"): Operation(
        "revoke_key",
        TAG,
        "Revoke a key",
        "Within a second and for good. Revoking twice changes nothing.",
        scope="manage",
        parameters=[_PATH],
        body=takes(ref("RevokeRequest"), required=False, another={}, the_key_that_asks={"itself": True}),
        answers={
            200: answer(
                "The key.", Shown(ref("Key"), {**_KEY, "state": "revoked", "revoked_at": "2027-01-31T09:00:00Z"})
            )
        },
        errors=MANAGED,
    ),
    ("/v1/manage/usage", "GET"): Operation(
        "get_usage",
        TAG,
        "Usage",
        "Turns, tokens, cost and outcomes, by days or hours of UTC. Without a range: the last 30 days, or 24 hours.",
        scope="manage",
        parameters=[
            query("from", TEXT, "A day or a time; without a zone in UTC.", example="2027-01-01"),
            query("to", TEXT, "The same; not included.", example="2027-02-01"),
            query("by", one_of("day", "hour"), "At most 400 days, or 31 days of hours."),
            query("split", many(one_of("model", "key", "")), "What each day or hour is split by.", example=["model"]),
            query("model", {"type": "string", "maxLength": 128}, "Of this model only, by the app's name for it."),
            query("key", ID, "Of this key only."),
        ],
        answers={200: answer("What was used.", Shown(ref("Usage"), _USAGE))},
    ),
}
