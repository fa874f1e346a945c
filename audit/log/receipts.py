"""How far the tree is behind the writers."""

from dataclasses import dataclass

from django.db import connection

LAG = """
SELECT count(*), coalesce(extract(epoch FROM now() - min(entry.at)), 0)::float8
FROM audit_log_pending AS pending LEFT JOIN audit_log_entry AS entry ON entry.id = pending.entry_id"""


@dataclass(frozen=True)
class Lag:
    pending: int
    oldest_seconds: float  # age of the oldest pending entry, 0 where there is none


def lag() -> Lag:
    """How far the sequencer is behind. Grows without bound when none runs: alarm on it."""
    with connection.cursor() as cursor:
        cursor.execute(LAG)
        pending, seconds = cursor.fetchone()
    return Lag(pending, max(0.0, seconds))
