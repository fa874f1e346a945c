"""/v1/manage/deployment, draft and apply."""

from typing import Any

from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import (
    ANYTHING,
    COUNT,
    DIGEST,
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
    ref,
    takes,
    text,
    told,
)
from conversations.api.contract.shared import OF_BODIES, OF_READING

TAG = "Management"
SETTINGS: dict[str, Any] = {"scope": {"description": "A helper for programmers.", "restrict": True}}
MODELS = {"allowed": ["claude-sonnet-5-5"], "aliases": {"fast": "claude-sonnet-5-5"}}
MAKER = {"type": "account", "id": "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c50", "name": "Ada"}
VERSION = {
    "type": "configuration",
    "number": 4,
    "live": True,
    "digest": "sha256:" + "1e" * 32,
    "charter": {"version": "1.1", "digest": "sha256:" + "0f" * 32},
    "note": "From the repository",
    "published_at": "2027-01-31T08:00:00Z",
    "published_by": MAKER,
}
DIFFERENCE = {"path": "scope.restrict", "before": False, "after": True, "words": "Scope is now restricted."}
_DEPLOYMENT = {
    "type": "deployment",
    "id": "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c51",
    "name": "Coding helper",
    "operator": {"id": "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c52", "name": "Acme"},
    "live": 4,
    "draft_differs": False,
    "models": MODELS,
    "reachable": ["claude-sonnet-5-5", "default"],
    "created_at": "2027-01-01T08:00:00Z",
}
_DRAFT = {"type": "draft", "differs": True, "digest": "sha256:" + "2d" * 32, "settings": SETTINGS}
_APPLIED = {
    "type": "applied",
    "deployment": "Coding helper",
    "dry_run": False,
    "changes": True,
    "publishes": True,
    "differences": [DIFFERENCE],
    "published": VERSION,
    "over": 4,
    "draft_differs": False,
}
NOTE = nullable(text("Why, in one line.", maxLength=500))
OVER = nullable(
    {
        "type": "integer",
        "minimum": 0,
        "maximum": 2**31 - 1,
        "description": "The number of the version that this started from; 409 where another is live by then.",
    }
)
MANAGED = (*OF_BODIES, 404, 409)

SCHEMAS: Part = {
    "Settings": {
        "type": "object",
        "description": "A deployment's settings, as docs/api/management.md describes them; what the charter refuses is "
        "a 400 that lists every problem.",
        "additionalProperties": True,
    },
    "DeploymentModels": obj(
        {
            "allowed": told(many(TEXT), "Empty for all that the operator can reach."),
            "aliases": each(TEXT, "Further names for the app, each with the model it stands for."),
        }
    ),
    "DeploymentModelsRequest": asked({"allowed": nullable(many(TEXT)), "aliases": nullable(each(TEXT))}),
    "Deployment": obj(
        {
            "type": constant("deployment"),
            "id": ID,
            "name": TEXT,
            "operator": obj({"id": ID, "name": TEXT}),
            "live": nullable(COUNT),
            "draft_differs": FLAG,
            "models": ref("DeploymentModels"),
            "reachable": many(TEXT),
            "created_at": TIME,
        }
    ),
    "DeploymentRequest": asked({"models": nullable(ref("DeploymentModelsRequest"))}),
    "Draft": obj({"type": constant("draft"), "differs": FLAG, "digest": DIGEST, "settings": ref("Settings")}),
    "DraftRequest": asked(
        {"settings": ref("Settings"), "over": nullable(text("The digest of the draft it started from.", maxLength=71))},
        required=("settings",),
    ),
    "Difference": obj(
        {"path": TEXT, "before": ANYTHING, "after": ANYTHING, "words": told(TEXT, "The same in a sentence.")}
    ),
    "Maker": nullable(obj({"type": one_of("account", "key"), "id": TEXT, "name": TEXT})),
    "ApplyRequest": asked(
        {
            "deployment": nullable(text("Its name, to be sure.", maxLength=120)),
            "settings": nullable(ref("Settings")),
            "models": nullable(ref("DeploymentModelsRequest")),
            "note": NOTE,
            "over": OVER,
            "dry_run": nullable(FLAG),
        }
    ),
    "Applied": obj(
        {
            "type": constant("applied"),
            "deployment": TEXT,
            "dry_run": FLAG,
            "changes": FLAG,
            "publishes": FLAG,
            "differences": many(ref("Difference")),
            "published": nullable(ref("Configuration")),
            "over": COUNT,
            "draft_differs": FLAG,
        }
    ),
}

OPERATIONS = {
    ("/v1/manage/deployment", "GET"): Operation(
        "get_deployment",
        TAG,
        "The deployment",
        "Its name, what is live, its models and those within reach.",
        scope="manage",
        answers={200: answer("The deployment.", Shown(ref("Deployment"), _DEPLOYMENT))},
    ),
    ("/v1/manage/deployment", "PATCH"): Operation(
        "change_deployment",
        TAG,
        "Set its models",
        "As a whole.",
        scope="manage",
        body=takes(ref("DeploymentRequest"), required=False, models={"models": MODELS}),
        answers={200: answer("The deployment.", Shown(ref("Deployment"), _DEPLOYMENT))},
        errors=OF_BODIES,
    ),
    ("/v1/manage/apply", "POST"): Operation(
        "apply",
        TAG,
        "Apply a file",
        "Brings the deployment to what `plumbline.toml` describes, or tells with `dry_run` what that would change. The "
        "same twice changes nothing the second time.",
        scope="manage",
        body=takes(
            ref("ApplyRequest"),
            required=False,
            dry_run={"settings": SETTINGS, "note": "From the repository", "dry_run": True},
        ),
        answers={200: answer("What differs, or differed.", Shown(ref("Applied"), _APPLIED))},
        errors=MANAGED,
    ),
    ("/v1/manage/draft", "GET"): Operation(
        "get_draft",
        TAG,
        "The draft",
        "What the console edits.",
        scope="manage",
        answers={200: answer("The draft.", Shown(ref("Draft"), _DRAFT))},
        errors=OF_READING,
    ),
    ("/v1/manage/draft", "PUT"): Operation(
        "put_draft",
        TAG,
        "Replace the draft",
        "With `over` only where it is still the one that was read.",
        scope="manage",
        body=takes(ref("DraftRequest"), settings={"settings": SETTINGS}),
        answers={200: answer("The draft.", Shown(ref("Draft"), _DRAFT))},
        errors=MANAGED,
    ),
}
