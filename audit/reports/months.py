"""A month of the clock of UTC, as a report covers it."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

_SHAPE = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment that is not in it any more."""
        return self.next.start

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def days(self) -> int:
        return (self.next.first - self.first).days

    @property
    def next(self) -> "Month":
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def before(self) -> "Month":
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)


def month_of(moment: datetime) -> Month:
    at = moment.astimezone(UTC)
    return Month(at.year, at.month)


def parse_month(text: str) -> Month | None:
    """Of `2026-11`; None where it is no month."""
    found = _SHAPE.fullmatch(text)
    return Month(int(found[1]), int(found[2])) if found else None
