"""From a finding to a case."""

from django.conf import settings
from django.db import transaction

from audit.cases.models import Case, Finding
from audit.log.names import Name
from audit.log.writer import write
from conversations.models import Conversation, Turn


def _unquoted(detail: dict[str, object]) -> dict[str, object]:
    """Without the words that showed it: they stay with the turn, where they are sealed."""
    grounds = detail.get("grounds")
    if not isinstance(grounds, list):
        return detail
    return detail | {"grounds": [one | {"evidence": ""} if isinstance(one, dict) else one for one in grounds]}


def note_finding(turn: Turn, kind: str, *, severity: float, summary: str, detail: dict[str, object]) -> Finding:
    """Keeps a screen's finding on a turn, once, and opens or joins a case where it is grave enough."""
    with transaction.atomic():
        # The lock holds off a deletion until the finding is there for it to empty; after one, no word is quoted.
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
                "detail": _unquoted(detail),
            },
        )
        if created and severity >= settings.CASE_THRESHOLD:
            _into_case(finding)
    return finding


def _into_case(finding: Finding) -> None:
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
