"""What tests may do to the log's tables that nobody else may, each by the rights of the tables' owner."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.utils import CursorWrapper

APPEND_ONLY = ("entry", "leaf", "node", "checkpoint", "verifierkey")


def allow_flush() -> None:
    """Lets Django's TransactionTestCase empty the test database: it does so with TRUNCATE, which triggers refuse.

    Called once, when the test database has been made. The product has no such door: this is ALTER TABLE by the owner.
    """
    with connection.cursor() as cursor:
        for table in (*APPEND_ONLY, "pending"):
            cursor.execute(f"ALTER TABLE audit_log_{table} DISABLE TRIGGER audit_log_no_truncate")


@contextmanager
def tampering() -> Iterator[CursorWrapper]:
    """A cursor for which rows of the log can be changed and removed."""
    with connection.cursor() as cursor:
        for table in APPEND_ONLY:
            cursor.execute(f"ALTER TABLE audit_log_{table} DISABLE TRIGGER audit_log_append_only")
        try:
            yield cursor
        finally:
            for table in APPEND_ONLY:
                cursor.execute(f"ALTER TABLE audit_log_{table} ENABLE ALWAYS TRIGGER audit_log_append_only")
