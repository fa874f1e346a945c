"""What a verdict leads to, once it can no longer be undone: a second look, an act, a closed case."""

import random
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit.cases.acts import ACTS, act, take_back
from audit.cases.clocks import due
from audit.cases.models import Appeal, Assessment, Case
from audit.cases.models.cases import Verdict
from audit.log.names import Name
from audit.log.writer import write

Stage = Case.Stage
_chance = random.SystemRandom()


def settle_due() -> int:
    """Settles all whose time to undo is over. How many; one that fails is left for the next time."""
    ready = Case.objects.filter(status=Case.Status.SETTLING, settles_at__lte=timezone.now())
    return sum(settle(case_id) for case_id in list(ready.order_by("settles_at").values_list("pk", flat=True)[:500]))


def settle(case_id: UUID) -> bool:
    """Once, whoever asks and however often. False where there is nothing to settle, or not yet."""
    with transaction.atomic():
        case = (
            Case.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("conversation__deployment")
            .filter(pk=case_id, status=Case.Status.SETTLING, settles_at__lte=timezone.now())
            .first()
        )
        if case is None:
            return False
        given = case.assessments.filter(submitted_at__isnull=False, golden=None).order_by("-submitted_at")
        latest = given.select_related("reviewer")[0]
        case.status, case.settles_at = Case.Status.OPEN, None
        _next(case, latest, list(given[1:2]))
        case.save()
    return True


def _next(case: Case, latest: Assessment, earlier: list[Assessment]) -> None:
    if latest.verdict == Verdict.CHANGE_SEVERITY:
        _change_severity(case, latest)
    elif latest.verdict == Verdict.ESCALATE and latest.stage != Stage.STEWARD:
        case.stage = Stage.STEWARD
        write(Name.CASE_ESCALATED, actor=("account", latest.reviewer_id), subject=("case", case.pk))
    elif latest.stage == Stage.FIRST and _looked_at_twice(case):
        # What protects people does not wait for the second look; words to the operator do.
        act(case, latest)
        case.stage = Stage.SECOND
    elif latest.stage == Stage.SECOND and not _agree(latest, earlier):
        case.stage = Stage.THIRD
    else:
        if latest.verdict not in ACTS:
            take_back(case, by=latest.reviewer)
        act(case, latest)
        close(case, latest)
        _appealed_meanwhile(case)


def close(case: Case, latest: Assessment) -> None:
    """The verdict is the case's; the caller saves it."""
    case.status, case.verdict, case.verdict_rule = Case.Status.CLOSED, latest.verdict, latest.rule
    case.verdict_note, case.operator_note = latest.note, latest.operator_note
    case.decided_by, case.decided_at = latest.reviewer, timezone.now()
    write(
        Name.CASE_CLOSED,
        actor=("account", latest.reviewer_id),
        subject=("case", case.pk),
        detail={
            "conversation": str(case.conversation_id),
            "deployment": str(case.conversation.deployment_id),
            "verdict": latest.verdict,
            "rule": latest.rule,
            "stage": latest.stage,
        },
    )


def _appealed_meanwhile(case: Case) -> None:
    """A user need not wait for the reviewers with an appeal; its turn comes when they are done."""
    if case.appeals.filter(status=Appeal.Status.OPEN).exists():
        case.status, case.stage, case.queue = Case.Status.OPEN, Stage.APPEAL, Case.Queue.APPEALS
        case.due_at = due(case.severity, False, timezone.now())


def _change_severity(case: Case, latest: Assessment) -> None:
    before, case.severity = case.severity, float(latest.severity or 0)
    case.due_at = due(case.severity, case.mandatory, case.opened_at)
    write(
        Name.CASE_SEVERITY_CHANGED,
        actor=("account", latest.reviewer_id),
        subject=("case", case.pk),
        detail={"before": f"{before:.2f}", "after": f"{case.severity:.2f}"},
    )


def _looked_at_twice(case: Case) -> bool:
    return case.is_grave or _chance.random() < settings.CASE_SECOND_REVIEW_SHARE


def _agree(latest: Assessment, earlier: list[Assessment]) -> bool:
    return bool(earlier) and earlier[0].verdict == latest.verdict
