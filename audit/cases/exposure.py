"""Care for reviewers: how much grave material they have had today, and how long they have worked without a break."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from audit.cases.models import Assessment, Reviewer
from operators.models import Account

BREAK = timedelta(minutes=5)
"""A pause of at least this between two pieces of work is a break."""


@dataclass(frozen=True, slots=True)
class Exposure:
    grave: int
    """Grave cases claimed since midnight, by the clock of UTC."""
    allowed: int
    minutes: int
    """Of work since the last break."""
    break_after: int

    @property
    def spent(self) -> bool:
        return self.grave >= self.allowed

    @property
    def break_due(self) -> bool:
        return self.minutes >= self.break_after


def profile_of(account: Account) -> Reviewer:
    return Reviewer.objects.get_or_create(account=account)[0]


def exposed(account: Account, profile: Reviewer) -> Exposure:
    now = timezone.now()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    mine = Assessment.objects.filter(reviewer=account)
    grave = mine.filter(grave=True, claimed_at__gte=today).count()
    return Exposure(grave, profile.grave_a_day, _minutes(mine, now), profile.break_after_minutes)


def _minutes(mine: QuerySet[Assessment], now: datetime) -> int:
    """Backwards from now over the day's work, until a gap of a break's length."""
    begun = now
    for assessment in mine.filter(claimed_at__gte=now - timedelta(hours=12)).order_by("-claimed_at"):
        last = assessment.submitted_at or assessment.closed_at or now
        if begun - last >= BREAK:
            break
        begun = min(begun, assessment.claimed_at)
    return int((now - begun).total_seconds() // 60)
