"""Receipts, and the log that they prove: docs/api/receipts.md."""

from typing import Any

from audit.log.names import Name
from conversations.api.contract.manage_deployment import TAG
from conversations.api.contract.messages import CONVERSATION, RECEIPT, TURN
from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import (
    COUNT,
    DIGEST,
    ID,
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

_HASH: Part = {"type": "string", "pattern": "^[A-Za-z0-9+/]{43}=$"}
_SIXTY_FOUR: Part = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_WHO = obj({"id": TEXT, "type": TEXT})
_NOTE = told(TEXT, "A C2SP checkpoint in a signed note: origin, number of leaves, root, and the log's signature.")
_SIGNED = "plumbline\n12\nRpXm1cQ2rZ1j4b0l8mJ1b5YbT1m8r7cPzB0m0f2pWZQ=\n\n\N{EM DASH} plumbline Az3grl…\n"
_PROOF = ["y1j4b0l8mJ1b5YbT1m8r7cPzB0m0f2pWZQRpXm1cQ2g="]
_ENTRY: dict[str, Any] = {
    "actor": {"id": "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c50", "type": "key"},
    "at": "2027-01-31T08:00:00.000000Z",
    "detail": {"conversation": CONVERSATION, "decision": "0f" * 32, "outcome": "answer", "tier": 4},
    "digest": "1e" * 32,
    "id": RECEIPT,
    "name": "turn.recorded",
    "subject": {"id": TURN, "type": "turn"},
}
_RECEIPT = {
    "type": "receipt",
    "id": RECEIPT,
    "status": "included",
    "entry": _ENTRY,
    "decision": "sha256:" + "0f" * 32,
    "leaf_index": 11,
    "inclusion_proof": _PROOF,
    "checkpoint": _SIGNED,
}
_PENDING = _RECEIPT | {"status": "pending", "leaf_index": None, "inclusion_proof": None, "checkpoint": None}

SCHEMAS: Part = {
    "LogEntry": obj(
        {
            "actor": _WHO,
            "at": TIME,
            "detail": {"type": "object"},
            "digest": nullable(told(_SIXTY_FOUR, "SHA-256 of the content as it is stored.")),
            "id": ID,
            "name": told(TEXT, "What was done: `subject.action`."),
            "subject": _WHO,
        },
        about="Hashed as canonical JSON (RFC 8785), exactly as it stands here.",
    ),
    "LogEntryPage": page_of(ref("LogEntry"), by=ID),
    "Receipt": obj(
        {
            "type": constant("receipt"),
            "id": ID,
            "status": one_of("included", "pending"),
            "entry": ref("LogEntry"),
            "decision": nullable(told(DIGEST, "Of the turn's decision, as the entry has it.")),
            "leaf_index": nullable(COUNT),
            "inclusion_proof": nullable(many(_HASH)),
            "checkpoint": nullable(_NOTE),
        }
    ),
    "Log": obj(
        {
            "type": constant("log"),
            "origin": TEXT,
            "keys": told(many(TEXT), "Verifier keys, the one that signs first; keep a copy of your own."),
            "checkpoint": nullable(_NOTE),
        }
    ),
    "LogConsistency": obj(
        {
            "type": constant("consistency"),
            "from": COUNT,
            "to": COUNT,
            "proof": many(_HASH),
            "checkpoint": _NOTE,
        }
    ),
}

OPERATIONS = {
    ("/v1/receipts/{receipt_id}", "GET"): Operation(
        "get_receipt",
        "Audit log",
        "A turn's receipt",
        "Proves that its entry is in the audit log; `plumbline-verify receipt` checks it offline. An entry has its "
        "place within a second or two: until then the answer is a 202, with the entry and without the proof.",
        scope="records",
        parameters=[
            parameter("receipt_id", TEXT, "As a turn's answer names it.", where="path", example=RECEIPT),
            parameter(
                "wait",
                {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 10}, constant("")]},
                "For how many seconds the answer may be held until there is a proof.",
                example=5,
            ),
        ],
        answers={
            200: answer("It is in the log.", Shown(ref("Receipt"), _RECEIPT)),
            202: answer("Recorded, and not signed yet.", Shown(ref("Receipt"), _PENDING), headers=("retry-after",)),
        },
        errors=(*OF_READING, 404),
    ),
    ("/v1/manage/entries", "GET"): Operation(
        "list_entries",
        TAG,
        "The deployment's audit trail",
        "What was done to the deployment and in it, the newest first; its turns have lists of their own. Each entry's "
        "id is that of its receipt.",
        scope="manage",
        parameters=[
            shared("manage-limit"),
            query("after_id", ID, "Those before this one."),
            query("name", {"enum": [name.value for name in Name]}, "Only acts of this name."),
            query("subject", TEXT, "Only of this subject: its type, a colon and its id.", example=f"key:{RECEIPT}"),
        ],
        answers={
            200: answer(
                "One page.",
                Shown(
                    ref("LogEntryPage"),
                    {"data": [_ENTRY], "has_more": False, "first_id": RECEIPT, "last_id": RECEIPT},
                ),
            )
        },
    ),
    ("/v1/log", "GET"): Operation(
        "get_log",
        "Audit log",
        "The newest checkpoint",
        "What was signed last, and the keys that sign. Keep both: a log cannot be cut or rewritten behind your copy.",
        answers={
            200: answer(
                "The log.",
                Shown(
                    ref("Log"),
                    {"type": "log", "origin": "plumbline", "keys": ["plumbline+033de0ae+AQ…"], "checkpoint": _SIGNED},
                ),
            )
        },
        errors=(400, 500, 503),
    ),
    ("/v1/log/consistency", "GET"): Operation(
        "get_log_consistency",
        "Audit log",
        "That the log only grew",
        "Proves that the newest checkpoint continues an older one; `plumbline-verify consistency` checks it offline.",
        parameters=[
            parameter("from", {"type": "integer", "minimum": 1}, "The older one's number of leaves.", example=8)
            | {"required": True}
        ],
        answers={
            200: answer(
                "The proof, with the newest checkpoint.",
                Shown(
                    ref("LogConsistency"),
                    {"type": "consistency", "from": 8, "to": 12, "proof": _PROOF, "checkpoint": _SIGNED},
                ),
            )
        },
        errors=(400, 404, 500, 503),
    ),
}
