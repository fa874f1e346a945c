"""The months' budgets in Valkey: fed with what each commit left in the database, and with all there is of a subject
that Valkey does not know. A row of usage may be told twice, so whatever may have been missed is simply told again.
"""

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from config import database
from conversations.background import Background
from conversations.limits import names
from conversations.limits.alerts import Alerts
from conversations.limits.asking import NANO
from conversations.limits.spending import Spending, Spent
from conversations.limits.wire import COUNT, AwayError, Part, Wire
from operators.allowances import Subject
from operators.budgets import UsageRow, rows_of

KEPT_MS = 40 * 24 * 3600 * 1000
ROWS_AT_ONCE = 500
REFRESHED_SECONDS = 600.0
"""A process that was killed between its commit and its word to Valkey is made good within this time."""
REMEMBERED = 20_000


class Months:
    """One a process."""

    def __init__(self, wire: Wire, background: Background) -> None:
        self._wire, self._background = wire, background
        self._alerts = Alerts(background)
        self._spending = Spending()
        self._missed: dict[tuple[UUID, str, str], UsageRow] = {}
        self._seeding: dict[tuple[UUID, datetime], asyncio.Task[None]] = {}
        self._seeded: OrderedDict[tuple[UUID, datetime], float] = OrderedDict()

    def count(self, spent: Iterable[Spent]) -> None:
        """What a commit added. Returns at once."""
        groups: defaultdict[tuple[UUID, str], list[Spent]] = defaultdict(list)
        for one in spent:
            self._spending.add(one)
            groups[one.row.operator_id, one.row.day[:7]].append(one)
        for (operator, month), group in groups.items():
            answer = self._tell(operator, month, [one.row for one in group])
            if any(subject.allowance.has_budget for one in group for subject in one.subjects):
                self._background.start(self._weigh(group, answer), "a budget could not be weighed")

    def catch_up(self) -> None:
        """Tells Valkey what it missed, where it may be listening again."""
        if not self._missed or self._wire.resting:
            return
        groups: defaultdict[tuple[UUID, str], list[UsageRow]] = defaultdict(list)
        for row in self._missed.values():
            groups[row.operator_id, row.day[:7]].append(row)
        self._missed.clear()
        for (operator, month), rows in groups.items():
            for at in range(0, len(rows), ROWS_AT_ONCE):
                self._tell(operator, month, rows[at : at + ROWS_AT_ONCE])

    async def make_known(self, subject: Subject, operator: UUID, month: datetime) -> None:
        """Gives Valkey all of a subject's month: once, however many requests wait for it. Raises AwayError."""
        mark = (subject.id, month)
        if mark not in self._seeding:
            task = self._seeding[mark] = asyncio.create_task(self._seed(subject, operator, month))
            task.add_done_callback(lambda _: self._seeding.pop(mark, None))
        await asyncio.shield(self._seeding[mark])

    def refresh(self, subjects: Sequence[Subject], month: datetime) -> None:
        """The same now and then, in the background, for those with a budget."""
        for subject in subjects:
            if not subject.allowance.has_budget:
                continue
            known = self._seeded.get((subject.id, month))
            if known is None or time.monotonic() - known > REFRESHED_SECONDS:
                self._mark_seeded(subject, month)
                self._background.start(self._refresh(subject, subjects[-1].id, month), "a budget could not be read")

    async def used_up(self, subjects: Sequence[Subject]) -> tuple[int, int]:
        """(what, whose) by the database's word, for as long as Valkey is away; (0, 0) where no budget is used up."""
        return await self._spending.used_up(subjects)

    def refused(self, subjects: Sequence[Subject], whose: int) -> None:
        """A request met a budget at its end; it may have been lowered beneath what was used, so look."""
        self._background.start(self._look(subjects, whose), "a budget could not be read")

    async def _seed(self, subject: Subject, operator: UUID, month: datetime) -> None:
        async with database.pool().connection() as connection:
            rows = await rows_of(connection, subject, month)
        parts = [rows[at : at + ROWS_AT_ONCE] for at in range(0, len(rows), ROWS_AT_ONCE)] or [[]]
        for number, part in enumerate(parts, 1):
            known = names.in_month(subject.kind, subject.id) if number == len(parts) else ""
            await self._tell(operator, f"{month:%Y-%m}", part, known)
        self._mark_seeded(subject, month)

    async def _refresh(self, subject: Subject, operator: UUID, month: datetime) -> None:
        try:
            await self.make_known(subject, operator, month)
        except AwayError:
            self._seeded.pop((subject.id, month), None)

    def _mark_seeded(self, subject: Subject, month: datetime) -> None:
        self._seeded[subject.id, month] = time.monotonic()
        if len(self._seeded) > REMEMBERED:
            self._seeded.popitem(last=False)

    def _tell(
        self, operator: UUID, month: str, rows: Sequence[UsageRow], known: str = ""
    ) -> "asyncio.Future[list[int]]":
        arguments: list[Part] = [KEPT_MS, known]
        for row in rows:
            arguments += [f"row:{row.day}:{row.key_id.hex}:{row.model}", row.tokens, int(row.cost * NANO)]
            arguments += [
                names.in_month("key", row.key_id),
                names.in_month("deployment", row.deployment_id),
                names.in_month("operator", row.operator_id),
            ]
        answer = self._wire.send(COUNT, [names.month(operator, month)], arguments, unhurried=True)

        def missed(done: "asyncio.Future[list[int]]") -> None:
            if (done.cancelled() or done.exception() is not None) and len(self._missed) < REMEMBERED:
                self._missed |= {(row.key_id, row.day, row.model): row for row in rows}

        answer.add_done_callback(missed)
        return answer

    async def _weigh(self, group: Sequence[Spent], answer: "asyncio.Future[list[int]]") -> None:
        try:
            totals = await answer
        except AwayError:
            for one in group:
                for whose in range(len(one.subjects)):
                    await self._look(one.subjects, whose)
            return
        for number, one in enumerate(group):
            for whose in range(len(one.subjects)):
                tokens, nano = totals[number * 6 + whose * 2 :][:2]
                self._alerts.heed(one.subjects, whose, tokens, Decimal(nano) / NANO)

    async def _look(self, subjects: Sequence[Subject], whose: int) -> None:
        if subjects[whose].allowance.has_budget:
            total = await self._spending.total(subjects[whose])
            self._alerts.heed(subjects, whose, total.tokens, total.cost)
