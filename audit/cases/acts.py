"""What a verdict does to a conversation or a deployment, and how an overturned one is taken back."""

from django.db import connection

from audit.cases.models import Assessment, Case
from audit.cases.models.cases import Verdict
from audit.log.names import Name
from audit.log.writer import write
from audit.oversight.models import Pause
from audit.oversight.pauses import lift, place
from conversations.models import Conversation
from operators.models import Account
from operators.webhooks.events import emit

ACTS = frozenset({Verdict.END_CONVERSATION, Verdict.PAUSE_DEPLOYMENT})

_END = """
UPDATE conversations_conversation SET ended_at = now() WHERE id = %s AND ended_at IS NULL AND deleted_at IS NULL
"""


def act(case: Case, assessment: Assessment) -> None:
    """Doing it twice changes nothing. The caller saves the case."""
    if assessment.verdict == Verdict.END_CONVERSATION:
        _end(case, assessment.reviewer)
    elif assessment.verdict == Verdict.PAUSE_DEPLOYMENT and case.pause_id is None:
        deployment = case.conversation.deployment_id
        pause = place("deployment", deployment, reason=assessment.operator_note, by=assessment.reviewer)
        case.pause_id = pause.pk


def take_back(case: Case, *, by: Account) -> None:
    """The conversation goes on and the pause is lifted, where it was this case that did it."""
    if case.ended_conversation:
        Conversation.objects.filter(pk=case.conversation_id).update(ended_at=None)
        case.ended_conversation = False
    if case.pause_id is not None:
        pause = Pause.objects.filter(pk=case.pause_id).first()
        if pause is not None:
            lift(pause, by=by)
        case.pause_id = None


def _end(case: Case, by: Account) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_END, [case.conversation_id])
        if not cursor.rowcount:
            return
    case.ended_conversation = True
    deployment = case.conversation.deployment
    write(
        Name.CONVERSATION_ENDED,
        actor=("account", by.pk),
        subject=("conversation", case.conversation_id),
        detail={"deployment": str(deployment.pk), "case": str(case.pk)},
    )
    told = {
        "conversation_id": str(case.conversation_id),
        "deployment_id": str(deployment.pk),
        "reason": "A reviewer ended the conversation.",
    }
    emit(deployment.operator_id, deployment.pk, "conversation.ended", told)
