"""Who may set which limits, within what, and the entry that each change leaves."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.test import Client
from django.urls import reverse

from audit.log.models import Entry
from config.limits import KEY, read
from operators.allowances import Allowance
from operators.keys import create_key
from operators.limits import allowance_of, change_limits
from operators.models import Account, Deployment, Key, Limits, Membership, Operator, Usage
from operators.usage import this_month

EMPTY = dict.fromkeys(("requests", "input_tokens", "output_tokens", "streams", "month_tokens", "month_money"), "")


@pytest.fixture
def deployment(db) -> Deployment:
    return Deployment.objects.create(operator=Operator.objects.create(name="Acme"), name="App")


@pytest.fixture
def key(deployment) -> Key:
    return create_key(deployment, "backend", by=None)[0]


@pytest.fixture
def owner(deployment) -> Client:
    account = Account.objects.create_user("owner@example.com", "pw")
    Membership.objects.create(operator=deployment.operator, account=account, role="owner")
    client = Client()
    client.force_login(account)
    return client


@pytest.fixture
def steward(db) -> Client:
    client = Client()
    client.force_login(Account.objects.create_user("s@example.com", "pw", is_steward=True))
    return client


def save(client: Client, deployment: Deployment, key: Key | None = None, **amounts: Any):
    name, ids = ("key-limits", [deployment.pk, key.pk]) if key else ("deployment-limits", [deployment.pk])
    return client.post(reverse(name, args=ids), EMPTY | {"alert_percent": ""} | amounts)


def allow(subject: Operator | Deployment | Key, **amounts: Any) -> None:
    change_limits(subject, amounts, set_by="platform", by=None)


def test_where_nothing_is_said_the_platforms_defaults_hold(deployment, key, settings):
    settings.LIMITS = {"key": KEY, "deployment": KEY | {"month_tokens": 5}, "operator": KEY}
    assert allowance_of(key) == Allowance(**KEY)
    assert allowance_of(deployment).month_tokens == 5
    assert allowance_of(deployment).alert_percent == 80


def test_the_lower_of_what_is_allowed_and_what_is_wished_holds(deployment, key):
    allow(deployment, requests=100, streams=0)
    change_limits(deployment, {"requests": 500, "month_tokens": 7, "alert_percent": 50}, set_by="operator", by=None)
    held = allowance_of(deployment)
    assert (held.requests, held.streams, held.month_tokens, held.alert_percent) == (100, 0, 7, 50)
    # A steward can allow more than the default.
    allow(key, requests=10**9)
    assert allowance_of(key).requests == 10**9


def test_an_operator_sets_limits_of_a_deployment_and_a_key_and_each_is_an_entry(owner, deployment, key):
    assert save(owner, deployment, requests="50", month_money="12.5").status_code == 302
    assert save(owner, deployment, key, streams="0").status_code == 302
    assert allowance_of(deployment).month_money == Decimal("12.50")
    assert allowance_of(key).streams == 0
    first, second = Entry.objects.filter(name="limits.changed").order_by("at")
    assert (first.subject_type, first.subject_id) == ("deployment", str(deployment.pk))
    assert first.detail == {
        "operator": str(deployment.operator_id),
        "set_by": "operator",
        "before": {},
        "after": {"requests": 50, "month_money": "12.50"},
    }
    assert (second.subject_type, second.detail["after"]) == ("key", {"streams": 0})
    save(owner, deployment, requests="60")
    last = Entry.objects.filter(name="limits.changed").order_by("at").last()
    assert (last.detail["before"], last.detail["after"]) == (first.detail["after"], {"requests": 60})


def test_saving_the_same_writes_nothing_and_an_empty_form_takes_the_row_away(owner, deployment):
    save(owner, deployment, requests="50")
    save(owner, deployment, requests="50")
    assert Entry.objects.filter(name="limits.changed").count() == 1
    save(owner, deployment)
    assert not Limits.objects.exists()
    assert Entry.objects.filter(name="limits.changed").count() == 2


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        ({"requests": "101"}, "less than or equal to 100"),
        ({"requests": "-1"}, "greater than or equal to 0"),
        ({"requests": "many"}, "Enter a whole number"),
        ({"streams": "6"}, "less than or equal to 5"),
        ({"month_tokens": "9" * 30}, "less than or equal to 1000"),
        ({"month_money": "NaN"}, "Enter a number"),
        ({"month_money": "1.234"}, "2 decimal places"),
        ({"alert_percent": "0"}, "greater than or equal to 1"),
    ],
)
def test_beyond_what_is_allowed_is_refused_beside_the_field(owner, deployment, amounts, said):
    allow(deployment, requests=100)
    allow(deployment.operator, streams=5, month_tokens=1000)
    page = save(owner, deployment, **amounts)
    assert page.status_code == 200
    assert said in page.text
    assert not Limits.objects.filter(set_by="operator").exists()


def test_a_key_gets_no_more_than_its_deployment(owner, deployment, key):
    change_limits(deployment, {"requests": 10}, set_by="operator", by=None)
    assert "less than or equal to 10" in save(owner, deployment, key, requests="11").text
    assert save(owner, deployment, key, requests="10").status_code == 302


def test_what_the_platform_allows_is_not_the_operators_to_change(owner, deployment):
    allow(deployment, requests=5)
    save(owner, deployment, requests="4")
    save(owner, deployment)
    assert Limits.objects.get().set_by == "platform"
    assert allowance_of(deployment).requests == 5


def test_another_deployments_key_has_no_page_here(owner, deployment):
    other = Deployment.objects.create(operator=Operator.objects.create(name="Other"), name="Mine")
    stranger, _ = create_key(other, "k", by=None)
    assert save(owner, deployment, stranger, requests="1").status_code == 404
    assert save(owner, other, stranger, requests="1").status_code == 404


def test_an_analyst_reads_and_changes_nothing(deployment, key):
    account = Account.objects.create_user("a@example.com", "pw")
    Membership.objects.create(operator=deployment.operator, account=account, role="analyst")
    client = Client()
    client.force_login(account)
    assert client.get(reverse("deployment-limits", args=[deployment.pk])).status_code == 200
    assert save(client, deployment, requests="1").status_code == 403
    assert save(client, deployment, key, requests="1").status_code == 403


def test_the_page_shows_what_was_used_this_month(owner, deployment, key):
    Usage.objects.create(day="2020-01-01", deployment=deployment, key=key, model="m", input_tokens=99, turns=9)
    today = {"day": datetime.now(UTC).date()}
    Usage.objects.create(deployment=deployment, key=key, model="m", turns=2, input_tokens=1500, cost=3, **today)
    Usage.objects.create(deployment=deployment, key=key, model="n", turns=1, output_tokens=500, **today)
    use = this_month(key)
    assert (use.turns, use.tokens, use.cost) == (3, 2000, 3)
    page = owner.get(reverse("deployment-limits", args=[deployment.pk])).text
    assert page.count("3 turns, 2,000 tokens, 3.00 in money") == 2


def test_stewards_allow_in_the_admin_and_each_change_is_one_entry(steward, deployment):
    path = reverse("admin:operators_limits_add")
    form = EMPTY | {"alert_percent": "", "operator": "", "key": "", "deployment": str(deployment.pk), "requests": "9"}
    assert steward.post(path, form).status_code == 302
    row = Limits.objects.get()
    assert (row.deployment, row.set_by, row.requests) == (deployment, "platform", 9)
    assert "There are limits of it already" in steward.post(path, form).text
    assert "Name one operator" in steward.post(path, form | {"operator": str(deployment.operator_id)}).text
    change = reverse("admin:operators_limits_change", args=[row.pk])
    assert steward.post(change, EMPTY | {"alert_percent": "", "requests": "10"}).status_code == 302
    assert steward.post(reverse("admin:operators_limits_delete", args=[row.pk]), {"post": "yes"}).status_code == 302
    assert not Limits.objects.exists()
    details = list(Entry.objects.filter(name="limits.changed").order_by("at").values_list("detail", flat=True))
    assert [(one["before"], one["after"]) for one in details] == [
        ({}, {"requests": 9}),
        ({"requests": 9}, {"requests": 10}),
        ({"requests": 10}, {}),
    ]


def test_the_admin_shows_no_operators_own_limits_and_lets_nobody_else_in(steward, owner, deployment):
    save(owner, deployment, requests="50")
    row = Limits.objects.get()
    assert steward.get(reverse("admin:operators_limits_change", args=[row.pk])).status_code == 302
    assert "/admin/login/" in owner.get(reverse("admin:operators_limits_add"))["location"]


def test_amounts_that_no_limit_can_have_are_refused(deployment):
    for bad in (-1, 10**15 + 1, "x"):
        with pytest.raises((ValidationError, ValueError)):
            change_limits(deployment, {"requests": bad}, set_by="platform", by=None)
    assert not Limits.objects.exists()


def test_defaults_come_from_the_environment():
    made = read("X", "requests=5, streams=none ,month_money=12.50,month_tokens=0", KEY)
    assert made == KEY | {"requests": 5, "streams": None, "month_money": Decimal("12.50"), "month_tokens": 0}
    assert read("X", "", KEY) == KEY
    bad_ones = ["requests", "requests=", "requests=-1", "unknown=5", "requests=1e400", "month_money=NaN", "streams=9e9"]
    for bad in bad_ones:
        with pytest.raises(ImproperlyConfigured, match="X"):
            read("X", bad, KEY)
