"""Emptying the database between tests while the product's own processes look at it."""

from typing import Any

from django.core.management.base import CommandError
from django.test import TransactionTestCase

TRIES = 4


def flush_patiently() -> None:
    """TRUNCATE takes every table one after the other: it may meet a statement that reads two of them the other way
    round, and PostgreSQL then ends one of the two. Where that is the flush, it is done again."""
    once = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def teardown(self: Any) -> None:
        for left in reversed(range(TRIES)):
            try:
                return once(self)
            except CommandError as error:
                if not left or "deadlock" not in str(error.__cause__):
                    raise
        return None

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[attr-defined]
