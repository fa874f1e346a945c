"""Monthly budgets in the database: what was used of them, and that an alert or an end was reached, once a month."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from audit.log.names import Name
from audit.log.writer import INSERT_ENTRIES, entry_parameters, entry_row
from operators.allowances import Kind, Subject
from operators.models import BudgetNotice
from operators.webhooks.events import INSERT_DELIVERIES

TOKENS = "u.input_tokens + u.output_tokens + u.cache_write_tokens + u.cache_read_tokens"
"""What a budget of tokens counts."""

_OF: dict[Kind, str] = {"key": "u.key_id", "deployment": "u.deployment_id", "operator": "d.operator_id"}
_FROM = "FROM operators_usage u JOIN operators_deployment d ON d.id = u.deployment_id"


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What one key used of one model in one day so far: a row of the table, with whom it counts for."""

    key_id: UUID
    deployment_id: UUID
    operator_id: UUID
    day: str
    model: str
    tokens: int
    cost: Decimal


async def rows_of(connection: AsyncConnection[TupleRow], subject: Subject, month: datetime) -> list[UsageRow]:
    cursor = await connection.execute(
        f"SELECT u.key_id, u.deployment_id, d.operator_id, u.day::text, u.model, {TOKENS}, u.cost {_FROM}"
        f" WHERE {_OF[subject.kind]} = %s AND u.day >= %s AND u.day < %s + interval '1 month'",
        (subject.id, month.date(), month.date()),
    )
    return [UsageRow(*row) for row in await cursor.fetchall()]


async def used_by(connection: AsyncConnection[TupleRow], subject: Subject, month: datetime) -> tuple[int, Decimal]:
    """Tokens, and money."""
    cursor = await connection.execute(
        f"SELECT coalesce(sum({TOKENS}), 0)::int8, coalesce(sum(u.cost), 0) {_FROM}"
        f" WHERE {_OF[subject.kind]} = %s AND u.day >= %s AND u.day < %s + interval '1 month'",
        (subject.id, month.date(), month.date()),
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else (0, Decimal(0))


NAMES = {"alerted": Name.BUDGET_ALERTED, "exhausted": Name.BUDGET_EXHAUSTED}

_NOTE = f"""
WITH noted AS (
    INSERT INTO operators_budgetnotice
        (subject_type, subject_id, month, kind, measure, operator_id, deployment_id, used, budget)
    VALUES (%(subject_type)s, %(subject_id)s, %(month)s, %(kind)s, %(measure)s, %(operator_id)s, %(deployment_id)s,
            %(used)s, %(budget)s)
    ON CONFLICT DO NOTHING RETURNING id
), new_events AS (
    SELECT gen_random_uuid() AS event_id, %(operator_id)s::uuid AS operator_id,
           %(deployment_id)s::uuid AS deployment_id, %(type)s AS type, %(told)s::jsonb AS data
    FROM noted
), deliveries AS (
    {INSERT_DELIVERIES}
)
{INSERT_ENTRIES} WHERE EXISTS (SELECT 1 FROM noted) RETURNING id
"""  # noqa: S608 - made of the constants above


async def note(connection: AsyncConnection[TupleRow], notice: BudgetNotice) -> bool:
    """Writes the notice, its audit entry and events in one commit; False where that was done before, by whomever."""
    detail = {
        "measure": notice.measure,
        "month": f"{notice.month:%Y-%m}",
        "used": f"{notice.used.normalize():f}",
        "budget": f"{notice.budget.normalize():f}",
    }
    subject = (notice.subject_type, notice.subject_id)
    whose = {"operator": str(notice.operator_id)}
    entry = entry_row(NAMES[notice.kind], actor=("platform", "limits"), subject=subject, detail=whose | detail)
    told = {"subject_type": str(notice.subject_type), "subject_id": str(notice.subject_id), **detail}
    fields = (
        "subject_type",
        "subject_id",
        "month",
        "kind",
        "measure",
        "operator_id",
        "deployment_id",
        "used",
        "budget",
    )
    values = {name: getattr(notice, name) for name in fields}
    values |= {"kind": str(notice.kind), "measure": str(notice.measure)}
    values |= {"type": NAMES[notice.kind].value, "told": orjson.dumps(told).decode()}
    cursor = await connection.execute(_NOTE, values | entry_parameters([entry]))
    return await cursor.fetchone() is not None
