"""A reviewer's verdict: given once, undone within half a minute, and only then taking hold."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit.cases import citing
from audit.cases.claiming import LEASE, NotYoursError, hold
from audit.cases.models import Assessment, Case
from audit.cases.models.cases import Verdict
from audit.log.names import Name
from audit.log.writer import write
from operators.models import Account

WITHOUT_RULE = frozenset({Verdict.NO_ACTION, Verdict.CHANGE_SEVERITY, Verdict.ESCALATE})
"""All others cite the line of the charter they rest on."""
WITH_WORDS = frozenset({Verdict.COACH_OPERATOR, Verdict.WARN_OPERATOR, Verdict.PAUSE_DEPLOYMENT})
"""These say something to the operator."""
LONGEST_NOTE = 5000


class VerdictError(ValueError):
    """What is missing or wrong, by field."""

    def __init__(self, **problems: str) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Given:
    verdict: str
    rule: str = ""
    note: str = ""
    operator_note: str = ""
    severity: float | None = None

    def check(self) -> "Given":
        """The same. Raises VerdictError."""
        problems = {}
        if self.verdict not in Verdict.values:
            raise VerdictError(verdict="Choose one of the verdicts.")
        if self.rule and self.rule not in citing.names():
            problems["rule"] = "The charter has no such line."
        elif not self.rule and self.verdict not in WITHOUT_RULE:
            problems["rule"] = "Cite the line of the charter that this rests on."
        if self.verdict in WITH_WORDS and not self.operator_note.strip():
            problems["operator_note"] = "Say it in words that the operator reads."
        if self.verdict == Verdict.CHANGE_SEVERITY and self.severity is None:
            problems["severity"] = "Say which severity is right."
        if self.severity is not None and not 0 <= self.severity <= 1:
            problems["severity"] = "A severity is between 0 and 1."
        if max(len(self.note), len(self.operator_note)) > LONGEST_NOTE:
            problems["note"] = f"At most {LONGEST_NOTE} characters."
        if problems:
            raise VerdictError(**problems)
        return self


def submit(assessment: Assessment, given: Given) -> Assessment:
    """Raises VerdictError, or NotYoursError where the claim has gone to someone else; nothing was changed then."""
    given.check()
    with transaction.atomic():
        locked = hold(assessment)
        _fill(locked, given)
        if locked.golden_id is None:
            Case.objects.filter(pk=locked.case_id).update(
                status=Case.Status.SETTLING,
                settles_at=timezone.now() + undo_time(),
                claimed_by=None,
                lease_until=None,
            )
        _note(Name.CASE_VERDICT, locked, verdict=given.verdict, rule=given.rule)
    return locked


def undo(assessment_id: UUID, *, by: Account) -> Assessment:
    """The case is theirs again, with what they wrote; or anyone's, where they are at another one already.

    Raises NotYoursError when it is too late.
    """
    with transaction.atomic():
        Account.objects.select_for_update(no_key=True).get(pk=by.pk)
        now, busy = timezone.now(), _at_another(by)
        found = Assessment.objects.select_for_update(of=("self",)).filter(pk=assessment_id, reviewer=by)
        assessment = found.filter(submitted_at__gt=now - undo_time()).first()
        if assessment is None or not (assessment.golden_id or _back(assessment.case_id, None if busy else by)):
            raise NotYoursError
        assessment.submitted_at, assessment.closed_at = None, now if busy else None
        assessment.save(update_fields=["submitted_at", "closed_at"])
        _note(Name.CASE_VERDICT_UNDONE, assessment, verdict=assessment.verdict)
    return assessment


def undo_time() -> timedelta:
    return timedelta(seconds=settings.CASE_UNDO_SECONDS)


def _back(case_id: UUID, claimed_by: Account | None) -> bool:
    now = timezone.now()
    settling = Case.objects.filter(pk=case_id, status=Case.Status.SETTLING, settles_at__gt=now)
    lease = now + LEASE if claimed_by else None
    return bool(settling.update(status=Case.Status.OPEN, settles_at=None, claimed_by=claimed_by, lease_until=lease))


def _fill(assessment: Assessment, given: Given) -> None:
    assessment.verdict, assessment.rule, assessment.severity = given.verdict, given.rule, given.severity
    assessment.note, assessment.operator_note = given.note.strip(), given.operator_note.strip()
    assessment.submitted_at = timezone.now()
    assessment.save()


def _at_another(by: Account) -> bool:
    return Assessment.objects.filter(reviewer=by, submitted_at=None, closed_at=None).exists()


def _note(name: Name, assessment: Assessment, **detail: str) -> None:
    write(
        name,
        actor=("account", assessment.reviewer_id),
        subject=("case", assessment.case_id),
        detail={"assessment": str(assessment.pk), "stage": assessment.stage, **detail},
    )
