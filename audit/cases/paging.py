"""Pages by keyset over an order of several columns, some rising and some falling: nothing is counted or skipped."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)

_SALT = "cases.page"


def page(found: QuerySet[Row], order: Sequence[str], after: str, size: int) -> tuple[list[Row], str]:
    """One page in `order` ("-severity" falls), and what to give as `after` for the next; "" where there is none.

    The order's columns are never null, and the last makes it total. An `after` that is not ours begins anew.
    """
    if values := _read(after, len(order)):
        found = found.filter(_beyond(order, values))
    rows = list(found.order_by(*order)[: size + 1])
    if len(rows) <= size:
        return rows, ""
    last = rows[size - 1]
    return rows[:size], signing.dumps([_text(getattr(last, one.lstrip("-"))) for one in order], salt=_SALT)


def _beyond(order: Sequence[str], values: Sequence[Any]) -> Q:
    beyond, same = Q(), Q()
    for column, value in zip(order, values, strict=True):
        name = column.lstrip("-")
        further = Q(**{f"{name}__{'lt' if column.startswith('-') else 'gt'}": value})
        beyond |= same & further
        same &= Q(**{name: value})
    return beyond


def _text(value: Any) -> Any:
    return value if isinstance(value, bool | int | float) else str(value)


def _read(after: str, length: int) -> list[Any]:
    try:
        values = signing.loads(after, salt=_SALT) if after else []
    except signing.BadSignature:
        return []
    return values if len(values) == length else []
