"""An operator sees its part of the reviews in numbers: its own deployment's, of the last 30 days."""

from datetime import timedelta

from django.utils import timezone

from audit.cases.models import Appeal, Case
from audit.cases.part import Part, part_of
from tests.audit.cases.cases_help import case, deployment
from tests.operators.accounts_help import member

NOW = timezone.now()


def closed(of, verdict: str, days: float = 1) -> Case:
    return case(of=of, status="closed", verdict=verdict, decided_at=NOW - timedelta(days=days))


def appeal(one: Case, status: str = "open", made: float = 2, decided: float | None = 1) -> None:
    Appeal.objects.create(
        case=one,
        deployment=one.conversation.deployment,
        by="operator",
        reason="x",
        status=status,
        made_at=NOW - timedelta(days=made),
        decided_at=None if decided is None else NOW - timedelta(days=decided),
    )


def test_verdicts_appeals_and_over_refusals_of_the_last_days(db):
    app = deployment()
    overturned, stands = closed(app, "over_refusal"), closed(app, "warn_operator")
    closed(app, "warn_operator"), closed(app, "no_action")
    closed(app, "end_conversation", days=31), case(of=app)
    closed(deployment(), "pause_deployment")
    appeal(overturned, "overturned"), appeal(stands, "upheld")
    appeal(closed(app, "no_action", 50), "upheld", 45, 40), appeal(closed(app, "no_action", 50), made=40, decided=None)
    assert part_of(app) == Part([("Warn the operator", 2), ("No action needed", 1)], 1, 2, 1, 1, 1)


def test_the_reviews_page_shows_them(db):
    app = deployment()
    closed(app, "over_refusal"), closed(app, "coach_operator")
    _, client = member(app.operator, "analyst", "a@acme.example")
    page = client.get(f"/deployments/{app.pk}/reviews/").content.decode()
    assert "The last 30 days" in page
    assert '<th scope="row">Over-refusals: we refused or acted too much</th><td class="number">1</td>' in page
    assert '<th scope="row">Coach the operator</th><td class="number">1</td>' in page


def test_without_any_it_says_so(db):
    app = deployment()
    _, client = member(app.operator, "analyst", "a@acme.example")
    page = client.get(f"/deployments/{app.pk}/reviews/").content.decode()
    assert "No verdict and no appeal." in page
