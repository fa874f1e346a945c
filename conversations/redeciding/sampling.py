"""Which turns of a deployment a replay takes: at random among the recent ones of its apps, not of the playground."""

from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

NEWEST = 100_000
"""It looks no further back than this many turns, so that no sample reads a whole table."""

_CHOOSE = """
WITH recent AS (
    SELECT id, started_at FROM conversations_turn t
    WHERE deployment_id = %(deployment)s AND (%(since)s::timestamptz IS NULL OR started_at >= %(since)s)
      AND NOT EXISTS (SELECT FROM conversations_trial p WHERE p.turn_id = t.id)
    ORDER BY started_at DESC LIMIT %(newest)s
), chosen AS (
    SELECT id, started_at FROM recent ORDER BY random() LIMIT %(size)s
)
SELECT id::text FROM chosen ORDER BY started_at DESC, id DESC
"""


def choose(deployment_id: UUID, size: int, days: int) -> list[str]:
    """The ids, the newest turn first; all of them where there are no more than `size`. 0 days: of any time."""
    since = timezone.now() - timedelta(days=days) if days else None
    with connection.cursor() as cursor:
        cursor.execute(_CHOOSE, {"deployment": deployment_id, "since": since, "newest": NEWEST, "size": size})
        return [row[0] for row in cursor.fetchall()]
