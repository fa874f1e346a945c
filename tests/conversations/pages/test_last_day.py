"""A deployment's own page shows its last day at a glance, and teaches while there is none."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from operators.keys import create_key
from operators.models import Deployment, Operator
from tests.conversations.turns import turn
from tests.support.people import signed_in


@pytest.fixture
def deployment(db) -> Deployment:
    return Deployment.objects.create(operator=Operator.objects.create(name="Acme"), name="App")


def shown(deployment) -> str:
    text = signed_in(deployment.operator, "analyst").get(reverse("deployment", args=[deployment.pk])).text
    return text[text.index("The last 24 hours") : text.index("What it is for")]


def test_it_teaches_while_nothing_was_asked(deployment):
    assert "Each call with a key is counted here" in shown(deployment)


def test_what_happened_leads_to_the_conversations(deployment):
    key, _ = create_key(deployment, "test", by=None)
    now = datetime.now(UTC)
    turn(deployment, key, now, outcome="redirect")
    turn(deployment, key, now - timedelta(hours=3), flagged=True)
    turn(deployment, key, now - timedelta(hours=26))
    text = shown(deployment)
    listed = reverse("conversations", args=[deployment.pk])
    assert f"{listed}?outcome=redirect&amp;since=" in text
    assert f"{listed}?marked=flagged&amp;since=" in text
    assert "100 % more than 1" in text
    assert f"{listed}?marked=failed" not in text
