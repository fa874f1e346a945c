"""What a deployment used: turns, outcomes, tokens and their cost, by day or hour, by model and by key.

`usage` is the one way to these numbers, for the API and the console. It counts the turns' own rows, by the index on
deployment and time; whatever keeps running totals one day replaces what `_counted` reads and nothing else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from conversations.usage_question import Question, UsageError
from operators.catalogue import Offer, Prices

MOST_GROUPS = 20_000
"""Rows that the database may hand over before they are put together."""
PATIENCE_SECONDS = 15
MILLION = Decimal(1_000_000)


@dataclass(slots=True)
class Amount:
    """`cost` in the currency of the catalogue's prices, of the turns whose model has them; `unpriced` counts the others
    that used tokens, `failed` those that the model did not answer."""

    turns: int = 0
    failed: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0

    def add(self, one: "_Counted", prices: Prices | None) -> None:
        self.turns += one.turns
        self.failed += one.failed
        self.outcomes[one.outcome] = self.outcomes.get(one.outcome, 0) + one.turns
        self.input_tokens += one.input_tokens
        self.output_tokens += one.output_tokens
        if prices is None or prices.input is None or prices.output is None:
            self.unpriced += one.turns if one.input_tokens or one.output_tokens else 0
        else:
            self.cost += (one.input_tokens * prices.input + one.output_tokens * prices.output) / MILLION


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


@dataclass(frozen=True, slots=True)
class _Counted:
    start: datetime
    model: str
    upstream: str
    upstream_model: str
    key_id: UUID
    outcome: str
    turns: int
    failed: int
    input_tokens: int
    output_tokens: int


def usage(question: Question, offers: Iterable[Offer]) -> Usage:
    """offers: the models whose prices count. Raises UsageError for more than can be counted at once."""
    prices = _Prices(offers)
    rows: dict[tuple[datetime, str, UUID | None], Amount] = {}
    total = Amount()
    for one in _counted(question):
        place = (
            one.start,
            one.model if "model" in question.split else "",
            one.key_id if "key" in question.split else None,
        )
        price = prices.of(one)
        rows.setdefault(place, Amount()).add(one, price)
        total.add(one, price)
    return Usage([Row(*place, amount) for place, amount in rows.items()], total)


_COUNT = """
SELECT date_trunc(%(by)s, started_at, 'UTC') AS start, model, upstream, upstream_model, key_id, outcome, count(*),
       count(*) FILTER (WHERE status = 'upstream_error'), sum(input_tokens), sum(output_tokens)
FROM conversations_turn
WHERE deployment_id = %(deployment)s AND started_at >= %(start)s AND started_at < %(end)s
  AND (%(model)s = '' OR model = %(model)s) AND (%(key)s::uuid IS NULL OR key_id = %(key)s)
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 5 LIMIT %(most)s
"""


def _counted(question: Question) -> Iterator[_Counted]:
    parameters: dict[str, Any] = {
        "by": question.by,
        "deployment": question.deployment_id,
        "start": question.start,
        "end": question.end,
        "model": question.model,
        "key": question.key_id,
        "most": MOST_GROUPS + 1,
    }
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{PATIENCE_SECONDS}s"])
            cursor.execute(_COUNT, parameters)
            found = cursor.fetchall()
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise UsageError(f"from: this is more than can be counted in {PATIENCE_SECONDS} s; ask for less") from None
        raise
    if len(found) > MOST_GROUPS:
        raise UsageError("from: this has too many parts to count at once; ask for less, or for one model or key")
    return (_Counted(start.astimezone(UTC), *rest) for start, *rest in found)


class _Prices:
    """A turn costs what the model costs that answered it, whatever the name it was asked by stands for today."""

    def __init__(self, offers: Iterable[Offer]) -> None:
        self._by_route: dict[tuple[str, str], list[Offer]] = {}
        for offer in offers:
            for route in offer.routes:
                self._by_route.setdefault((route.endpoint.name, route.model), []).append(offer)

    def of(self, one: _Counted) -> Prices | None:
        """None where no model is known to have been served so."""
        served = self._by_route.get((one.upstream, one.upstream_model), [])
        return next((offer.prices for offer in served if offer.name == one.model), served[0].prices if served else None)
