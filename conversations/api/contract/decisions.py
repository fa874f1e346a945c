"""Decisions: why a turn was decided so, and what would be decided."""

from typing import Any

from conversations.api.contract.conversations import TURN_PATH
from conversations.api.contract.messages import BLOCK, BODY, CONVERSATION, HEADERS, OUTCOME, TIER, TURN
from conversations.api.contract.operations import Operation
from conversations.api.contract.parts import (
    COUNT,
    DIGEST,
    FLAG,
    ID,
    TEXT,
    Part,
    Shown,
    answer,
    constant,
    each,
    many,
    nullable,
    obj,
    one_of,
    ref,
    shared,
    takes,
    told,
)
from conversations.api.contract.shared import OF_READING, OF_TURNS

_SCORE = {"type": "number", "minimum": 0, "maximum": 1}
_LEVEL = one_of("noted", "suspected", "certain")
_DECISION: dict[str, Any] = {
    "type": "decision",
    "outcome": "answer",
    "tier": 4,
    "reason": None,
    "explanation": "The message is answered: nothing speaks against it.",
    "ladder": [{"tier": 4, "name": "Helpfulness", "won": True, "spoke": []}],
    "winner": None,
    "overruled": [],
    "heeded": [],
    "directives": [],
    "flags": [],
    "effective": {
        "blunt_feedback": {"id": "blunt_feedback", "on": False, "origin": "charter", "adjustable_by_user": True}
    },
    "not_granted": {},
    "signals": [],
    "judgment": None,
    "charter": "sha256:" + "0f" * 32,
}
_WHY = {"turn": TURN, "conversation": CONVERSATION, "configuration": 3, **_DECISION, "guard": None}
_DRY = {
    "turn": None,
    "conversation": None,
    "continues": None,
    "configuration": 3,
    **_DECISION,
    "system": [{"type": "text", "text": "…"}],
    "own_words": None,
    "opening": "",
    "dropped": {},
}
_SIGNAL: Part = {
    "name": TEXT,
    "score": _SCORE,
    "where": told(TEXT, "In which text it was measured."),
    "level": _LEVEL,
    "evidence": TEXT,
    "speaker": TEXT,
}
_COMMON: Part = {
    "type": constant("decision"),
    "configuration": nullable(COUNT),
    "outcome": OUTCOME,
    "tier": TIER,
    "reason": nullable(TEXT),
    "explanation": told(TEXT, "Plain sentences."),
    "ladder": many(ref("Rung")),
    "winner": nullable(ref("Concern")),
    "overruled": many(ref("Concern")),
    "heeded": many(ref("Concern")),
    "directives": told(many(TEXT), "Sentences added to the model's instructions for this turn."),
    "flags": many(TEXT),
    "effective": each(
        obj(
            {
                "id": TEXT,
                "on": FLAG,
                "origin": one_of("charter", "operator", "user", "stewards"),
                "adjustable_by_user": FLAG,
            }
        ),
        "Every behaviour as it held in this turn.",
    ),
    "not_granted": each(TEXT, "The user's wishes that are not granted, with why."),
    "signals": many(obj({**_SIGNAL, "meaning": TEXT})),
    "judgment": nullable(ref("Judgment")),
    "charter": DIGEST,
}

SCHEMAS: Part = {
    "Concern": obj(
        {
            "tier": TIER,
            "outcome": OUTCOME,
            "severity": _SCORE,
            "reason": TEXT,
            "source": told(TEXT, "The id of the charter's rule."),
            "evidence": TEXT,
            "signal": TEXT,
            "directive": TEXT,
            "binding": FLAG,
            "flag": FLAG,
        },
        about="A reason that speaks for an outcome.",
    ),
    "Rung": obj(
        {
            "tier": TIER,
            "name": TEXT,
            "won": FLAG,
            "spoke": many(obj({"became": one_of("won", "agreed", "overruled"), "rule": TEXT, "reason": TEXT})),
        },
        about="One tier, and what spoke there.",
    ),
    "Judgment": obj(
        {
            "asked": many(TEXT),
            "confirmed": many(TEXT),
            "cleared": many(TEXT),
            "reason": TEXT,
            "model": TEXT,
            "milliseconds": COUNT,
            "remembered": FLAG,
            "failure": TEXT,
        },
        about="What a judge model was asked, and said.",
    ),
    "TurnDecision": obj(
        {
            "turn": ID,
            "conversation": ID,
            **_COMMON,
            "guard": nullable(told(obj(_SIGNAL), "What stopped the answer as it streamed.")),
        }
    ),
    "DryDecision": obj(
        {
            "turn": {"type": "null"},
            "conversation": nullable(ID),
            "continues": nullable(told(ID, "The turn that this would follow.")),
            **_COMMON,
            "system": told(many(BLOCK), "The very blocks that the model would read."),
            "own_words": nullable(told(TEXT, "What would be said without asking the model.")),
            "opening": told(TEXT, "What the model's answer would begin with."),
            "dropped": each(TEXT),
        }
    ),
}

OPERATIONS = {
    ("/v1/turns/{turn_id}/decision", "GET"): Operation(
        "get_turn_decision",
        "Decisions",
        "Why a turn was decided so",
        "The decision as it was recorded, with what spoke on each tier.",
        scope="records",
        parameters=[TURN_PATH],
        answers={200: answer("The decision.", Shown(ref("TurnDecision"), _WHY))},
        errors=(*OF_READING, 404),
    ),
    ("/v1/decisions", "POST"): Operation(
        "decide",
        "Decisions",
        "What would be decided",
        "A dry run: the body of `POST /v1/messages`, and all of its turn but the model and the record.",
        scope="turns",
        parameters=[*HEADERS, shared("plumbline-conversation")],
        body=takes(ref("MessagesRequest"), plain=BODY),
        answers={200: answer("The decision.", Shown(ref("DryDecision"), _DRY))},
        errors=OF_TURNS,
    ),
}
