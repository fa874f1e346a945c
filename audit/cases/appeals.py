"""Appeals: whoever was judged may say it was wrong, and someone else looks."""

from django.db import transaction
from django.utils import timezone

from audit.cases.acts import take_back
from audit.cases.claiming import hold
from audit.cases.clocks import due
from audit.cases.models import Appeal, Assessment, Case
from audit.cases.models.cases import Verdict
from audit.log.names import Name
from audit.log.writer import write
from conversations.models import Conversation, Turn
from operators.models import Account

LONGEST = 4000
SEVERITY = 0.5
"""Of a case that an appeal opens."""


class AppealError(ValueError):
    """Why it cannot be made or decided."""


def appeal_case(case: Case, *, reason: str, by: Account) -> Appeal:
    """By a member of the operator, against a verdict on one of its conversations. Raises AppealError."""
    appeal = Appeal(by=Appeal.By.OPERATOR, account=by, reason=reason)
    return _make(appeal, case.conversation, case, actor=("account", by.pk))


def appeal_turn(turn: Turn, *, reason: str, key_id: object) -> Appeal:
    """By a user through the app's key, against what came of a turn. Raises AppealError."""
    appeal = Appeal(by=Appeal.By.USER, turn=turn, reason=reason)
    return _make(appeal, turn.conversation, None, actor=("key", key_id))


def _make(appeal: Appeal, conversation: Conversation, against: Case | None, actor: tuple[str, object]) -> Appeal:
    appeal.reason = appeal.reason.replace("\0", "").strip()
    if not appeal.reason or len(appeal.reason) > LONGEST:
        raise AppealError(f"say in at most {LONGEST} characters why it was wrong")
    with transaction.atomic():
        locked = Conversation.objects.select_for_update(no_key=True).get(pk=conversation.pk)
        if locked.deleted_at:
            raise AppealError("the conversation was deleted, so nobody can look at it again")
        case = _case_for(locked, against)
        if case.appeals.filter(status=Appeal.Status.OPEN).exists():
            raise AppealError("there is an appeal already, and it will be decided")
        appeal.case, appeal.deployment_id = case, locked.deployment_id
        appeal.save()
        write(
            Name.APPEAL_MADE,
            actor=actor,
            subject=("appeal", appeal.pk),
            detail={"case": str(case.pk), "deployment": str(locked.deployment_id)},
        )
    return appeal


def _case_for(conversation: Conversation, against: Case | None) -> Case:
    """The case that is appealed, open again; or the conversation's open one, of which it becomes the last stage; or a
    new one. The caller has the lock."""
    cases = Case.objects.select_for_update().filter(conversation=conversation)
    waiting = cases.exclude(status=Case.Status.CLOSED).first()
    if waiting is not None:
        if against is not None:
            raise AppealError("it is being looked at already; appeal when that is decided")
        return waiting
    now = timezone.now()
    if against is None:
        made = Case.objects.create(
            conversation=conversation,
            severity=SEVERITY,
            reason="A user appeals",
            queue=Case.Queue.APPEALS,
            stage=Case.Stage.APPEAL,
            due_at=due(SEVERITY, False, now),
        )
        detail = {"conversation": str(conversation.pk), "reason": made.reason}
        write(Name.CASE_OPENED, actor=("platform", "appeal"), subject=("case", made.pk), detail=detail)
        return made
    case = cases.get(pk=against.pk)
    case.status, case.stage, case.queue = Case.Status.OPEN, Case.Stage.APPEAL, Case.Queue.APPEALS
    case.due_at = due(case.severity, False, now)
    case.save(update_fields=["status", "stage", "queue", "due_at"])
    write(Name.CASE_REOPENED, actor=("platform", "appeal"), subject=("case", case.pk))
    return case


def decide_appeal(assessment: Assessment, *, overturned: bool, answer: str, note: str = "") -> Appeal:
    """By whoever claimed it. Raises AppealError, or NotYoursError.

    Overturned, what the verdict did is taken back and the case is closed as one where we refused or acted too much.
    """
    if not answer.strip():
        raise AppealError("say why, in words for whoever appealed")
    with transaction.atomic():
        locked = hold(assessment)
        case = Case.objects.select_for_update(of=("self",)).select_related("conversation").get(pk=locked.case_id)
        appeal = case.appeals.select_for_update().filter(status=Appeal.Status.OPEN).first()
        if appeal is None:
            raise AppealError("there is no appeal to decide")
        now = timezone.now()
        appeal.status = Appeal.Status.OVERTURNED if overturned else Appeal.Status.UPHELD
        appeal.answer, appeal.decided_by, appeal.decided_at = answer.strip(), locked.reviewer, now
        appeal.save()
        if overturned:
            take_back(case, by=locked.reviewer)
            case.verdict = Verdict.OVER_REFUSAL
        elif not case.verdict:
            case.verdict = Verdict.NO_ACTION
        if overturned or case.decided_by_id is None:
            case.verdict_note, case.decided_by, case.decided_at = note.strip(), locked.reviewer, now
        case.status, case.claimed_by, case.lease_until = Case.Status.CLOSED, None, None
        case.save()
        locked.verdict, locked.note, locked.submitted_at = case.verdict, note.strip(), now
        locked.save()
        write(
            Name.APPEAL_DECIDED,
            actor=("account", locked.reviewer_id),
            subject=("appeal", appeal.pk),
            detail={"case": str(case.pk), "outcome": appeal.status, "deployment": str(appeal.deployment_id)},
        )
    return appeal
