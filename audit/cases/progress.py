"""How the day goes: one's own verdicts and the team's, what waits, and what can still be undone."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone

from audit.cases.claiming import claimable
from audit.cases.models import Assessment, Case, Reviewer
from audit.cases.verdicts import undo_time
from operators.models import Account

COUNTED = 1000
"""Nobody needs to know how many more wait."""


@dataclass(frozen=True, slots=True)
class Progress:
    mine: int
    team: int


@dataclass(frozen=True, slots=True)
class Waiting:
    count: int
    more: bool
    late: int


def progress(account: Account) -> Progress:
    """Verdicts since midnight, by the clock of UTC."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    counted = Assessment.objects.filter(submitted_at__gte=midnight).aggregate(
        mine=Count("pk", filter=Q(reviewer=account)), team=Count("pk")
    )
    return Progress(counted["mine"], counted["team"])


def waiting(account: Account, profile: Reviewer) -> Waiting:
    found = claimable(account, profile)
    count = found.order_by()[: COUNTED + 1].count()
    late = found.filter(due_at__lt=timezone.now()).order_by()[:COUNTED].count()
    return Waiting(min(count, COUNTED), count > COUNTED, late)


def undoable(account: Account) -> list[Assessment]:
    """One's verdicts that have not taken hold yet, the latest first."""
    since = timezone.now() - undo_time()
    found = Assessment.objects.filter(reviewer=account, submitted_at__gt=since)
    found = found.filter(Q(golden__isnull=False) | Q(case__status=Case.Status.SETTLING))
    return list(found.select_related("case").order_by("-submitted_at")[:5])
