"""A record of 100,000 conversations with 400,000 turns, by COPY: as it would be after a quarter of a year."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.db import connection

from charter import Situation, decide, load_charter, parse_configuration
from conversations.models.marks import marks_of
from operators.management.commands.seed_demo import CODING
from operators.models import Deployment, Key

CONVERSATIONS, TURNS = 100_000, 400_000
DAYS = 90
AT_ONCE = 20_000
OUTCOMES = ["answer"] * 86 + ["redirect"] * 11 + ["decline"] * 2 + ["end"]
WORDS = [
    "recipe",
    "lasagna",
    "holiday",
    "flight",
    "shoes",
    "football",
    "horoscope",
    "crypto",
    "novel",
    "guitar",
    "rent",
]
SAID = "How do I reverse a list in Python without making a copy of it? " * 3
ANSWERED = "Use reversed() for an iterator, or list.reverse() to change it in place. " * 6

Row = tuple[Any, ...]
_CONVERSATION = (
    "id, deployment_id, user_ref, created_at, last_turn_at, turn_count, flagged, ended_at, deleted_at, marks"
)
_TURN = (
    "id, conversation_id, parent_id, number, deployment_id, configuration_id, key_id, charter_digest, prefix, status,"
    " outcome, tier, flagged, decision, past, content, content_digest, entry_id, request_id, model, upstream,"
    " upstream_model, upstream_request_id, stop_reason, error, input_tokens, output_tokens, cost, started_at,"
    " milliseconds, upstream_milliseconds"
)


class Filler:
    """The same record each time but for its dates: they end now."""

    def __init__(self, deployments: list[Deployment]) -> None:
        self._random = random.Random(5)  # noqa: S311 - data, no secrets
        self._deployments = [(one, Key.objects.filter(deployment=one).first()) for one in deployments]
        self._charter = load_charter()
        self._begun = datetime.now(UTC) - timedelta(days=DAYS)
        settings = parse_configuration(self._charter, CODING)
        plain = decide(Situation(charter=self._charter, configuration=settings, user_adjustments={}, signals=()))
        self._decision = plain.to_json() | {"signals": [], "system_digest": "0" * 64}

    def fill(self, conversations: int = CONVERSATIONS, turns: int = TURNS) -> float:
        """Seconds that it took."""
        began, each = time.monotonic(), turns // conversations
        for start in range(0, conversations, AT_ONCE):
            rows = [self._conversation(number, conversations, each) for number in range(start, start + AT_ONCE)]
            _copy("conversations_conversation", _CONVERSATION, (one for one, _ in rows))
            for part in range(0, len(rows), 5000):
                _copy("conversations_turn", _TURN, (turn for _, made in rows[part : part + 5000] for turn in made))
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        return time.monotonic() - began

    def _conversation(self, number: int, of: int, each: int) -> tuple[Row, list[Row]]:
        chance = self._random
        # Four in five are of the first deployment.
        deployment, key = self._deployments[0 if chance.random() < 0.8 else chance.randrange(len(self._deployments))]
        at = self._begun + timedelta(days=DAYS) * (number / of)
        identity, marks, made = _id(at), 0, []
        for place in range(1, each + 1):
            outcome = chance.choice(OUTCOMES)
            failed = outcome == "answer" and chance.random() < 0.01
            tier = {"answer": 4, "redirect": 3, "decline": 2, "end": 1}[outcome]
            marks |= marks_of(outcome=outcome, tier=tier, failed=failed, batch=number % 50 == 0)
            at += timedelta(seconds=chance.randrange(5, 90))
            turn = _Turn(identity, deployment, key, at, place, outcome, tier, failed)
            made.append(self._turn(turn, made[-1][0] if made else None))
        flagged, deleted = any(one[12] for one in made), number % 200 == 1
        user = "" if deleted else f"user-{chance.randrange(8000)}"
        ended = at if marks & 4 else None
        row = (identity, deployment.pk, user, made[0][28], at, each, flagged, ended, at if deleted else None, marks)
        return row, made

    def _turn(self, turn: _Turn, parent: UUID | None) -> Row:
        chance, model = self._random, 0 if turn.outcome != "answer" else self._random.randrange(400, 6000)
        word = chance.choice(WORDS)
        flagged = turn.tier < 3 and chance.random() < 0.5
        status = "upstream_error" if turn.failed else "answered" if turn.outcome == "answer" else "own_words"
        return (
            _id(turn.at), turn.conversation, parent, turn.number, turn.deployment.pk, turn.deployment.live_id,
            turn.key.pk, self._charter.digest, uuid4().bytes * 2, status, turn.outcome, turn.tier, flagged,
            orjson.dumps(self._decided(turn, word)), b"{}", orjson.dumps(_content(word)), "0" * 64, uuid4(),
            f"req_{uuid4().hex[:24]}", chance.choice(["default", "default", "fast"]), "environment" if model else "",
            "claude-sonnet-5-5" if model else "", "", "end_turn", "", chance.randrange(200, 3000) if model else 0,
            chance.randrange(20, 600) if model else 0, chance.randrange(100, 9000) / 1_000_000 if model else 0, turn.at,
            model + chance.randrange(8, 60), model,
        )  # fmt: skip

    def _decided(self, turn: _Turn, word: str) -> dict[str, Any]:
        if turn.outcome == "answer":
            # What is in force is most of a decision, and the same for all: left out here to keep the filling short.
            return self._decision | {"effective": {}}
        refused = turn.number % 2 == 0
        winner = {
            "tier": turn.tier,
            "outcome": turn.outcome,
            "severity": 0.8,
            "reason": "This is not what the deployment is for.",
            "source": "scope.off_topic",
            "signal": "scope.refused_topic" if refused else "scope.off_topic",
            "evidence": "Politics" if refused else f"Tell me about {word}, please",
        }
        return self._decision | {"outcome": turn.outcome, "tier": turn.tier, "winner": winner}


@dataclass(frozen=True)
class _Turn:
    """What is known of a turn before its row is made."""

    conversation: UUID
    deployment: Deployment
    key: Any
    at: datetime
    number: int
    outcome: str
    tier: int
    failed: bool


def _content(word: str) -> dict[str, Any]:
    said = [{"role": "user", "content": f"{SAID} {word}"}]
    return {"system": "", "messages": said, "answer": [{"type": "text", "text": ANSWERED}]}


def _id(at: datetime) -> UUID:
    """A UUID of version 7 of that time."""
    return UUID(int=round(at.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | uuid4().int & (1 << 62) - 1)


def _copy(table: str, columns: str, rows: Iterator[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
