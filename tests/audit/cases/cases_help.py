"""Cases and people for the reviewers' room."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from audit.cases.claiming import claim
from audit.cases.models import Assessment, Case
from audit.cases.settling import settle
from audit.cases.verdicts import Given, submit
from conversations.models import Conversation
from operators.models import Account, Deployment, Operator

FRAUD = "harm.fraud"


def reviewer(name: str = "", **fields: bool) -> Account:
    return Account.objects.create_user(f"{uuid4()}@example.com", "pw", name=name, **{"is_reviewer": True, **fields})


def deployment() -> Deployment:
    return Deployment.objects.create(operator=Operator.objects.create(name="Acme"), name="App")


def case(severity: float = 0.8, *, of: Deployment | None = None, **fields: object) -> Case:
    conversation = Conversation.objects.create(id=uuid4(), deployment=of or deployment())
    return Case.objects.create(
        conversation=conversation, severity=severity, **{"reason": "Suspected harm.fraud, answered", **fields}
    )


def decide(one: Case, by: Account, verdict: str = "no_action", *, settled: bool = True, **given: str) -> Assessment:
    """As a person does it, and the time to undo is over."""
    made = submit(claim(one.pk, by), Given(verdict, **given))
    if settled:
        run_out(one)
        assert settle(one.pk)
        one.refresh_from_db()
    return made


def run_out(one: Case) -> None:
    Case.objects.filter(pk=one.pk).update(settles_at=timezone.now() - timedelta(seconds=1))
