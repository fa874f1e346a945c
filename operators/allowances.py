"""What a key may use, put together: the platform's rows, the operator's own, and the platform's defaults.

Three subjects are held to their own limits at once: the key, its deployment, its operator. Of each, what the platform's
row says counts, or else the platform's default; the operator's row can lower it and never raise it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Literal, Self
from uuid import UUID

from django.conf import settings
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row

Kind = Literal["key", "deployment", "operator"]
KINDS: tuple[Kind, ...] = ("key", "deployment", "operator")
"""From the narrowest to the widest."""
ALERT_PERCENT = 80
PLATFORM, OPERATOR = "platform", "operator"


@dataclass(frozen=True, slots=True)
class Allowance:
    """None is no limit; 0 lets nothing through. Rates are a minute's, budgets a calendar month's (UTC)."""

    requests: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    streams: int | None = None
    month_tokens: int | None = None
    month_money: Decimal | None = None
    alert_percent: int = ALERT_PERCENT

    @classmethod
    def of(cls, kind: Kind, rows: Iterable[Mapping[str, Any]]) -> Self:
        """rows: those of one subject, at most one of each `set_by`."""
        said = {row["set_by"]: row for row in rows}
        platform, own = said.get(PLATFORM, {}), said.get(OPERATOR, {})
        amounts = {name: lower(ceiling(kind, name, platform), own.get(name)) for name in AMOUNTS}
        percent = own.get("alert_percent") or platform.get("alert_percent") or ALERT_PERCENT
        return cls(**amounts, alert_percent=percent)

    @property
    def has_budget(self) -> bool:
        return self.month_tokens is not None or self.month_money is not None


AMOUNTS = tuple(field.name for field in fields(Allowance) if field.name != "alert_percent")


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is held to an allowance."""

    kind: Kind
    id: UUID
    allowance: Allowance

    def __str__(self) -> str:
        return f"this {self.kind}"


def ceiling(kind: Kind, name: str, platform: Mapping[str, Any]) -> Any:
    """What the platform allows of `name`, by its row or its default."""
    said = platform.get(name)
    return settings.LIMITS[kind][name] if said is None else said


def lower(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


_ROWS = """
SELECT * FROM operators_limits WHERE key_id = %(key)s OR deployment_id = %(deployment)s OR operator_id = %(operator)s
"""


async def read_subjects(
    connection: AsyncConnection[TupleRow], *, key: UUID, deployment: UUID, operator: UUID
) -> tuple[Subject, ...]:
    """The key, its deployment and its operator, each with what it may use now."""
    ids: dict[Kind, UUID] = {"key": key, "deployment": deployment, "operator": operator}
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(_ROWS, ids)).fetchall()
    return tuple(
        Subject(kind, subject, Allowance.of(kind, [row for row in rows if row[f"{kind}_id"] == subject]))
        for kind, subject in ids.items()
    )
