"""What things are called in Valkey."""

from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from operators.allowances import Subject

PROCESSES = "plumbline:processes"


def buckets(subjects: Sequence[Subject]) -> list[str]:
    return [f"plumbline:bucket:{in_month(one.kind, one.id)}" for one in subjects]


def streams(subjects: Sequence[Subject]) -> list[str]:
    return [f"plumbline:streams:{in_month(one.kind, one.id)}" for one in subjects]


def month(operator_id: UUID, month: str) -> str:
    """Where an operator's budgets of a month are counted, e.g. of "2026-11"."""
    return f"plumbline:month:{operator_id.hex}:{month}"


@lru_cache(maxsize=20_000)
def in_month(kind: str, subject_id: UUID) -> str:
    return f"{kind}:{subject_id.hex}"


def limit(amount: int | None) -> int:
    return -1 if amount is None else amount
