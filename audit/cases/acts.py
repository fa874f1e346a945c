"""What a verdict does to a conversation or a deployment, and how an overturned one is taken back."""

from audit.cases.models import Assessment, Case
from audit.cases.models.cases import Verdict
from audit.oversight.models import Pause
from audit.oversight.pauses import lift, place
from conversations.ending import end_by_steward
from conversations.models import Conversation
from operators.models import Account

ACTS = frozenset({Verdict.END_CONVERSATION, Verdict.PAUSE_DEPLOYMENT})

ENDED = "A reviewer ended the conversation."


def act(case: Case, assessment: Assessment) -> None:
    """Doing it twice changes nothing. The caller saves the case."""
    if assessment.verdict == Verdict.END_CONVERSATION:
        ended = end_by_steward(case.conversation, reason=ENDED, by=assessment.reviewer, told=ENDED, case=case.pk)
        case.ended_conversation = case.ended_conversation or ended
    elif assessment.verdict == Verdict.PAUSE_DEPLOYMENT and case.pause_id is None:
        deployment = case.conversation.deployment_id
        pause = place("deployment", deployment, reason=assessment.operator_note, by=assessment.reviewer)
        case.pause_id = pause.pk


def take_back(case: Case, *, by: Account) -> None:
    """The conversation goes on and the pause is lifted, where it was this case that did it."""
    if case.ended_conversation:
        Conversation.objects.filter(pk=case.conversation_id).update(ended_at=None, ended_by="", ended_because="")
        case.ended_conversation = False
    if case.pause_id is not None:
        pause = Pause.objects.filter(pk=case.pause_id).first()
        if pause is not None:
            lift(pause, by=by)
        case.pause_id = None
