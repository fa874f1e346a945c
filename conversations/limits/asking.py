"""What one request asks for, and what is said to it, in the terms that Valkey and a process of its own share."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from operators.allowances import Subject

REQUESTS, INPUT, OUTPUT, STREAMS, MONTH_TOKENS, MONTH_MONEY, UNKNOWN = range(1, 8)
"""What may refuse; 0 is nothing."""
NANO = Decimal(10**9)
"""Money is counted in whole billionths of its unit."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Tokens are estimates. `budgets`: whether the month's budgets matter to it."""

    input_tokens: int = 0
    output_tokens: int = 0
    stream: bool = False
    budgets: bool = False

    @property
    def costs(self) -> tuple[int, int, int]:
        return 1, self.input_tokens, self.output_tokens


class Verdict(NamedTuple):
    """what: 0, or which limit refused, of the subject `whose`; `seconds` until it would not, None: not by waiting.

    left: for each subject what is left of requests, input and output tokens; None where there is no limit.
    """

    what: int
    whose: int
    seconds: float | None
    left: tuple[tuple[int | None, int | None, int | None], ...]


def rates(subject: Subject) -> tuple[int | None, int | None, int | None]:
    allowance = subject.allowance
    return allowance.requests, allowance.input_tokens, allowance.output_tokens


def budgets(subject: Subject) -> tuple[int | None, int | None]:
    """Of tokens, and of money in billionths."""
    money = subject.allowance.month_money
    return subject.allowance.month_tokens, None if money is None else int(money * NANO)


def month_of(moment: datetime) -> datetime:
    """Its calendar month's beginning, UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(month: datetime) -> datetime:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
