"""One verdict for many light cases: never for grave ones, always with a cited line, each case an entry of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.cases.claiming import claimable
from audit.cases.exposure import profile_of
from audit.cases.models import Assessment, Case
from audit.cases.models.cases import GRAVE, Verdict
from audit.cases.verdicts import Given, VerdictError, undo_time
from audit.log.names import Name
from audit.log.writer import write
from operators.models import Account

ALLOWED = (Verdict.NO_ACTION, Verdict.OVER_REFUSAL)
MOST = 100


@dataclass(frozen=True, slots=True)
class Done:
    assessments: list[UUID]
    left: int
    """Those that someone else has, that are decided, or that are too grave for this."""


def decide_many(case_ids: Sequence[UUID], given: Given, *, by: Account) -> Done:
    """All in one transaction. Raises VerdictError."""
    given.check()
    if given.verdict not in ALLOWED:
        raise VerdictError(verdict="Many at once may only need no action, or be over-refusals.")
    if not given.rule:
        raise VerdictError(rule="Cite the line of the charter that this rests on.")
    if not 1 <= len(set(case_ids)) <= MOST:
        raise VerdictError(verdict=f"Choose 1 to {MOST} cases.")
    with transaction.atomic():
        waiting = claimable(by, profile_of(by)).filter(
            pk__in=case_ids, mandatory=False, severity__lt=GRAVE, stage=Case.Stage.FIRST
        )
        cases = list(waiting.select_for_update(skip_locked=True, of=("self",)))
        made = [_decide(case, given, by) for case in cases]
    return Done(made, len(set(case_ids)) - len(made))


def _decide(case: Case, given: Given, by: Account) -> UUID:
    now = timezone.now()
    Assessment.objects.filter(case=case, submitted_at=None, closed_at=None, golden=None).update(closed_at=now)
    made = Assessment.objects.create(
        case=case,
        reviewer=by,
        stage=case.stage,
        claimed_at=now,
        submitted_at=now,
        verdict=given.verdict,
        rule=given.rule,
        note=given.note.strip(),
    )
    case.status, case.settles_at = Case.Status.SETTLING, now + undo_time()
    case.claimed_by = case.lease_until = None
    case.save(update_fields=["status", "settles_at", "claimed_by", "lease_until"])
    write(
        Name.CASE_VERDICT,
        actor=("account", by.pk),
        subject=("case", case.pk),
        detail={"assessment": str(made.pk), "verdict": given.verdict, "rule": given.rule, "many": True},
    )
    return made.pk
