"""A user is forgotten as apps and members ask for it: once, however often they ask; a word is read by nobody after."""

from urllib.parse import quote
from uuid import uuid4

import pytest
from django.test import override_settings
from django.urls import reverse

from audit.log.models import Entry
from audit.log.writer import Ref
from conversations.forgetting import forget
from conversations.models import Conversation, DataKey, Erasure, Turn, UserAdjustments
from conversations.tasks import carry_out_erasure
from conversations.user_erasure import ERASURES
from operators.models import Deployment
from tests.conversations.records import ask, at_once, error_of
from tests.support.people import signed_in

US = Ref("platform", "test")
SECRET = "the pelican dances at noon"


def delete(api, user: str):
    return api.delete(f"/v1/users/{quote(user, safe='')}")


def finish() -> None:
    """As the worker does once the time is over in which a record may still be under way."""
    with override_settings(ERASURE_SETTLE_SECONDS=0):
        for order in Erasure.objects.filter(done_at=None):
            assert carry_out_erasure(str(order.pk)) is True


def read_by_anybody() -> str:
    return str([(turn.content, turn.decision) for turn in Turn.objects.all()])


@pytest.fixture
def two_users(api, model):
    """Anna has two conversations and a wish, Ben one."""
    for _ in range(2):
        ask(api, f"{SECRET} [[say:Noted.]]", "anna")
    ask(api, "Ben was here", "ben")
    api.put("/v1/users/anna/adjustments", json={"user_adjustments": {"blunt_feedback": True}})
    return Deployment.objects.get()


def test_nobody_reads_a_word_once_the_answer_is_there(api, two_users):
    assert SECRET in read_by_anybody()
    response = delete(api, "anna")
    told = response.json()
    assert (response.status_code, told["state"], told["conversations"]) == (200, "running", 0)
    assert SECRET not in read_by_anybody()
    assert "Ben was here" in read_by_anybody()
    assert api.get("/v1/users/anna/adjustments").json()["user_adjustments"] == {}
    finish()
    again = delete(api, "anna").json()
    assert (again["id"], again["state"], again["conversations"]) == (told["id"], "done", 2)
    assert Conversation.objects.filter(deleted_at=None).count() == 1
    done = Erasure.objects.get()
    assert (done.user_ref, done.conversations, done.turns, done.wishes) == ("", 2, 2, 1)


def test_each_is_an_entry_of_the_operator_and_none_names_the_user(api, two_users):
    told = delete(api, "anna").json()
    finish()
    entries = {one.name: one for one in Entry.objects.all()}
    asked, done = entries["erasure.requested"], entries["erasure.done"]
    assert asked.subject_id == done.subject_id == told["id"]
    assert asked.actor_type == entries["conversation.deleted"].actor_type == "key"
    assert (done.detail["conversations"], done.detail["wishes"]) == (2, 1)
    assert entries["adjustments.removed"].actor_type == "key"
    assert Entry.objects.filter(name="conversation.deleted").count() == 2
    written = ("erasure.requested", "erasure.done", "conversation.deleted", "adjustments.removed")
    assert {entries[name].detail["operator"] for name in written} == {str(two_users.operator_id)}
    assert "anna" not in str(list(Entry.objects.values_list("detail", "subject_id")))


def test_asking_again_is_the_same_order_until_something_came_since(api, two_users):
    first = delete(api, "anna").json()
    assert delete(api, "anna").json() == first
    ask(api, "hello again", "anna")
    second = delete(api, "anna").json()
    assert second["id"] != first["id"]
    finish()
    assert delete(api, "anna").json()["id"] == second["id"]
    assert Entry.objects.filter(name="erasure.requested").count() == 2
    assert not DataKey.objects.exclude(pk=Turn.objects.get(conversation__user_ref="ben").data_key_id).exists()


def test_of_whom_nothing_is_kept_nothing_is_written(api, two_users):
    told = delete(api, "nobody").json()
    assert (told["id"], told["state"], told["conversations"]) == (None, "done", 0)
    assert not Erasure.objects.exists()
    assert not Entry.objects.filter(name__startswith="erasure.").exists()


def test_asking_at_once_is_one_order(api, two_users):
    answers = at_once(*[lambda: delete(api, "anna")] * 4)
    assert {one.status_code for one in answers} == {200}
    assert len({one.json()["id"] for one in answers}) == 1
    assert Erasure.objects.count() == 1


def test_it_stays_within_the_deployment(api, two_users, stranger):
    assert delete(stranger, "anna").json()["id"] is None
    assert SECRET in read_by_anybody()


def test_it_needs_the_scope(api, two_users):
    two_users.keys.update(scopes=["turns"])
    error_of(delete(api, "anna"), 403)
    assert SECRET in read_by_anybody()


@pytest.mark.parametrize("user", ["\0", "x" * 257])
def test_what_is_no_user_is_said(api, user):
    error_of(delete(api, user), 400)


@pytest.mark.parametrize("user", ["a/b", "mäuse 🧭", "x\ny"])
def test_any_text_may_be_a_user(api, model, user):
    ask(api, SECRET, user)
    assert delete(api, user).json()["id"]
    assert SECRET not in read_by_anybody()


def conversation(deployment, user: str = "anna") -> Conversation:
    return Conversation.objects.create(id=uuid4(), deployment_id=deployment.pk, user_ref=user)


@pytest.fixture
def deployment(transactional_db, new_key):
    return new_key()[0]


def test_one_that_was_given_up_goes_on_when_asked_for_again(deployment):
    conversation(deployment)
    (asked,) = forget([deployment.pk], "anna", US)
    assert list(ERASURES.due()) == [asked]
    Erasure.objects.update(dead_at="2027-01-01T00:00Z", attempts=50)
    assert list(ERASURES.due()) == []
    assert forget([deployment.pk], "anna", US) == [asked]
    assert list(ERASURES.due()) == [asked]
    assert Entry.objects.filter(name="erasure.requested").count() == 1


# The console


def path(deployment) -> str:
    return reverse("user-erase", args=[deployment.pk])


def test_a_member_types_the_id_twice_and_sees_how_far_it_is(deployment):
    conversation(deployment)
    client = signed_in(deployment.operator)
    assert 'value="anna"' in client.get(path(deployment) + "?user=anna").text
    wrong = client.post(path(deployment), {"user": "anna", "again": "ann"})
    assert "This is not the same id." in wrong.text
    assert "Nothing is kept" in client.post(path(deployment), {"user": "eve", "again": "eve"}).text
    assert not Erasure.objects.exists()
    shown = client.post(path(deployment), {"user": "anna", "again": "anna"}, follow=True)
    assert "0 of 1 conversations are erased." in shown.text
    asked = Erasure.objects.get()
    assert asked.requested_by.startswith("account ")
    state = reverse("user-erasure", args=[deployment.pk, asked.pk])
    assert "hx-trigger" in client.get(state, headers={"hx-request": "true"}).text
    # The conversation has no turn, and so nothing that the job would look for.
    Conversation.objects.update(user_ref="")
    assert "A last look" in client.get(state, headers={"hx-request": "true"}).text
    finish()
    done = client.get(state, headers={"hx-request": "true"}).text
    assert "0 conversations were erased for good." in done
    assert "hx-trigger" not in done
    assert "anna" not in client.get(path(deployment)).text


def test_an_operators_deployments_are_done_together(deployment, new_key):
    other = Deployment.objects.create(operator=deployment.operator, name="Other")
    foreign = new_key()[0]
    for one in (deployment, other, foreign):
        conversation(one)
        UserAdjustments.objects.create(id=uuid4(), deployment_id=one.pk, user_ref="anna", adjustments={"x": True})
    client = signed_in(deployment.operator)
    said = {"user": "anna", "again": "anna", "everywhere": "1"}
    shown = client.post(path(deployment), said, follow=True)
    assert "0 of 2 conversations are erased." in shown.text
    assert "In Other." in shown.text
    assert {one.deployment_id for one in Erasure.objects.all()} == {deployment.pk, other.pk}
    assert len(set(Erasure.objects.values_list("together", flat=True))) == 1
    assert UserAdjustments.objects.get().deployment_id == foreign.pk


def test_an_analyst_erases_nothing(deployment):
    conversation(deployment)
    analyst = signed_in(deployment.operator, "analyst")
    assert analyst.get(path(deployment)).status_code == 403
    assert analyst.post(path(deployment), {"user": "anna", "again": "anna"}).status_code == 403
    listed = analyst.get(reverse("conversations", args=[deployment.pk])).text
    assert path(deployment) not in listed
