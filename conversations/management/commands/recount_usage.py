"""manage.py recount_usage: makes the hours of usage anew from the turns, while turns are recorded."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

_DEPLOYMENTS = "SELECT id FROM operators_deployment ORDER BY id"
# By the index on deployment and time: from one hour with turns to the next, over those without.
_NEXT = """
SELECT date_trunc('hour', min(started_at), 'UTC') FROM conversations_turn
WHERE deployment_id = %s AND started_at >= %s AND started_at < %s
"""
HOUR = timedelta(hours=1)


class Command(BaseCommand):
    help = (
        "Counts the hours of usage anew from the turns that there are. An hour of which no turn is left keeps what was"
        " counted. Nothing needs this but a repair: each turn is counted in its own commit."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="start", default="2000-01-01", help="a day (UTC), e.g. 2027-01-31")
        parser.add_argument("--to", dest="end", default="2100-01-01", help="up to and without this day (UTC)")

    def handle(self, *_args: Any, **options: Any) -> None:
        start, end = (_day(options[name]) for name in ("start", "end"))
        with connection.cursor() as cursor:
            cursor.execute(_DEPLOYMENTS)
            counted = sum(self._recount(cursor, deployment, start, end) for (deployment,) in cursor.fetchall())
        self.stdout.write(f"{counted} hours were counted anew")

    def _recount(self, cursor: Any, deployment: Any, start: datetime, end: datetime) -> int:
        """Each hour in a transaction of its own, so that turns wait for one hour at most."""
        counted = 0
        while True:
            cursor.execute(_NEXT, [deployment, start, end])
            (hour,) = cursor.fetchone()
            if hour is None:
                return counted
            cursor.execute("SELECT plumbline_recount(%s, %s)", [deployment, hour])
            counted, start = counted + 1, hour + HOUR


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise CommandError(f"{text!r} is no day such as 2027-01-31") from None
