"""Service levels: how soon a case should have its verdict."""

from datetime import datetime, timedelta

MANDATORY = timedelta(hours=1)
BY_SEVERITY = ((0.9, timedelta(hours=4)), (0.75, timedelta(hours=24)), (0.0, timedelta(hours=72)))
"""From a severity on, the time allowed."""


def due(severity: float, mandatory: bool, since: datetime) -> datetime:
    """When a case of this kind that waits `since` then is late."""
    if mandatory:
        return since + MANDATORY
    return since + next(allowed for least, allowed in BY_SEVERITY if severity >= least)
