"""An operator's part in the reviews: what came of its deployment's conversations lately, in numbers."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone

from audit.cases.models import Appeal, Case
from audit.cases.models.cases import Verdict
from operators.models import Deployment

DAYS = 30


@dataclass(frozen=True, slots=True)
class Part:
    verdicts: list[tuple[str, int]]
    """By their names, the most frequent first; over-refusals are told by themselves."""
    over_refusals: int
    made: int
    """Appeals; the next two are of those decided in these days."""
    upheld: int
    overturned: int
    waiting: int
    """Appeals without an answer, whenever they were made."""

    @property
    def empty(self) -> bool:
        return not (self.verdicts or self.over_refusals or self.made or self.upheld or self.overturned or self.waiting)


def part_of(deployment: Deployment) -> Part:
    since = timezone.now() - timedelta(days=DAYS)
    decided = Case.objects.filter(conversation__deployment=deployment, decided_at__gte=since).exclude(verdict="")
    counted = {
        one["verdict"]: one["n"] for one in decided.values("verdict").annotate(n=Count("pk")).order_by("-n", "verdict")
    }
    over_refusals = counted.pop(Verdict.OVER_REFUSAL.value, 0)
    lately = Q(decided_at__gte=since)
    appeals = Appeal.objects.filter(deployment=deployment).aggregate(
        made=Count("pk", filter=Q(made_at__gte=since)),
        upheld=Count("pk", filter=lately & Q(status=Appeal.Status.UPHELD)),
        overturned=Count("pk", filter=lately & Q(status=Appeal.Status.OVERTURNED)),
        waiting=Count("pk", filter=Q(status=Appeal.Status.OPEN)),
    )
    verdicts = [(str(Verdict(verdict).label), n) for verdict, n in counted.items()]
    return Part(verdicts, over_refusals, **appeals)
