"""From a name to a key, page by page: nothing is made twice, and what was typed stays."""

import re

import pytest

from audit.log.models import Entry
from charter import load_charter, parse_configuration
from operators.first_run import go_live
from operators.models import Account, Deployment, Membership, Operator
from operators.publishing import save_draft
from operators.snippets import snippets
from operators.starting_points import STARTING_POINTS
from tests.support.people import signed_in

TOLD = {"name": "Helper", "purpose": "Helps with helping.", "start": "support"}


@pytest.fixture
def acme(db) -> Operator:
    return Operator.objects.create(name="Acme")


@pytest.mark.parametrize("point", STARTING_POINTS.values(), ids=lambda one: one.id)
def test_every_starting_point_is_a_draft_that_the_charter_allows(point):
    assert parse_configuration(load_charter(), point.draft("")).scope.description == point.purpose
    assert parse_configuration(load_charter(), point.draft("Mine.")).scope.description == "Mine."
    assert len(point.tries) == 2


def test_a_deployment_is_made_with_its_draft_and_its_entries(acme):
    answer = signed_in(acme).post("/deployments/new/", TOLD)
    made = Deployment.objects.get()
    assert answer["Location"] == f"/deployments/{made.pk}/try/?from=support"
    assert made.draft["scope"]["description"] == "Helps with helping."
    assert made.draft["scope"]["allowed"]
    assert made.live is None
    assert [entry.name for entry in Entry.objects.order_by("id")] == ["deployment.created", "configuration.drafted"]
    assert Entry.objects.get(name="deployment.created").detail["starting_point"] == "support"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "a\x07b"}, "One line of plain characters"),
        ({"name": "Taken"}, "a deployment of that name already"),
        ({"purpose": "bell \x07"}, "control characters"),
        ({"start": ""}, "Choose one"),
        ({"start": "nowhere"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_what_was_typed_stays(acme, wrong, said):
    acme.deployments.create(name="Taken")
    page = signed_in(acme).post("/deployments/new/", TOLD | wrong)
    assert page.status_code == 200
    assert said in page.content.decode()
    typed = "Helps with helping." if "purpose" not in wrong else "Helper"
    assert typed in page.content.decode()
    assert Deployment.objects.count() == 1


def test_an_analyst_makes_none(acme):
    client = signed_in(acme, "analyst")
    assert client.get("/deployments/new/").status_code == 403
    assert client.post("/deployments/new/", TOLD).status_code == 403
    assert not Deployment.objects.exists()


def test_who_belongs_to_several_operators_says_whose_it_is(acme):
    client = signed_in(acme)
    other, strange = Operator.objects.create(name="Other"), Operator.objects.create(name="Strange")
    account = Account.objects.get()
    Membership.objects.create(operator=other, account=account, role="owner")
    client.post("/deployments/new/", TOLD | {"operator": str(other.pk)})
    assert Deployment.objects.get().operator == other
    client.post("/deployments/new/", TOLD | {"name": "B", "operator": str(strange.pk)})
    assert Deployment.objects.count() == 1


def test_publishing_and_the_first_key_are_one_step_and_done_once(acme):
    deployment = acme.deployments.create(name="App")
    save_draft(deployment, {"instructions": "Hi"}, by=None)
    client, path = signed_in(acme), f"/deployments/{deployment.pk}/go-live/"
    page = client.post(path, {"over": "0"}).content.decode()
    key = re.search(r"plk_\w+", page)
    assert key
    assert page.count(key[0]) == 4
    assert "http://testserver/v1/messages" in page
    again = client.post(path, {"over": "0"}).content.decode()
    assert "cannot be shown again" in again
    assert key[0] not in again + client.get(path).content.decode()
    deployment.refresh_from_db()
    assert (deployment.configurations.count(), deployment.keys.count()) == (1, 1)
    assert deployment.live.settings == {"instructions": "Hi"}


def test_a_draft_that_cannot_be_published_makes_no_key(acme):
    deployment = acme.deployments.create(name="App", draft={"behaviours": {"gone": {"state": "on"}}})
    page = signed_in(acme).post(f"/deployments/{deployment.pk}/go-live/", {"over": "0"})
    assert "is not a behaviour of the charter" in page.content.decode()
    assert not deployment.keys.exists()


def test_a_live_deployment_without_a_key_gets_one_and_no_new_version(acme):
    deployment = acme.deployments.create(name="App")
    go_live(deployment, by=None, note="", over=0)
    deployment.keys.all().delete()
    live = go_live(deployment, by=None, note="", over=1)
    assert live.key
    assert deployment.configurations.count() == 1


def test_an_analyst_reads_where_it_stands_and_publishes_nothing(acme):
    deployment = acme.deployments.create(name="App")
    client, path = signed_in(acme, "analyst"), f"/deployments/{deployment.pk}/go-live/"
    assert client.get(path).status_code == 200
    assert client.post(path, {"over": "0"}).status_code == 403


def test_the_snippets_are_programs():
    curl, *python = snippets("https://p.example", "plk_x_y")
    assert curl.code.count("plk_x_y") == 1
    for one in python:
        compile(one.code, one.id, "exec")
        assert "https://p.example" in one.code
