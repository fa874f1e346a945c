"""The console's usage: the API's numbers, for people."""

import pytest
from django.urls import reverse

from operators.keys import create_key
from operators.models import Deployment, Operator
from tests.conversations.catalogue import model as make_model
from tests.conversations.catalogue import upstream
from tests.conversations.turns import DAY, turn
from tests.support.people import signed_in


@pytest.fixture
def deployment(db) -> Deployment:
    return Deployment.objects.create(operator=Operator.objects.create(name="Acme"), name="App")


def path(deployment: Deployment, query: str = "?from=2027-03-01&to=2027-03-05") -> str:
    return reverse("usage", args=[deployment.pk]) + query


def test_days_are_told_with_their_cost(deployment):
    make_model("big", {upstream("http://127.0.0.1:9"): "big-1"}, input_price="3", output_price="15")
    key, _ = create_key(deployment, "backend", by=None)
    turn(deployment, key, DAY, upstream="second", input_tokens=1_000_000, output_tokens=0)
    turn(deployment, key, DAY, upstream="gone", outcome="redirect")
    client = signed_in(deployment.operator, "analyst")
    text = client.get(path(deployment)).text
    assert all(part in text for part in ("1 Mar 2027", "1,001,000", "3.0000", "redirect 1", "1 turn used a model"))
    split = client.get(path(deployment, "?from=2027-03-01&to=2027-03-05&split=model&split=key&by=hour")).text
    assert all(part in split for part in ("1 Mar 2027, 00:00", "<td>big</td>", "<td>backend</td>"))


def test_what_cannot_be_counted_is_said(deployment):
    client = signed_in(deployment.operator)
    for query in (
        "?from=2001-01-01",
        "?from=%00",
        "?by=x",
        "?split=x",
        "?key=x",
        "?model=%00",
        "?from=2030-01-02&to=2030-01-01",
    ):
        response = client.get(path(deployment, query))
        assert (response.status_code, 'role="alert"' in response.text) == (200, True), query


def test_an_empty_time_teaches_and_others_find_nothing(deployment):
    assert "No turn in this time." in signed_in(deployment.operator).get(path(deployment, "")).text
    assert signed_in(Operator.objects.create(name="Other")).get(path(deployment)).status_code == 404
