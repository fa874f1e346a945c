"""A user is forgotten: every conversation and wish of theirs, once, however often it is interrupted."""

import asyncio
from contextlib import nullcontext
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from django.urls import reverse

from audit.log.models import Entry
from audit.log.writer import Ref
from config.database import conninfo
from conversations.forgetting import ERASURES, request_erasure, work_on
from conversations.models import Conversation, Turn, UserAdjustments, UserErasure
from conversations.tasks import erase_user
from operators.models import Deployment
from tests.conversations.records import ask, at_once, error_of
from tests.support.people import signed_in

US = Ref("platform", "test")
SECRET = "the pelican dances at noon"


def forget(api, user: str):
    return api.delete(f"/v1/users/{quote(user, safe='')}")


@pytest.fixture
def two_users(api, model):
    """Anna has two conversations and a wish, Ben one."""
    for _ in range(2):
        ask(api, f"{SECRET} [[say:Noted.]]", "anna")
    ask(api, "Ben was here", "ben")
    api.put("/v1/users/anna/adjustments", json={"user_adjustments": {"blunt_feedback": True}})
    return Deployment.objects.get()


def stored() -> str:
    kept = [Turn.objects.values_list("content", "decision"), Conversation.objects.values_list("user_ref")]
    return str([list(one) for one in kept]) + str(list(Entry.objects.values_list("detail", "subject_id")))


def test_all_that_was_said_with_them_is_gone_before_the_answer(api, two_users):
    response = forget(api, "anna")
    told = response.json()
    assert (response.status_code, told["state"], told["conversations"]) == (200, "done", 2)
    assert SECRET not in stored()
    assert "anna" not in stored()
    assert "Ben was here" in stored()
    assert api.get("/v1/users/anna/adjustments").json()["user_adjustments"] == {}
    assert Conversation.objects.filter(deleted_at=None).count() == 1
    done = UserErasure.objects.get()
    assert (done.user_ref, done.conversations, done.wishes) == ("", 2, 1)


def test_each_is_an_entry_and_none_names_the_user(api, two_users):
    told = forget(api, "anna").json()
    entries = {one.name: one for one in Entry.objects.all()}
    assert entries["erasure.requested"].subject_id == entries["erasure.done"].subject_id == told["id"]
    assert entries["erasure.done"].detail == {"conversations": 2, "wishes": 1}
    assert entries["conversation.deleted"].actor_type == "key"
    assert Entry.objects.filter(name="conversation.deleted").count() == 2


def test_asking_again_changes_nothing(api, two_users):
    assert forget(api, "anna").json()["conversations"] == 2
    assert forget(api, "anna").json() | {"user_id": ""} == forget(api, "nobody").json() | {"user_id": ""}
    assert UserErasure.objects.count() == 1
    assert Entry.objects.filter(name__startswith="erasure.").count() == 2


def test_asking_at_once_erases_each_once(api, two_users):
    answers = at_once(*[lambda: forget(api, "anna")] * 4)
    assert {one.status_code for one in answers} == {200}
    assert Entry.objects.filter(name="conversation.deleted").count() == 2
    assert sum(UserErasure.objects.values_list("conversations", flat=True)) == 2


def test_it_stays_within_the_deployment_and_needs_the_scope(api, two_users, stranger):
    assert forget(stranger, "anna").json()["conversations"] == 0
    two_users.keys.update(scopes=["turns"])
    assert SECRET in stored()


@pytest.mark.parametrize("user", ["\0", "x" * 257])
def test_what_is_no_user_is_said(api, user):
    error_of(forget(api, user), 400)


@pytest.mark.parametrize("user", ["a/b", "mäuse 🧭", "x\ny"])
def test_any_text_may_be_a_user(api, model, user):
    ask(api, "hello", user)
    assert forget(api, user).json()["conversations"] == 1


def owed(deployment, everywhere: bool = False) -> UserErasure:
    asked = request_erasure(deployment.operator_id, None if everywhere else deployment.pk, "anna", actor=US)
    assert asked is not None
    return asked


def conversation(deployment, user: str = "anna") -> Conversation:
    return Conversation.objects.create(id=uuid4(), deployment=deployment, user_ref=user)


@pytest.fixture
def deployment(transactional_db, new_key):
    return new_key()[0]


def work(erasure: UserErasure, seconds: float) -> bool:
    async def go_on() -> bool:
        async with await psycopg.AsyncConnection.connect(conninfo(), autocommit=True) as connection:
            return await work_on(lambda: nullcontext(connection), erasure.pk, seconds)

    return asyncio.run(go_on())


def test_an_operators_deployments_are_done_together(deployment, new_key):
    other = Deployment.objects.create(operator=deployment.operator, name="Other")
    foreign = new_key()[0]
    for one in (deployment, other, foreign):
        conversation(one)
        UserAdjustments.objects.create(id=uuid4(), deployment=one, user_ref="anna", adjustments={"x": True})
    asked = owed(deployment, everywhere=True)
    assert erase_user(asked.pk) is True
    assert list(Conversation.objects.filter(deleted_at=None).values_list("deployment", flat=True)) == [foreign.pk]
    assert UserAdjustments.objects.get().deployment == foreign
    assert Entry.objects.get(name="erasure.done").detail == {"conversations": 2, "wishes": 2}


def test_one_that_is_interrupted_goes_on_where_it_stopped(deployment, monkeypatch):
    for _ in range(5):
        conversation(deployment)
    asked = owed(deployment)
    assert work(asked, -1) is False
    real, calls = Conversation, []

    from conversations import forgetting

    erase = forgetting.erase

    async def killed_at_the_third(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise psycopg.OperationalError("the connection is lost")
        return await erase(*arguments)

    monkeypatch.setattr(forgetting, "erase", killed_at_the_third)
    with pytest.raises(psycopg.OperationalError):
        erase_user(asked.pk)
    asked.refresh_from_db()
    assert (asked.conversations, asked.done_at, asked.handed_at, asked.error) == (2, None, None, "OperationalError")
    assert real.objects.filter(deleted_at=None).count() == 3
    assert erase_user(asked.pk) is True
    assert erase_user(asked.pk) is True
    assert Entry.objects.get(name="erasure.done").detail["conversations"] == 5
    assert Entry.objects.filter(name="conversation.deleted").count() == 5


def test_the_outbox_hands_it_over_and_one_given_up_goes_on_when_asked_for_again(deployment):
    conversation(deployment)
    asked = owed(deployment)
    assert list(ERASURES.due()) == [asked]
    UserErasure.objects.update(dead_at="2027-01-01T00:00Z", attempts=50)
    assert list(ERASURES.due()) == []
    assert owed(deployment) == asked
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
    assert not UserErasure.objects.exists()
    shown = client.post(path(deployment), {"user": "anna", "again": "anna"}, follow=True)
    assert "0 of 1 conversations are erased." in shown.text
    asked = UserErasure.objects.get()
    assert asked.requested_by.startswith("account:")
    state = reverse("user-erasure", args=[deployment.pk, asked.pk])
    assert "hx-trigger" in client.get(state, headers={"hx-request": "true"}).text
    erase_user(asked.pk)
    done = client.get(state, headers={"hx-request": "true"}).text
    assert "1 conversation was erased for good." in done
    assert "hx-trigger" not in done
    assert "anna" not in client.get(path(deployment)).text


def test_an_analyst_erases_nothing(deployment):
    conversation(deployment)
    analyst = signed_in(deployment.operator, "analyst")
    assert analyst.get(path(deployment)).status_code == 403
    assert analyst.post(path(deployment), {"user": "anna", "again": "anna"}).status_code == 403
    listed = analyst.get(reverse("conversations", args=[deployment.pk])).text
    assert path(deployment) not in listed
