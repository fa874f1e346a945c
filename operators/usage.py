"""What was used in the current month, for people to look at."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import F, Sum

from operators.allowances import Allowance
from operators.limits import allowance_of
from operators.models import Deployment, Key, Usage

_TOKENS = F("input_tokens") + F("output_tokens") + F("cache_write_tokens") + F("cache_read_tokens")


@dataclass(frozen=True, slots=True)
class MonthUse:
    """Of a deployment or a key, with the budgets it is held to."""

    subject: Deployment | Key
    turns: int
    tokens: int
    cost: Decimal
    allowance: Allowance


def this_month(subject: Deployment | Key) -> MonthUse:
    first = datetime.now(UTC).date().replace(day=1)
    found = Usage.objects.filter(**{"key" if isinstance(subject, Key) else "deployment": subject}, day__gte=first)
    used = found.aggregate(turns=Sum("turns"), tokens=Sum(_TOKENS), cost=Sum("cost"))
    return MonthUse(subject, used["turns"] or 0, used["tokens"] or 0, used["cost"] or Decimal(0), allowance_of(subject))
