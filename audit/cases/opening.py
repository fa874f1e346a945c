"""From a finding to a case."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit.cases.clocks import due
from audit.cases.models import Case, Finding
from audit.cases.sorting import Place, place
from audit.log.names import Name
from audit.log.writer import write
from conversations.models import Conversation, Turn


def note_finding(turn: Turn, kind: str, *, severity: float, summary: str, detail: dict[str, object]) -> Finding:
    """Keeps a screen's finding on a turn, once, and opens or joins a case where it is grave enough."""
    with transaction.atomic():
        # The lock holds off a deletion until the finding is there for it to empty; after one, no word is quoted.
        where = place(kind, detail)
        if Conversation.objects.select_for_update(no_key=True).get(pk=turn.conversation_id).deleted_at:
            detail = {}
        finding, created = Finding.objects.get_or_create(
            turn=turn,
            kind=kind,
            defaults={
                "conversation_id": turn.conversation_id,
                "source": Finding.Source.SCREEN,
                "severity": severity,
                "summary": summary[:500],
                "detail": detail,
            },
        )
        if created and severity >= settings.CASE_THRESHOLD:
            into_case(finding, where)
    return finding


def into_case(finding: Finding, where: Place) -> Case:
    """The conversation's case that is not closed, or a new one. A graver finding makes it more urgent, never less."""
    now = timezone.now()
    late = due(finding.severity, where.mandatory, now)
    case = (
        Case.objects.select_for_update()
        .filter(conversation_id=finding.conversation_id)
        .exclude(status=Case.Status.CLOSED)
        .first()
    )
    if case is None:
        case = Case.objects.create(
            conversation_id=finding.conversation_id,
            severity=finding.severity,
            reason=finding.summary,
            queue=where.queue,
            mandatory=where.mandatory,
            opened_at=now,
            due_at=late,
        )
        _opened(case, finding)
    elif finding.severity > case.severity or (where.mandatory and not case.mandatory):
        if where.mandatory or not case.mandatory:
            case.queue = where.queue
        case.mandatory = case.mandatory or where.mandatory
        case.severity = max(case.severity, finding.severity)
        case.reason, case.due_at = finding.summary, min(case.due_at, late)
        case.save(update_fields=["queue", "mandatory", "severity", "reason", "due_at"])
    finding.case = case
    finding.save(update_fields=["case"])
    return case


def _opened(case: Case, finding: Finding) -> None:
    write(
        Name.CASE_OPENED,
        actor=("platform", f"{finding.kind} review"),
        subject=("case", case.pk),
        detail={"conversation": str(finding.conversation_id), "finding": finding.pk, "reason": finding.summary},
    )
