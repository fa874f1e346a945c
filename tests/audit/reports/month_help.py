"""A month in which something of everything happened."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from audit.cases.models import Appeal, Assessment, Case, Finding
from audit.reports.months import Month
from audit.reviews.models import TurnReview
from audit.wellbeing.models import Point
from conversations.models import Conversation, Trial, Turn
from operators.models import Deployment
from tests.audit.cases.cases_help import case, reviewer
from tests.audit.cases.cases_turns import turn_of

MONTH = Month(2026, 3)
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)


def turn(app: Deployment, at: datetime = AT, **fields: Any) -> Turn:
    made = turn_of(Conversation.objects.create(id=uuid4(), deployment=app), app)
    Turn.objects.filter(pk=made.pk).update(started_at=at, **{"flagged": False, **fields})
    return Turn.objects.get(pk=made.pk)


def judged(one: Turn, chosen: str, over_cautious: bool = False) -> None:
    TurnReview.objects.create(
        turn=one, deployment=one.deployment, source="judge", chosen=chosen, over_cautious=over_cautious
    )


def screened(one: Turn, *signals: str) -> None:
    TurnReview.objects.create(turn=one, deployment=one.deployment, source="screen", chosen="not")
    detail = {"grounds": [{"name": name, "level": "certain", "evidence": ""} for name in signals]}
    Finding.objects.create(
        turn=one, conversation=one.conversation, kind="audit", source="screen", severity=0.5, summary="x", detail=detail
    )


def measured(one: Turn, source: str = "screen", **values: float) -> None:
    Point.objects.create(
        turn=one,
        conversation=one.conversation,
        deployment=one.deployment,
        number=1,
        at=one.started_at,
        source=source,
        **values,
    )


def decided(app: Deployment, hours: float, severity: float = 0.8, *, allowed: float = 24, **fields: Any) -> Case:
    """Opened at AT, decided so many hours later."""
    return case(
        severity,
        of=app,
        opened_at=AT,
        due_at=AT + timedelta(hours=allowed),
        decided_at=AT + timedelta(hours=hours),
        **{"status": "closed", "verdict": "no_action", **fields},
    )


def blind(one: Case, *verdicts: str) -> None:
    for verdict, stage in zip(verdicts, ("first", "second"), strict=True):
        Assessment.objects.create(case=one, reviewer=reviewer(), stage=stage, submitted_at=AT, verdict=verdict)


def appealed(one: Case, status: str, hours: float) -> None:
    """At the very moment at which the case counts as decided, as an appeal that overturns does it."""
    Appeal.objects.create(
        case=one,
        deployment=one.conversation.deployment,
        by="operator",
        reason="x",
        made_at=one.decided_at - timedelta(hours=hours),
        status=status,
        decided_at=one.decided_at,
    )


def tried(one: Turn) -> None:
    Trial.objects.create(turn=one, of_draft=True, settings={}, settings_digest="")


def a_month(app: Deployment) -> None:
    """Twice asked across a bright line, once declined; an over-cautious answer among two drawn by lot."""
    asked = turn(app, outcome="decline", tier=1, status="own_words", flagged=True)
    screened(asked, "bright_line.cbrn", "harm.fraud")
    screened(turn(app, AT + timedelta(days=1)), "bright_line.cbrn")
    for cautious in (True, False):
        one = turn(app, AT + timedelta(days=2), outcome="redirect", tier=3)
        judged(one, "sampled", cautious)
        measured(one, "judge", distress=0.75, ease=0.25)
    judged(turn(app), "flagged", True)
    turn(app, MONTH.end - timedelta(seconds=1), status="upstream_error")
    turn(app, MONTH.end)
    turn(app, MONTH.start - timedelta(seconds=1))
    tried(turn(app))
    for hours, verdict in ((1, "no_action"), (2, "over_refusal"), (30, "no_action")):
        blind(decided(app, hours, verdict=verdict), verdict, verdict)
    for _ in range(2):
        blind(decided(app, 0.5, mandatory=True, allowed=1, verdict="end_conversation",
                      verdict_rule="bright_line.cbrn"), "end_conversation", "no_action")  # fmt: skip
    appealed(decided(app, 100, verdict="over_refusal"), "overturned", 10)
    case(0.8, of=app, opened_at=AT, due_at=AT + timedelta(hours=1))
