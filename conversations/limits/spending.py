"""What the month's budgets have come to, by the database's word, for as long as Valkey does not say.

The database counts in the turns' own commit. Each process reads what it needs of it once a second, and adds what it
records itself meanwhile.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from config import database
from conversations.limits.asking import MONTH_MONEY, MONTH_TOKENS, month_of
from operators.allowances import Subject
from operators.budgets import UsageRow, used_by

FRESH_SECONDS = 1.0
REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Spent:
    """A row of usage as a commit left it, what that commit added to it, and who is held to budgets by it."""

    row: UsageRow
    tokens: int
    cost: Decimal
    subjects: tuple[Subject, ...]


@dataclass(slots=True)
class Total:
    month: datetime
    read_at: float
    tokens: int
    cost: Decimal


class Spending:
    """One a process. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._totals: OrderedDict[UUID, Total] = OrderedDict()

    def add(self, spent: Spent) -> None:
        for subject in spent.subjects:
            if (total := self._totals.get(subject.id)) is not None:
                total.tokens += spent.tokens
                total.cost += spent.cost

    async def used_up(self, subjects: Sequence[Subject]) -> tuple[int, int]:
        """(what, whose) of a budget that is used up; (0, 0) where none is."""
        for whose, subject in enumerate(subjects):
            allowance = subject.allowance
            if not allowance.has_budget:
                continue
            total = await self.total(subject)
            if allowance.month_tokens is not None and total.tokens >= allowance.month_tokens:
                return MONTH_TOKENS, whose
            if allowance.month_money is not None and total.cost >= allowance.month_money:
                return MONTH_MONEY, whose
        return 0, 0

    async def total(self, subject: Subject) -> Total:
        known, month = self._totals.get(subject.id), month_of(datetime.now(UTC))
        if known is not None and known.month == month and self._clock() - known.read_at < FRESH_SECONDS:
            return known
        async with database.pool().connection() as connection:
            tokens, cost = await used_by(connection, subject, month)
        total = self._totals[subject.id] = Total(month, self._clock(), tokens, cost)
        self._totals.move_to_end(subject.id)
        if len(self._totals) > REMEMBERED:
            self._totals.popitem(last=False)
        return total
