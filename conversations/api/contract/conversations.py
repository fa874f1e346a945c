"""Conversations and turns, as an app reads its own record."""

from typing import Any

from conversations.api.contract.messages import BLOCK, CONVERSATION, OUTCOME, QUESTION, TIER, TURN
from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import (
    COUNT,
    DIGEST,
    FLAG,
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
from conversations.api.contract.shared import OF_BODIES, OF_READING

_CONVERSATION: dict[str, Any] = {
    "type": "conversation",
    "id": CONVERSATION,
    "user_id": "u-17",
    "branched_from": None,
    "created_at": "2027-01-31T08:00:00Z",
    "last_turn_at": "2027-01-31T08:00:00Z",
    "turn_count": 1,
    "flagged": False,
    "ended_at": None,
    "ended_by": None,
    "ended_because": None,
    "deleted_at": None,
}
_TURN = {
    "type": "turn",
    "id": TURN,
    "conversation": CONVERSATION,
    "parent": None,
    "number": 1,
    "status": "answered",
    "outcome": "answer",
    "tier": 4,
    "flagged": False,
    "system": "",
    "messages": [QUESTION],
    "answer": [{"type": "text", "text": "def reverse(text): …"}],
    "deleted": False,
    "gone": None,
    "model": "default",
    "upstream": "environment",
    "upstream_model": "claude-sonnet-5-5",
    "stop_reason": "end_turn",
    "error": None,
    "usage": {"input_tokens": 412, "output_tokens": 18},
    "started_at": "2027-01-31T08:00:00Z",
    "milliseconds": 900,
    "upstream_milliseconds": 850,
    "charter": "sha256:" + "0f" * 32,
    "configuration": 3,
    "entry": "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c4f",
    "request_id": "req_0123456789abcdef01234567",
}
PATH = parameter("conversation_id", TEXT, "The conversation's id.", where="path", example=CONVERSATION)
TURN_PATH = parameter("turn_id", TEXT, "The turn's id.", where="path", example=TURN)
_CURSORS = [
    shared("limit"),
    query("after_id", ID, "Those after this one."),
    query("before_id", ID, "Those before this one."),
]


def _page(example: Part) -> Part:
    return {"data": [example], "has_more": False, "first_id": example["id"], "last_id": example["id"]}


def _moment(name: str, words: str) -> Part:
    return query(name, TIME, f"{words}, a time or a day in UTC.")


SCHEMAS: Part = {
    "Conversation": obj(
        {
            "type": constant("conversation"),
            "id": ID,
            "user_id": nullable(TEXT),
            "branched_from": nullable(told(ID, "The turn or conversation it branched from.")),
            "created_at": TIME,
            "last_turn_at": nullable(TIME),
            "turn_count": COUNT,
            "flagged": told(FLAG, "Whether a person should look at it."),
            "ended_at": nullable(TIME),
            "ended_by": nullable(told(one_of("app", "rules", "model", "steward"), "Who ended it.")),
            "ended_because": nullable(told(TEXT, "Why, in the charter's words.")),
            "deleted_at": nullable(TIME),
        }
    ),
    "ConversationPage": page_of(ref("Conversation"), by=ID),
    "ConversationDeleted": obj({"type": constant("conversation_deleted"), "id": ID}),
    "Turn": obj(
        {
            "type": constant("turn"),
            "id": ID,
            "conversation": ID,
            "parent": nullable(ID),
            "number": COUNT,
            "status": one_of("answered", "own_words", "guarded", "upstream_error", "hung_up", "paused"),
            "outcome": OUTCOME,
            "tier": nullable(TIER),
            "flagged": FLAG,
            "system": {"description": "The app's own system.", "anyOf": [TEXT, many(BLOCK)]},
            "messages": told(many({"type": "object"}), "Those that this turn added."),
            "answer": many({"type": "object"}),
            "deleted": told(FLAG, "Whether what was said was deleted; then it is empty here."),
            "gone": told(
                nullable(one_of("deleted", "expired", "not_stored")),
                "Why what was said is not here: erased, kept for as long as the deployment says, or never kept.",
            ),
            "model": TEXT,
            "upstream": nullable(TEXT),
            "upstream_model": nullable(TEXT),
            "stop_reason": nullable(TEXT),
            "error": nullable(TEXT),
            "usage": obj({"input_tokens": COUNT, "output_tokens": COUNT}),
            "started_at": TIME,
            "milliseconds": COUNT,
            "upstream_milliseconds": COUNT,
            "charter": DIGEST,
            "configuration": nullable(COUNT),
            "entry": told(ID, "Its entry in the audit log."),
            "request_id": TEXT,
        }
    ),
    "TurnPage": page_of(ref("Turn"), by=ID),
}

OPERATIONS = {
    ("/v1/conversations", "GET"): Operation(
        "list_conversations",
        "Conversations",
        "List the conversations",
        "The latest begun first. A parameter that is not known is a 400, so that a misspelt filter does not show all.",
        scope="records",
        parameters=[
            *_CURSORS,
            parameter("user_id", {"type": "string", "maxLength": 256}, "Of this user; empty for those without one."),
            query("flagged", FLAG, "Only those flagged, or those not."),
            query("ended", FLAG, "Only those ended, or those not."),
            query("deleted", FLAG, "The deleted ones instead."),
            query("outcome", OUTCOME, "At least one turn had this outcome."),
            query("tier", TIER, "At least one turn was decided by this tier."),
            query("failed", FLAG, "Only those with a turn that the model did not answer, or those without."),
            query("batch", FLAG, "Only those with a turn of a batch, or those without."),
            _moment("created_after", "Begun from then on"),
            _moment("created_before", "Begun before then"),
            _moment("last_turn_after", "Whose last turn was from then on"),
            _moment("last_turn_before", "Whose last turn was before then"),
        ],
        answers={200: answer("One page.", Shown(ref("ConversationPage"), _page(_CONVERSATION)))},
    ),
    ("/v1/conversations/{conversation_id}", "GET"): Operation(
        "get_conversation",
        "Conversations",
        "One conversation",
        "Deleted ones included.",
        scope="records",
        parameters=[PATH],
        answers={200: answer("The conversation.", Shown(ref("Conversation"), _CONVERSATION))},
        errors=(*OF_READING, 404),
    ),
    ("/v1/conversations/{conversation_id}", "DELETE"): Operation(
        "delete_conversation",
        "Conversations",
        "Delete what was said",
        "For good, before the answer leaves; what stays are tombstones and the audit entries, which hold digests only. "
        "Deleting twice is answered alike.",
        scope="records",
        parameters=[PATH],
        answers={
            200: answer(
                "Deleted.",
                Shown(ref("ConversationDeleted"), {"type": "conversation_deleted", "id": CONVERSATION}),
            )
        },
        errors=(*OF_READING, 404),
    ),
    ("/v1/conversations/{conversation_id}/end", "POST"): Operation(
        "end_conversation",
        "Conversations",
        "End a conversation",
        "The next turns are told that it has ended. Ending twice changes nothing.",
        scope="turns",
        parameters=[PATH],
        answers={
            200: answer(
                "The conversation, ended.",
                Shown(
                    ref("Conversation"),
                    {
                        **_CONVERSATION,
                        "ended_at": "2027-01-31T09:00:00Z",
                        "ended_by": "app",
                        "ended_because": "The app ended the conversation.",
                    },
                ),
            )
        },
        errors=(*OF_BODIES, 404),
    ),
    ("/v1/conversations/{conversation_id}/turns", "GET"): Operation(
        "list_turns",
        "Conversations",
        "A conversation's turns",
        "The first first. A page ends early where it holds some 32 MB.",
        scope="records",
        parameters=[PATH, *_CURSORS],
        answers={200: answer("One page.", Shown(ref("TurnPage"), _page(_TURN)))},
        errors=(*OF_READING, 404),
    ),
    ("/v1/turns/{turn_id}", "GET"): Operation(
        "get_turn",
        "Conversations",
        "One turn",
        "What it added to the conversation, how it was answered and by which upstream.",
        scope="records",
        parameters=[TURN_PATH],
        answers={200: answer("The turn.", Shown(ref("Turn"), _TURN))},
        errors=(*OF_READING, 404),
    ),
}
