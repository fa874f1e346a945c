"""Whoever has to hear that a budget came to its alert or to its end: noted once a month, whichever process sees it."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import psycopg

from config import database
from conversations.background import Background
from conversations.limits.asking import month_of
from operators.allowances import Subject
from operators.budgets import note
from operators.models import BudgetNotice

REMEMBERED = 20_000

log = logging.getLogger(__name__)


class Alerts:
    """One a process. Remembers what is noted already, so that the database is not asked again for each turn."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self._noted: set[tuple[UUID, datetime, str, str]] = set()

    def heed(self, subjects: Sequence[Subject], whose: int, tokens: int, money: Decimal) -> None:
        """tokens, money: what the subject used of its month."""
        allowance, month = subjects[whose].allowance, month_of(datetime.now(UTC))
        measures = ((tokens, allowance.month_tokens, "tokens"), (money, allowance.month_money, "money"))
        for used, budget, measure in measures:
            if budget is None or used * 100 < budget * allowance.alert_percent:
                continue
            for kind in ("alerted", "exhausted") if used >= budget else ("alerted",):
                mark = (subjects[whose].id, month, kind, measure)
                if mark not in self._noted:
                    self._remember(mark)
                    notice = _notice(subjects, whose, kind=kind, measure=measure, used=used, budget=budget)
                    self._background.start(self._note(mark, notice), "a budget's alert could not be noted")

    def _remember(self, mark: tuple[UUID, datetime, str, str]) -> None:
        if len(self._noted) >= REMEMBERED:
            self._noted.clear()
        self._noted.add(mark)

    async def _note(self, mark: tuple[UUID, datetime, str, str], notice: BudgetNotice) -> None:
        try:
            async with database.pool().connection() as connection:
                await note(connection, notice)
        except (psycopg.Error, OSError) as error:
            log.warning("a budget's alert is not noted yet: %s", error)
            self._noted.discard(mark)


def _notice(
    subjects: Sequence[Subject], whose: int, *, kind: str, measure: str, used: Decimal | int, budget: Decimal | int
) -> BudgetNotice:
    """subjects: the key, its deployment, its operator."""
    _key, deployment, operator = subjects
    return BudgetNotice(
        subject_type=subjects[whose].kind,
        subject_id=subjects[whose].id,
        month=month_of(datetime.now(UTC)).date(),
        kind=kind,
        measure=measure,
        operator_id=operator.id,
        deployment_id=None if subjects[whose] is operator else deployment.id,
        used=Decimal(used),
        budget=Decimal(budget),
    )
