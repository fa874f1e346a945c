"""From a finding to a case."""

from django.conf import settings
from django.db import transaction

from audit.cases.models import Case, Finding
from audit.log.names import Name
from audit.log.writer import write
from conversations.models import Conversation, Turn


def _unquoted(detail: dict[str, object]) -> dict[str, object]:
    """Without the words that showed it: they stay with the turn."""
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
        if severity >= settings.CASE_THRESHOLD:
            _into_case(finding)
    return finding


def _into_case(finding: Finding) -> None:
    if finding.case is not None and finding.case.status == Case.Status.CLOSED:
        return  # decided on; what a judge adds is on the finding
    case, opened = Case.objects.get_or_create(
        conversation_id=finding.conversation_id,
        status=Case.Status.OPEN,
        defaults={"severity": finding.severity, "reason": finding.summary},
    )
    if not opened and finding.severity > case.severity:
        Case.objects.filter(pk=case.pk).update(severity=finding.severity, reason=finding.summary)
    finding.case = case
    finding.save(update_fields=["case"])
    if opened:
        write(
            Name.CASE_OPENED,
            actor=("platform", f"{finding.kind} review"),
            subject=("case", case.pk),
            detail={"conversation": str(finding.conversation_id), "finding": finding.pk, "reason": finding.summary},
        )
