"""What a deployment used: turns, outcomes, tokens, their cost and how long they took, by day or hour, model and key.

`usage` is the one way to these numbers, for the API and the console. It adds up hours (UsageHour), which are counted in
the commit of each turn; no turn is counted here.
"""

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from conversations.models.usage import BOUNDS
from conversations.usage_question import Question, UsageError

MOST_GROUPS = 20_000
"""Rows that the database may hand over before they are put together."""
PATIENCE_SECONDS = 15


@dataclass(slots=True)
class Amount:
    """`cost` in the currency of the catalogue's prices, at the prices of the time, of the turns whose model had some;
    `unpriced` counts the others that used tokens, `failed` those that the model did not answer."""

    turns: int = 0
    answer: int = 0
    redirect: int = 0
    decline: int = 0
    end: int = 0
    flagged: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    unpriced: int = 0
    cost: Decimal = Decimal(0)

    @property
    def outcomes(self) -> dict[str, int]:
        """Those that there were."""
        return {name: count for name in OUTCOMES if (count := getattr(self, name))}

    def add(self, other: "Amount") -> None:
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


OUTCOMES = ("answer", "redirect", "decline", "end")
_SUMS = tuple(one.name for one in fields(Amount))


@dataclass(frozen=True, slots=True)
class Row:
    """One day or hour, of one model or key where the question splits by them ("" and None elsewhere)."""

    start: datetime
    model: str
    key_id: UUID | None
    amount: Amount


@dataclass(frozen=True, slots=True)
class Usage:
    """`rows` in order of time; a day or hour without turns has none."""

    rows: list[Row]
    total: Amount


@dataclass(slots=True)
class Waits:
    """How long turns took: ours, the model's time left out, and the model's. Counts by place of BOUNDS."""

    own: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    model: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def add(self, other: "Waits") -> None:
        self.own = [a + b for a, b in zip(self.own, other.own, strict=True)]
        self.model = [a + b for a, b in zip(self.model, other.model, strict=True)]


def percentile(counts: list[int], share: float) -> float | None:
    """The milliseconds within which that share (0..1) of the turns stayed, to within a fifth; None of no turn.

    Those beyond the last bound are told as the bound itself.
    """
    wanted, seen = share * sum(counts), 0
    for place, count in enumerate(counts):
        if count and seen + count >= wanted:
            low = BOUNDS[place - 1] if place else 0
            high = BOUNDS[place] if place < len(BOUNDS) else low
            return low + (high - low) * (wanted - seen) / count
        seen += count
    return None


_OF = """
FROM conversations_usagehour
WHERE deployment_id = %(deployment)s AND hour >= %(start)s AND hour < %(end)s
  AND (%(model)s = '' OR model = %(model)s) AND (%(key)s::uuid IS NULL OR key_id = %(key)s)
"""
_COUNT = f"""
SELECT date_trunc(%(by)s, hour, 'UTC') AS start, CASE WHEN %(models)s THEN model ELSE '' END AS of_model,
       CASE WHEN %(keys)s THEN key_id END AS of_key, {", ".join(f'sum("{name}")' for name in _SUMS)}
{_OF} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT %(most)s
"""
_PLACES = range(1, len(BOUNDS) + 2)
_WAITS = f"""
SELECT date_trunc(%(by)s, hour, 'UTC') AS start,
       ARRAY[{", ".join(f"sum(own_waits[{place}])" for place in _PLACES)}],
       ARRAY[{", ".join(f"sum(model_waits[{place}])" for place in _PLACES)}]
{_OF} GROUP BY 1 ORDER BY 1
"""


def usage(question: Question) -> Usage:
    """Raises UsageError for more than can be added up at once."""
    found = _found(_COUNT, question)
    if len(found) > MOST_GROUPS:
        raise UsageError("from: this has too many parts to count at once; ask for less, or for one model or key")
    rows = [
        Row(start.astimezone(UTC), model, key_id, Amount(*map(int, counts), cost))
        for start, model, key_id, *counts, cost in found
    ]
    total = Amount()
    for row in rows:
        total.add(row.amount)
    return Usage(rows, total)


def waits(question: Question) -> dict[datetime, Waits]:
    """By day or hour, those without turns left out. Raises UsageError for more than can be added up at once."""
    return {
        start.astimezone(UTC): Waits(list(map(int, own)), list(map(int, model)))
        for start, own, model in _found(_WAITS, question)
    }


def _found(sql: str, question: Question) -> list[Any]:
    parameters: dict[str, Any] = {
        "by": question.by,
        "deployment": question.deployment_id,
        "start": question.start,
        "end": question.end,
        "model": question.model,
        "key": question.key_id,
        "models": "model" in question.split,
        "keys": "key" in question.split,
        "most": MOST_GROUPS + 1,
    }
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{PATIENCE_SECONDS}s"])
            cursor.execute(sql, parameters)
            found: list[Any] = cursor.fetchall()
            return found
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise UsageError(f"from: this is more than can be counted in {PATIENCE_SECONDS} s; ask for less") from None
        raise
