"""What stewards do about reviews: try those again that were given up, and say how much a judge looks at."""

from collections.abc import Sequence

from django.db import transaction

from audit.log.names import Name
from audit.log.writer import write
from conversations.jobs import REVIEWS
from conversations.models import Job
from operators.models import Account, Deployment


def retry_given_up(ids: Sequence[int], by: Account) -> int:
    """Returns how many are tried again; those that were done or taken up meanwhile are left."""
    with transaction.atomic():
        found = Job.objects.select_for_update().filter(pk__in=ids, done_at=None, dead_at__isnull=False)
        known = list(found.order_by("pk").values_list("pk", flat=True))
        count = REVIEWS.retry(known)
        if count:
            detail = {"jobs": known[:1_000], "count": count}
            write(Name.REVIEW_RETRIED, actor=("account", by.pk), subject=("queue", "reviews"), detail=detail)
    return count


def set_share(deployment: Deployment, share: float, by: Account) -> None:
    """share: 0..1."""
    with transaction.atomic():
        locked = Deployment.objects.select_for_update().get(pk=deployment.pk)
        if locked.judged_share == share:
            return
        detail = {
            "operator": str(locked.operator_id),
            "before": f"{locked.judged_share:g}",
            "after": f"{share:g}",
        }
        locked.judged_share = share
        locked.save(update_fields=["judged_share"])
        write(Name.REVIEW_SHARE_CHANGED, actor=("account", by.pk), subject=("deployment", deployment.pk), detail=detail)
