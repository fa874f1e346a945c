"""The console's usage: the API's numbers as charts, each with its table and a CSV file of it."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.log.writer import Ref
from config.security import POLICY
from conversations.forgetting import forget
from conversations.topics import LOOKED_AT, topics
from conversations.usage_question import Question
from operators.keys import create_key
from operators.models import Deployment, Operator
from tests.conversations.turns import DAY, turn
from tests.support.people import signed_in

RANGE = "?from=2027-03-01&to=2027-03-05"


@pytest.fixture
def deployment(db) -> Deployment:
    return Deployment.objects.create(operator=Operator.objects.create(name="Acme"), name="App")


@pytest.fixture
def key(deployment):
    return create_key(deployment, "backend", by=None)[0]


@pytest.fixture
def analyst(deployment):
    return signed_in(deployment.operator, "analyst")


def path(deployment: Deployment, query: str = RANGE) -> str:
    return reverse("usage", args=[deployment.pk]) + query


def file(client, deployment: Deployment, name: str) -> list[dict[str, str]]:
    response = client.get(path(deployment, f"{RANGE}&csv={name}"))
    assert response["content-type"] == "text/csv; charset=utf-8"
    assert f"usage-{name}-20270301-20270305.csv" in response["content-disposition"]
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_each_chart_has_its_table_and_its_file(deployment, key, analyst):
    turn(deployment, key, DAY, milliseconds=900, upstream_milliseconds=880)
    turn(deployment, key, DAY + timedelta(days=1), outcome="redirect", cost=None, flagged=True)
    turn(deployment, key, DAY + timedelta(days=1), status="upstream_error", model="=cmd()", output_tokens=0)
    text = analyst.get(path(deployment)).text
    assert all(part in text for part in ("1 Mar 2027", "3,000", "0.0090", "1 turn used a model without a price"))
    outcomes = file(analyst, deployment, "outcomes")
    assert [(row["Day (UTC)"], row["all"], row["redirect"], row["model failed"]) for row in outcomes] == [
        ("2027-03-01T00:00:00Z", "1", "0", "0"),
        ("2027-03-02T00:00:00Z", "2", "1", "1"),
    ]
    assert [row["input"] for row in file(analyst, deployment, "tokens")] == ["1000", "2000"]
    assert [float(row["cost"]) for row in file(analyst, deployment, "cost")] == [0.0045, 0.0045]
    assert 700 <= int(file(analyst, deployment, "latency")[0]["model, p50"]) <= 1000
    assert [row["Model"] for row in file(analyst, deployment, "models")] == ["big", "'=cmd()"]
    assert [(row["Key"], row["turns"]) for row in file(analyst, deployment, "keys")] == [("backend", "3")]
    assert analyst.get(path(deployment, f"{RANGE}&csv=nothing")).status_code == 404


def test_a_chart_is_drawn_from_its_table_without_anything_inline(deployment, key, analyst):
    turn(deployment, key, DAY)
    response = analyst.get(path(deployment, f"{RANGE}&by=hour"))
    assert response["content-security-policy"] == POLICY
    assert all(part in response.text for part in ("1 Mar 2027, 00:00", 'data-value="1000"', 'data-step="3600"'))
    assert " style=" not in response.text
    assert 'src="/static/vendor/uplot/uPlot.iife.min.js"' in response.text
    for name in ("vendor/uplot/uPlot.iife.min.js", "vendor/uplot/uPlot.min.css", "plumbline/charts.js"):
        served = analyst.get(f"/static/{name}")
        served.close()
        assert served.status_code == 200


def test_it_is_compared_with_the_time_before(deployment, key, analyst):
    for days in (0, 1, 2):
        turn(deployment, key, DAY + timedelta(days=days))
    turn(deployment, key, DAY - timedelta(days=1))
    turn(deployment, key, DAY - timedelta(days=4, hours=1))
    text = analyst.get(path(deployment)).text
    assert "200 % more than 1" in text
    assert "nothing to compare" in text


def test_it_is_narrowed_to_a_key_and_a_model(deployment, key, analyst):
    other, _ = create_key(deployment, "other", by=None)
    turn(deployment, key, DAY)
    turn(deployment, other, DAY, model="fast")
    for narrowed in (f"&key={other.pk}", "&model=fast"):
        response = analyst.get(path(deployment, f"{RANGE}&csv=models{narrowed}"))
        assert response.content.decode("utf-8-sig").splitlines()[1:] == ["fast,1,0,0,1000,100,0.004500000"]


def redirected(deployment, key, signal: str, evidence: str, count: int = 1) -> None:
    winner = {"signal": signal, "evidence": evidence}
    for number in range(count):
        at = DAY + timedelta(minutes=number)
        turn(deployment, key, at, outcome="redirect", decision={"winner": winner})


def test_what_was_turned_away_is_told_by_topic_or_by_the_words_it_shares(deployment, key, analyst):
    redirected(deployment, key, "scope.refused_topic", "Politics", 3)
    for said in ("A lasagna recipe please", "Which recipe is good for soup?", "What about shoes?"):
        redirected(deployment, key, "scope.off_topic", said)
    rows = [(row["What was asked for"], row["turns"]) for row in file(analyst, deployment, "topics")]
    assert rows == [("left out: Politics", "3"), ("with the word “recipe”", "2"), ("others, each for itself", "1")]
    text = analyst.get(path(deployment)).text
    assert "a help to the eye and no measurement" in text
    assert "Only the latest" not in text


def test_only_the_latest_that_were_turned_away_are_looked_at_and_that_is_said(deployment, key, analyst):
    redirected(deployment, key, "scope.off_topic", "recipe", LOOKED_AT + 1)
    assert f"Only the latest {LOOKED_AT} of this time are looked at." in analyst.get(path(deployment)).text
    assert file(analyst, deployment, "topics")[0]["turns"] == str(LOOKED_AT)


def test_however_many_days_there_are_the_page_asks_as_often(deployment, key, analyst, django_assert_max_num_queries):
    for days in range(4):
        for hour in range(3):
            turn(deployment, key, DAY + timedelta(days=days, hours=hour), model=f"model {hour}")
    with django_assert_max_num_queries(30) as queries:
        analyst.get(path(deployment))
    turns = [one["sql"] for one in queries.captured_queries if "conversations_turn" in one["sql"]]
    assert len(turns) == 1  # what was turned away, by its index
    assert "LIMIT" in turns[0]


def test_what_cannot_be_counted_is_said(deployment, analyst):
    for query in (
        "?from=2001-01-01",
        "?from=%00",
        "?by=x",
        "?split=x",
        "?key=x",
        "?model=%00",
        "?from=2030-01-02&to=2030-01-01",
    ):
        response = analyst.get(path(deployment, query))
        assert (response.status_code, 'role="alert"' in response.text) == (200, True), query


def test_an_empty_time_teaches_and_others_find_nothing(deployment, analyst):
    assert "No turn in this time" in analyst.get(path(deployment, "")).text
    assert signed_in(Operator.objects.create(name="Other")).get(path(deployment)).status_code == 404


def test_topics_are_read_from_sealed_turns_and_not_from_those_of_a_user_who_was_erased(coding_client, model):
    for user in ("anna", "ben", "ben"):
        message = {"role": "user", "content": "Give me a good recipe for lasagne"}
        coding_client.messages.create(model="default", max_tokens=9, messages=[message], metadata={"user_id": user})
    shown = Deployment.objects.get()
    now = datetime.now(UTC)
    question = Question(shown.pk, now - timedelta(hours=1), now + timedelta(hours=1))
    with CaptureQueriesContext(connection) as queries:
        found = topics(question).found
    assert len(queries) == 1
    assert [(one.name, one.turns) for one in found] == [("lasagne", 3)]
    forget([shown.pk], "anna", Ref("platform", "test"))
    assert [(one.name, one.turns) for one in topics(question).found] == [("lasagne", 2), ("", 1)]
