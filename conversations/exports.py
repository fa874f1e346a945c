"""That turns were taken out of the record: who did, by which filter, how many; an entry for each."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.log.names import Name
from audit.log.writer import write
from conversations.models import Export

FORGOTTEN_AFTER = timedelta(minutes=15)
"""One that has not gone on for this long has no reader any more."""
AT_ONCE = 2
"""Exports of one deployment under way."""


def is_busy(deployment_id: UUID) -> bool:
    """Whether as many exports are under way as may be at once."""
    going_on = Export.objects.filter(
        deployment=deployment_id, done_at=None, seen_at__gt=timezone.now() - timedelta(minutes=1)
    )
    return going_on.count() >= AT_ONCE


def close(export_id: UUID, *, whole: bool) -> None:
    """Writes the entry, once."""
    with transaction.atomic():
        made = Export.objects.select_for_update().filter(pk=export_id, done_at=None).first()
        if made is None:
            return
        made.done_at, made.whole = timezone.now(), whole
        made.save(update_fields=["done_at", "whole"])
        write(
            Name.EXPORT_MADE,
            actor=("account", made.account_id),
            subject=("deployment", made.deployment_id),
            detail={
                "export": str(made.pk),
                "form": str(made.form),
                "content": made.content,
                "filter": made.filter,
                "turns": made.turns,
                "whole": whole,
            },
        )


def close_forgotten() -> int:
    """Those whose process was killed; returns how many."""
    late = Export.objects.filter(done_at=None, seen_at__lt=timezone.now() - FORGOTTEN_AFTER)
    forgotten = list(late.values_list("pk", flat=True))
    for export_id in forgotten:
        close(export_id, whole=False)
    return len(forgotten)
