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


def _unquoted(detail: dict[str, object]) -> dict[str, object]:
    """Without the words that showed it: they stay with the turn, where they are sealed."""
    grounds = detail.get("grounds")
    if not isinstance(grounds, list):
        return detail
    return detail | {"grounds": [one | {"evidence": ""} if isinstance(one, dict) else one for one in grounds]}


def note_finding(
    turn: Turn,
    kind: str,
    *,
    severity: float,
    summary: str,
    detail: dict[str, object],
    source: str = Finding.Source.SCREEN,
) -> Finding | None:
    """Keeps a review's finding on a turn, once, and opens or joins a case where it is grave enough.

    A judge's finding takes the place of the screens'; nothing takes a judge's, and None says that it stayed. `summary`
    is in our own words: it outlives the conversation, in cases and in the audit log, and quotes nobody.
    """
    with transaction.atomic():
        # The lock holds off a deletion until the finding is there for it to empty; after one, no word is quoted.
        where = place(kind, detail, severity)
        if Conversation.objects.select_for_update(no_key=True).get(pk=turn.conversation_id).deleted_at:
            detail = {}
        finding = Finding.objects.filter(turn=turn, kind=kind).first()
        if finding is None:
            finding = Finding(turn=turn, kind=kind, conversation_id=turn.conversation_id)
        elif finding.source == Finding.Source.JUDGE:
            return None
        finding.source, finding.severity, finding.summary, finding.detail = (
            source,
            severity,
            summary[:500],
            _unquoted(detail),
        )
        finding.save()
        if severity >= settings.CASE_THRESHOLD and not _decided_on(finding):
            into_case(finding, where)
    return finding


def _decided_on(finding: Finding) -> bool:
    """What a judge adds to a closed case is on the finding."""
    return finding.case is not None and finding.case.status == Case.Status.CLOSED


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
