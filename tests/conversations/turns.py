"""Turns' rows, written without holding a conversation."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from conversations.models import Conversation, Turn
from operators.models import Deployment, Key

DAY = datetime(2027, 3, 1, tzinfo=UTC)
NOTHING = {"system": "", "messages": [], "answer": []}
DECISION = {
    "outcome": "answer",
    "tier": 4,
    "winner": None,
    "overruled": [],
    "heeded": [],
    "directives": [],
    "flags": [],
    "effective": {},
    "charter_digest": "",
}
"""A content and a decision with nothing in them, as pages can read them."""


def turn(deployment: Deployment, key: Key, at: datetime, **more: Any) -> None:
    fields = {
        "conversation": Conversation.objects.create(id=uuid4(), deployment=deployment),
        "number": 1,
        "prefix": bytes(32),
        "status": "answered",
        "outcome": "answer",
        "flagged": False,
        "decision": {},
        "past": {},
        "content": {},
        "entry_id": uuid4(),
        "model": "big",
        "upstream": "environment",
        "upstream_model": "big-1",
        "cost": Decimal("0.0045"),
        "input_tokens": 1000,
        "output_tokens": 100,
        "milliseconds": 1,
        "upstream_milliseconds": 1,
    }
    Turn.objects.create(id=uuid4(), deployment=deployment, key=key, started_at=at, **(fields | more))
