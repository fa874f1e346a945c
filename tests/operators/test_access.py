"""Who may see and do what: every page, by everyone."""

from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from audit.cases.models import Case
from audit.log.models import Entry
from audit.oversight.models import Pause
from charter import load_charter
from conversations.models import Conversation
from operators.keys import create_key
from operators.models import Account, Deployment, Membership, Operator
from operators.publishing import StaleDraftError, publish

DEPLOYMENT_PAGES = [
    "deployment",
    "deployment-scope",
    "deployment-behaviours",
    "deployment-versions",
    "deployment-keys",
    "deployment-limits",
    "conversations",
]
CHANGES = ["deployment-scope", "deployment-behaviours", "deployment-keys", "deployment-limits", "deployment-publish"]


@pytest.fixture
def deployment(db) -> Deployment:
    made = Deployment.objects.create(operator=Operator.objects.create(name="Acme"), name="App")
    publish(made, {}, by=None)
    return made


def person(operator: Operator | None = None, role: str = "owner", **fields: bool) -> Client:
    account = Account.objects.create_user(f"{uuid4()}@example.com", "pw", **fields)
    if operator:
        Membership.objects.create(operator=operator, account=account, role=role)
    client = Client()
    client.force_login(account)
    return client


def pages(deployment: Deployment) -> list[str]:
    conversation = Conversation.objects.create(id=uuid4(), deployment=deployment)
    return [
        *(reverse(name, args=[deployment.pk]) for name in DEPLOYMENT_PAGES),
        reverse("conversation", args=[deployment.pk, conversation.pk]),
    ]


def test_a_member_sees_every_page(deployment):
    client = person(deployment.operator, "analyst")
    assert [client.get(path).status_code for path in pages(deployment)] == [200] * 8


def test_a_member_of_another_operator_finds_nothing(deployment):
    client = person(Operator.objects.create(name="Other"))
    assert [client.get(path).status_code for path in pages(deployment)] == [404] * 8
    assert [client.post(reverse(name, args=[deployment.pk])).status_code for name in CHANGES] == [404] * 5
    key, _ = create_key(deployment, "k", by=None)
    assert client.post(reverse("key-revoke", args=[deployment.pk, key.pk])).status_code == 404
    assert client.post(reverse("deployment-roll-back", args=[deployment.pk, 1])).status_code == 404
    assert b"App" not in client.get(reverse("deployments")).content


def test_another_deployments_key_cannot_be_revoked_through_ones_own(deployment):
    key, _ = create_key(deployment, "k", by=None)
    mine = Deployment.objects.create(operator=Operator.objects.create(name="Other"), name="Mine")
    assert person(mine.operator).post(reverse("key-revoke", args=[mine.pk, key.pk])).status_code == 404


def test_a_stranger_is_sent_to_sign_in(deployment):
    for path in [*pages(deployment), reverse("oversight"), reverse("cases"), reverse("all-conversations")]:
        response = Client().get(path)
        assert (response.status_code, response.url.startswith("/sign-in/")) == (302, True), path


def test_anyone_may_read_the_charter():
    page = Client().get("/charter/")
    assert page.status_code == 200
    assert load_charter().digest in page.content.decode()


def test_an_analyst_reads_and_changes_nothing(deployment):
    client = person(deployment.operator, "analyst")
    assert [client.post(reverse(name, args=[deployment.pk])).status_code for name in CHANGES] == [403] * 5


@pytest.mark.parametrize(
    ("who", "cases", "oversight"),
    [({}, 403, 403), ({"is_reviewer": True}, 200, 403), ({"is_steward": True}, 200, 200)],
    ids=["operator", "reviewer", "steward"],
)
def test_staff_pages_by_role(deployment, who, cases, oversight):
    client = person(deployment.operator, **who)
    conversation = Conversation.objects.create(id=uuid4(), deployment=deployment)
    case = Case.objects.create(conversation=conversation, severity=0.9, reason="x")
    for path in ("cases", "all-conversations"):
        assert client.get(reverse(path)).status_code == cases
    assert client.get(reverse("case", args=[case.pk])).status_code == cases
    assert client.get(reverse("any-conversation", args=[conversation.pk])).status_code == cases
    assert client.get(reverse("oversight")).status_code == oversight
    act = client.post(reverse("pause-place"), {"subject": "platform:", "reason": "test", "confirmed": "yes"})
    assert act.status_code == (302 if oversight == 200 else 403), "a steward is asked for a second factor"
    assert not Pause.objects.exists()


def test_publishing_over_a_version_one_has_not_seen_is_refused(deployment):
    publish(deployment, {"instructions": "newer"}, by=None)
    with pytest.raises(StaleDraftError):
        publish(deployment, {"instructions": "mine"}, by=None, over=1)
    client = person(deployment.operator)
    client.post(reverse("deployment-publish", args=[deployment.pk]), {"over": 1, "note": ""})
    assert deployment.configurations.count() == 2


def test_a_published_configuration_cannot_be_changed(deployment):
    with pytest.raises(DatabaseError, match="does not change"), transaction.atomic():
        deployment.configurations.update(note="rewritten")


def test_every_change_is_an_entry(deployment):
    client = person(deployment.operator)
    client.post(reverse("deployment-keys", args=[deployment.pk]), {"name": "backend", "scopes": ["turns"]})
    key = deployment.keys.get()
    client.post(reverse("key-revoke", args=[deployment.pk, key.pk]))
    client.post(reverse("deployment-publish", args=[deployment.pk]), {"over": 1, "note": "n"})
    names = set(Entry.objects.values_list("name", flat=True))
    assert {"key.created", "key.revoked", "configuration.published"} <= names
