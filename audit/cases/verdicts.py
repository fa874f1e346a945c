"""A reviewer's verdict closes a case, once."""

from django.db import transaction
from django.utils import timezone

from audit.cases.models import Case
from audit.log.names import Name
from audit.log.writer import write
from operators.models import Account


class AlreadyDecidedError(Exception):
    """Someone else gave a verdict first; nothing was changed."""


def decide_case(case: Case, verdict: str, note: str, by: Account) -> Case:
    """Raises AlreadyDecidedError, or ValueError for a verdict there is not."""
    chosen = Case.Verdict(verdict)
    with transaction.atomic():
        locked = Case.objects.select_for_update().get(pk=case.pk)
        if locked.status == Case.Status.CLOSED:
            raise AlreadyDecidedError(f"{locked.decided_by} has already decided this case")
        locked.status, locked.verdict, locked.verdict_note = Case.Status.CLOSED, chosen, note.strip()
        locked.decided_by, locked.decided_at = by, timezone.now()
        locked.save()
        write(
            Name.CASE_VERDICT,
            actor=("account", by.pk),
            subject=("case", case.pk),
            detail={"conversation": str(case.conversation_id), "verdict": chosen.value},
        )
    return locked
